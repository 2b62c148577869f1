// Picks lines out of /proc/cpuinfo.
#include "daemon/cache/cpu_identity.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

namespace slack::cache {
namespace {

// LLVM chooses its scheduling model by family and model, and its instructions by the features.
constexpr std::array<std::string_view, 5> kTold{"vendor_id", "cpu family", "model", "model name", "flags"};

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

}  // namespace

std::string cpu_identity(std::string_view cpuinfo) {
  std::string identity;
  bool has_features = false;
  while (!cpuinfo.empty()) {
    const std::string_view line = cpuinfo.substr(0, cpuinfo.find('\n'));
    if (line.empty()) break;  // the first processor's lines end here
    cpuinfo.remove_prefix(std::min(line.size() + 1, cpuinfo.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = trimmed(line.substr(0, colon));
    if (std::ranges::find(kTold, name) == kTold.end()) continue;
    has_features = has_features || name == "flags";
    identity += std::string(name) + ":" + std::string(trimmed(line.substr(colon + 1))) + "\n";
  }
  return has_features ? identity : std::string();
}

std::string cpu_identity() {
  std::ifstream file("/proc/cpuinfo");
  std::stringstream text;
  text << file.rdbuf();
  return cpu_identity(text.str());
}

}  // namespace slack::cache
