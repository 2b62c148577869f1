// Requests and digests.
#include "tests/reference/session.hpp"

#include <fstream>
#include <iterator>

namespace slack::reference {

Request parse_request(const nlohmann::json& request) {
  Request parsed;
  parsed.module = request["module"].get<std::string>();
  parsed.other = request.value("other", "");
  parsed.metering = metering_named(request.value("metering", "slacked")).value_or(Metering::slacked);
  parsed.canonical_nans = request.value("canonical_nans", false);
  parsed.fuel_limit = request.value("fuel_limit", parsed.fuel_limit);
  parsed.most_fuel = request.value("most_fuel", std::uint64_t{2'000'000});
  parsed.exhausts = request.value("exhausts", false);
  parsed.only_generated = request.value("only_generated", false);
  parsed.parks = request.value("parks", parsed.parks);
  parsed.tells = request.value("tells", false);
  for (const auto& session : request["sessions"]) {
    auto& calls = parsed.sessions.emplace_back();
    for (const auto& call : session) {
      auto& wanted = calls.emplace_back();
      wanted.function = call["export"].get<std::string>();
      for (const auto& bits : call["args"])
        wanted.arguments.push_back({bits[0].get<std::uint64_t>(), bits[1].get<std::uint64_t>()});
    }
  }
  return parsed;
}

std::vector<std::uint8_t> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::uint64_t digest(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0xcbf2'9ce4'8422'2325;
  for (const auto byte : bytes) value = (value ^ byte) * 0x0000'0100'0000'01b3;
  return value;
}

}  // namespace slack::reference
