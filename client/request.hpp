// What slackctl asks of RunModule: the module, its arguments, and the options that were given.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "client/directory.hpp"
#include "daemon/base/fd.hpp"
#include "daemon/base/units.hpp"

namespace slack::client {

// Options by the names of run_option.def: one that the table does not have does not compile.
enum class Option : std::uint8_t {
#define X(name, type, unit, preset, meaning) name,
#include "daemon/wire/run_option.def"
#undef X
};
[[nodiscard]] std::string_view name_of(Option option);
[[nodiscard]] std::string_view signature_of(Option option);

// A borrowed descriptor: one of slackctl's own standard streams.
struct BorrowedFd {
  int raw = -1;
};

using OptionValue = std::variant<Fuel, Micros, Bytes, bool, std::string, std::vector<std::string>, BorrowedFd>;

struct OpenLink {
  std::string name;
  Fd module;
};

struct RunRequest {
  Fd module;
  std::vector<std::string> arguments;  // argv[1] and on
  // What is not given is left out: its default is the daemon's to set.
  std::vector<std::pair<Option, OptionValue>> options;
  std::vector<OpenDirectory> directories;
  std::vector<OpenLink> links;
};

}  // namespace slack::client
