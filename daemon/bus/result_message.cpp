// One dictionary entry for each field that is set, by the table of results.
#include "daemon/bus/result_message.hpp"

#include <string>

namespace slack::bus {
namespace {

int append_entry(sd_bus_message* message, const std::string& name, std::uint64_t value) {
  return sd_bus_message_append(message, "{sv}", name.c_str(), "t", value);
}
int append_entry(sd_bus_message* message, const std::string& name, std::int32_t value) {
  return sd_bus_message_append(message, "{sv}", name.c_str(), "i", value);
}
int append_entry(sd_bus_message* message, const std::string& name, bool value) {
  return sd_bus_message_append(message, "{sv}", name.c_str(), "b", static_cast<int>(value));
}
int append_entry(sd_bus_message* message, const std::string& name, const std::string& value) {
  return sd_bus_message_append(message, "{sv}", name.c_str(), "s", value.c_str());
}

}  // namespace

int append_result(sd_bus_message* message, const RunResult& result) {
  int status = sd_bus_message_open_container(message, 'a', "{sv}");
  for_each_field(result, [&](std::string_view name, const auto& field) {
    if (status >= 0 && field) status = append_entry(message, std::string(name), *field);
  });
  return status < 0 ? status : sd_bus_message_close_container(message);
}

}  // namespace slack::bus
