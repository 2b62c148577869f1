// The normative introspection XML, the vtables and the tables of options and results say the same.
#include <systemd/sd-bus.h>

#include <catch2/catch.hpp>

#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include "daemon/bus/manager_bus.hpp"
#include "daemon/bus/run_bus.hpp"
#include "daemon/wire/result.hpp"
#include "daemon/wire/run_options.hpp"

namespace slack::bus {
namespace {

std::string normative_text() {
  std::ifstream file(SLACK_INTROSPECTION_XML);
  REQUIRE(file);
  std::stringstream text;
  text << file.rdbuf();
  // Comments hold no elements.
  return std::regex_replace(text.str(), std::regex("<!--[^]*?-->"), "");
}

std::string collapse(const std::string& text) {
  const std::string spaced = std::regex_replace(text, std::regex("\\s+"), " ");
  return std::regex_replace(spaced, std::regex("^ | $"), "");
}

struct Entry {
  std::string type;
  std::string unit;
  std::string default_value;
  std::string meaning;
};

// <slack:KIND name= type= unit= [default=]>meaning</slack:KIND>, in the order of the text.
std::vector<std::pair<std::string, Entry>> entries(const std::string& text, const std::string& kind) {
  const std::regex element(
      "<slack:" + kind +
      "\\s+name=\"([^\"]*)\"\\s+type=\"([^\"]*)\"\\s+unit=\"([^\"]*)\"(?:\\s+default=\"([^\"]*)\")?"
      "\\s*>([^<]*)</slack:" +
      kind + ">");
  std::vector<std::pair<std::string, Entry>> found;
  for (std::sregex_iterator at(text.begin(), text.end(), element), end; at != end; ++at)
    found.emplace_back((*at)[1], Entry{(*at)[2], (*at)[3], (*at)[4], collapse((*at)[5])});
  return found;
}

// Members of an interface as lines: "method RunModule in h module", "property State s false", …
std::vector<std::string> members(const std::string& text, const std::string& interface) {
  const std::size_t begin = text.find("<interface name=\"" + interface + "\"");
  REQUIRE(begin != std::string::npos);
  const std::string body = text.substr(begin, text.find("</interface>", begin) - begin);
  const std::regex element("<(/?)(method|signal|property|arg|annotation)\\b([^>]*?)(/?)>");
  const auto attribute = [](const std::string& attributes, const std::string& name) {
    std::smatch match;
    return std::regex_search(attributes, match, std::regex("\\b" + name + "=\"([^\"]*)\"")) ? match[1].str() : "";
  };
  std::vector<std::string> lines;
  std::string member;
  for (std::sregex_iterator at(body.begin(), body.end(), element), end; at != end; ++at) {
    if ((*at)[1] == "/") continue;
    const std::string kind = (*at)[2];
    const std::string attributes = (*at)[3];
    if (kind == "arg") {
      const bool signal = member.starts_with("signal");
      const std::string direction = attribute(attributes, "direction");
      lines.push_back(member + " " + (signal || direction.empty() ? "out" : direction) + " " +
                      attribute(attributes, "type") + " " + attribute(attributes, "name"));
    } else if (kind == "annotation") {
      if (attribute(attributes, "name") == "org.freedesktop.DBus.Property.EmitsChangedSignal")
        lines.push_back(member + " changes " + attribute(attributes, "value"));
    } else {
      member = kind + " " + attribute(attributes, "name");
      lines.push_back(member + (kind == "property" ? " " + attribute(attributes, "type") : ""));
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

// What sd-bus itself makes of a vtable: asked over a connection to ourselves.
std::string introspect(const char* interface, const sd_bus_vtable* vtable) {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  auto server = open_peer(Fd(ends[0]));
  REQUIRE(server);
  REQUIRE(sd_bus_add_object_vtable(server->get(), nullptr, "/test", interface, vtable, nullptr) >= 0);
  sd_bus* raw = nullptr;
  REQUIRE(sd_bus_new(&raw) >= 0);
  const Bus client(raw);
  REQUIRE(sd_bus_set_fd(raw, ends[1], ends[1]) >= 0);
  REQUIRE(sd_bus_set_anonymous(raw, 1) >= 0);
  REQUIRE(sd_bus_start(raw) >= 0);
  std::string xml;
  sd_bus_message* call = nullptr;
  REQUIRE(sd_bus_message_new_method_call(raw, &call, nullptr, "/test", "org.freedesktop.DBus.Introspectable",
                                         "Introspect") >= 0);
  const Message owned(call);
  const auto keep = [](sd_bus_message* reply, void* userdata, sd_bus_error*) {
    const char* text = nullptr;
    if (sd_bus_message_read(reply, "s", &text) > 0) *static_cast<std::string*>(userdata) = text;
    return 0;
  };
  REQUIRE(sd_bus_call_async(raw, nullptr, call, keep, &xml, 10'000'000) >= 0);
  for (int turns = 0; xml.empty() && turns < 100'000; ++turns) {
    (void)sd_bus_process(server->get(), nullptr);
    (void)sd_bus_process(raw, nullptr);
  }
  REQUIRE_FALSE(xml.empty());
  return xml;
}

TEST_CASE("the XML has every option of the table, as the table has it, and no other") {
  const auto options = entries(normative_text(), "option");
  REQUIRE(options.size() == run_option_table().size());
  for (std::size_t i = 0; i < options.size(); ++i) {
    const auto& row = run_option_table()[i];
    const auto& [name, entry] = options[i];
    INFO(row.name);
    CHECK(name == row.name);
    CHECK(entry.type == row.type);
    CHECK(entry.unit == row.unit);
    CHECK(entry.default_value == row.default_value);
    CHECK_FALSE(entry.meaning.empty());
  }
}

TEST_CASE("the XML has every result key of the table, as the table has it, and no other") {
  const auto keys = entries(normative_text(), "result");
  REQUIRE(keys.size() == result_table().size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto& row = result_table()[i];
    const auto& [name, entry] = keys[i];
    INFO(row.name);
    CHECK(name == row.name);
    CHECK(entry.type == row.type);
    CHECK(entry.unit == row.unit);
    CHECK_FALSE(entry.meaning.empty());
  }
}

TEST_CASE("the manager's vtable is the interface of the XML") {
  CHECK(members(introspect(kManagerInterface, ManagerBus::kVtable), kManagerInterface) ==
        members(normative_text(), kManagerInterface));
}

TEST_CASE("the run's vtable is the interface of the XML") {
  CHECK(members(introspect(kRunInterface, RunBus::kVtable), kRunInterface) == members(normative_text(), kRunInterface));
}

}  // namespace
}  // namespace slack::bus
