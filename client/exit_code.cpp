// Words for exit codes.
#include "client/exit_code.hpp"

#include <fmt/format.h>

#include <string_view>

namespace slack::client {
namespace {

void add_line(std::string& text, int code, std::string_view meaning) {
  text += fmt::format("  {:<4}{}\n", code, meaning);
}

}  // namespace

std::string exit_code_help() {
  std::string text = "Exit codes of slackctl run:\n  the module's own, modulo 256, after the verdict ok\n";
  const auto verdict = [&text](std::string_view name, int code, std::string_view meaning) {
    if (code != 0) add_line(text, code, fmt::format("verdict {}: {}", name, meaning));
  };
#define X(name, code, meaning) verdict(#name, code, meaning);
#include "daemon/wire/verdict.def"
#undef X
  text += "and of every verb, when there is no verdict to tell:\n";
#define X(name, code, meaning) add_line(text, code, meaning);
#include "client/exit_code.def"
#undef X
  text.pop_back();
  return text;
}

}  // namespace slack::client
