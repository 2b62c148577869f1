// Takes a RunModule call apart: module, arguments, and the options by their table.
#include "daemon/bus/run_request.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include "daemon/bus/descriptor.hpp"
#include "daemon/run/limits.hpp"

namespace slack::bus {
namespace {

using errors::Refused;
template <typename T>
using Result = tl::expected<T, Refused>;

tl::unexpected<Refused> refuse(const char* name, std::string text) {
  return tl::unexpected<Refused>(Refused{name, std::move(text)});
}
// The bus library has checked the message: what fails here is memory, or a message that lies about its descriptors.
tl::unexpected<Refused> unreadable(int result) {
  return refuse(errors::kFault, fault_from_errno("read the message", -result).what);
}

Result<std::vector<std::string>> read_strings(sd_bus_message* message) {
  char** strings = nullptr;
  const int result = sd_bus_message_read_strv(message, &strings);
  std::vector<std::string> list;
  for (char** place = strings; place != nullptr && *place != nullptr; ++place) {
    list.emplace_back(*place);
    std::free(*place);
  }
  std::free(strings);
  if (result < 0) return unreadable(result);
  return list;
}

Result<std::string> read_string(sd_bus_message* message) {
  const char* text = nullptr;
  if (const int result = sd_bus_message_read_basic(message, 's', &text); result < 0) return unreadable(result);
  return text;
}

Result<Fd> read_descriptor(sd_bus_message* message, Use use, const std::string& what) {
  int borrowed = -1;
  if (const int result = sd_bus_message_read_basic(message, 'h', &borrowed); result < 0) return unreadable(result);
  auto own = take_descriptor(borrowed, use, what);
  if (!own)
    return refuse(own.error().code == EMFILE ? errors::kLimitExceeded : errors::kInvalidDescriptor, own.error().what);
  return std::move(*own);
}

Result<void> read_directories(sd_bus_message* message, run::Request& request) {
  int result = sd_bus_message_enter_container(message, 'a', "(hsb)");
  while (result >= 0 && (result = sd_bus_message_enter_container(message, 'r', "hsb")) > 0) {
    // Before any more descriptors are duplicated; admission has the last word.
    if (request.directories.size() >= run::limits::kDirectories)
      return refuse(errors::kInvalidOption,
                    "option 'dirs' has more than " + std::to_string(run::limits::kDirectories) + " directories");
    run::RequestedDirectory directory;
    const std::string what = "directory " + std::to_string(request.directories.size() + 1) + " of option 'dirs'";
    auto own = read_descriptor(message, Use::directory, what);
    if (!own) return tl::unexpected(own.error());
    directory.directory = std::move(*own);
    auto guest_name = read_string(message);
    if (!guest_name) return tl::unexpected(guest_name.error());
    if (guest_name->empty()) return refuse(errors::kInvalidOption, what + " has an empty guest name");
    directory.guest_name = std::move(*guest_name);
    int read_only = 0;
    if (result = sd_bus_message_read_basic(message, 'b', &read_only); result < 0) break;
    directory.read_only = read_only != 0;
    request.directories.push_back(std::move(directory));
    if (result = sd_bus_message_exit_container(message); result < 0) break;
  }
  if (result >= 0) result = sd_bus_message_exit_container(message);
  if (result < 0) return unreadable(result);
  return {};
}

Result<void> read_links(sd_bus_message* message, run::Request& request) {
  int result = sd_bus_message_enter_container(message, 'a', "(sh)");
  while (result >= 0 && (result = sd_bus_message_enter_container(message, 'r', "sh")) > 0) {
    if (request.links.size() >= run::limits::kLinks)
      return refuse(errors::kInvalidOption,
                    "option 'links' has more than " + std::to_string(run::limits::kLinks) + " modules");
    auto name = read_string(message);
    if (!name) return tl::unexpected(name.error());
    if (name->empty()) return refuse(errors::kInvalidOption, "a module of option 'links' has an empty name");
    const auto same = [&](const run::RequestedLink& other) { return other.name == *name; };
    if (std::any_of(request.links.begin(), request.links.end(), same))
      return refuse(errors::kInvalidOption, "option 'links' has two modules of the name '" + *name + "'");
    auto own = read_descriptor(message, Use::module, "module '" + *name + "' of option 'links'");
    if (!own) return tl::unexpected(own.error());
    request.links.push_back({std::move(*name), std::move(*own)});
    if (result = sd_bus_message_exit_container(message); result < 0) break;
  }
  if (result >= 0) result = sd_bus_message_exit_container(message);
  if (result < 0) return unreadable(result);
  return {};
}

// The value in the entered variant, of the D-Bus type that the table names.
Result<void> read_value(sd_bus_message* message, const RunOptionRow& row, run::Request& request) {
  if (row.type == "a(hsb)") return read_directories(message, request);
  if (row.type == "a(sh)") return read_links(message, request);
  if (row.type == "h") {
    const bool input = row.name == "stdin";
    auto own = read_descriptor(message, input ? Use::input : Use::output, "option '" + std::string(row.name) + "'");
    if (!own) return tl::unexpected(own.error());
    Fd& place = input                  ? request.standard_input
                : row.name == "stdout" ? request.standard_output
                                       : request.standard_error;
    place = std::move(*own);
    return {};
  }
  RunOptionValue value;
  if (row.type == "t") {
    std::uint64_t number = 0;
    if (const int result = sd_bus_message_read_basic(message, 't', &number); result < 0) return unreadable(result);
    value = number;
  } else if (row.type == "b") {
    int flag = 0;
    if (const int result = sd_bus_message_read_basic(message, 'b', &flag); result < 0) return unreadable(result);
    value = flag != 0;
  } else if (row.type == "s") {
    auto text = read_string(message);
    if (!text) return tl::unexpected(text.error());
    value = std::move(*text);
  } else {
    auto list = read_strings(message);
    if (!list) return tl::unexpected(list.error());
    value = std::move(*list);
  }
  if (const auto set = set_run_option(request.options, row.name, std::move(value)); !set)
    return refuse(errors::kInvalidOption, set.error().what);
  return {};
}

Result<void> read_option(sd_bus_message* message, run::Request& request, std::set<std::string>& seen) {
  auto name = read_string(message);
  if (!name) return tl::unexpected(name.error());
  const char* contents = nullptr;
  if (const int result = sd_bus_message_peek_type(message, nullptr, &contents); result < 0) return unreadable(result);
  const auto row = check_run_option(*name, contents);
  if (!row) return refuse(errors::kInvalidOption, row.error().what);
  if (!seen.insert(*name).second)
    return refuse(errors::kInvalidOption, "option '" + std::string((*row)->name) + "' is given twice");
  if (const int result = sd_bus_message_enter_container(message, 'v', contents); result < 0) return unreadable(result);
  if (auto read = read_value(message, **row, request); !read) return read;
  if (const int result = sd_bus_message_exit_container(message); result < 0) return unreadable(result);
  return {};
}

}  // namespace

Result<run::Request> read_run_request(sd_bus_message* message) {
  run::Request request;
  auto module = read_descriptor(message, Use::module, "the module");
  if (!module) return tl::unexpected(module.error());
  request.module = std::move(*module);
  auto arguments = read_strings(message);
  if (!arguments) return tl::unexpected(arguments.error());
  request.arguments = std::move(*arguments);

  std::set<std::string> seen;
  int result = sd_bus_message_enter_container(message, 'a', "{sv}");
  while (result >= 0 && (result = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
    if (auto read = read_option(message, request, seen); !read) return tl::unexpected(read.error());
    result = sd_bus_message_exit_container(message);
  }
  if (result >= 0) result = sd_bus_message_exit_container(message);
  if (result < 0) return unreadable(result);
  if (const auto together = check_together(request.options); !together)
    return refuse(errors::kInvalidOption, together.error().what);
  return request;
}

}  // namespace slack::bus
