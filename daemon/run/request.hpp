// Request: everything a client handed in for one run, checked for form and not yet admitted.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "daemon/base/fd.hpp"
#include "daemon/wire/run_options.hpp"

namespace slack::run {

struct RequestedDirectory {
  Fd directory;
  std::string guest_name;
  bool read_only = false;
};

// A module that others of the run import from, under a name.
struct RequestedLink {
  std::string name;
  Fd module;
};

struct Request {
  uid_t uid = 0;
  gid_t gid = 0;
  RunOptions options;
  std::vector<std::string> arguments;  // without argv[0], which is options.name
  Fd module;
  Fd standard_input;   // not valid: empty
  Fd standard_output;  // not valid: dropped
  Fd standard_error;   // not valid: dropped
  std::vector<RequestedDirectory> directories;
  std::vector<RequestedLink> links;  // in their order: each may import from those before it
};

}  // namespace slack::run
