// Reads function names from the name section and the exports.
#include "jit/wasm/names.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include "jit/wasm/byte_reader.hpp"

namespace slack::wasm {
namespace {

using NamedIndex = std::pair<std::uint32_t, std::string_view>;

bool read_name_map(ByteReader& reader, std::vector<NamedIndex>& out) {
  std::uint32_t count = 0;
  if (!reader.count(count)) return false;
  for (std::uint32_t i = 0; i < count; ++i) {
    NamedIndex& entry = out.emplace_back();
    if (!reader.u32(entry.first) || !reader.name(entry.second)) return false;
    // Indices must rise, so that each has one name.
    if (i > 0 && entry.first <= out[out.size() - 2].first) return false;
  }
  return reader.at_end();
}

bool read_function_names(ByteReader& reader, std::vector<NamedIndex>& out) {
  constexpr std::uint8_t kFunctionNames = 1;
  std::uint8_t last = 0;
  bool is_first = true;
  while (!reader.at_end()) {
    std::uint8_t id = 0;
    std::uint32_t size = 0;
    std::span<const std::uint8_t> content;
    if (!reader.byte(id) || !reader.length(size) || !reader.bytes(size, content)) return false;
    if (!is_first && id <= last) return false;
    is_first = false;
    last = id;
    ByteReader subsection(content);
    if (id == kFunctionNames && !read_name_map(subsection, out)) return false;
  }
  return true;
}

}  // namespace

void apply_name_section(std::span<const std::uint8_t> content, Module& module) {
  ByteReader reader(content);
  std::vector<NamedIndex> names;
  if (!read_function_names(reader, names)) return;
  for (const auto& [index, name] : names) {
    if (index < module.functions.size()) module.functions[index].name = name;
  }
}

void apply_export_names(Module& module) {
  for (const Export& entry : module.exports) {
    if (entry.kind != ExternKind::function || entry.index >= module.functions.size()) continue;
    std::string_view& name = module.functions[entry.index].name;
    if (name.empty()) name = entry.name;
  }
}

}  // namespace slack::wasm
