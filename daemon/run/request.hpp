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
};

}  // namespace slack::run
