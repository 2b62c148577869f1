// Decodes a module: header, order and sizes of sections, and what must agree between them.
#include "jit/wasm/decode.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string_view>

#include "jit/wasm/byte_reader.hpp"
#include "jit/wasm/limits.hpp"
#include "jit/wasm/names.hpp"
#include "jit/wasm/section_decoder.hpp"

namespace slack::wasm {
namespace {

constexpr std::uint8_t kLastSectionId = 12;

// Where a section stands among the others; the data count section came later than its neighbours and has a late number.
constexpr int rank_of(SectionId id) {
  switch (id) {
    case SectionId::data_count:
      return 10;
    case SectionId::code:
      return 11;
    case SectionId::data:
      return 12;
    default:
      return static_cast<int>(id);
  }
}

bool read_header(ByteReader& reader) {
  constexpr std::uint64_t kMagic = 0x6d736100;
  constexpr std::uint64_t kVersion = 1;
  constexpr std::uint64_t kComponentLayer = 0x10000;
  std::uint64_t word = 0;
  if (reader.remaining() < 4) return reader.malformed(WasmOffset(reader.remaining()), "unexpected end of file");
  const bool is_text = reader.rest()[0] == '(';
  if (!reader.fixed(4, word)) return false;
  if (word != kMagic) {
    return reader.malformed(WasmOffset(0), is_text ? "magic header not detected: this is the text format, convert it "
                                                     "to the binary one (wat2wasm, wasm-tools parse)"
                                                   : "magic header not detected");
  }
  if (reader.remaining() < 4) return reader.malformed(WasmOffset(4 + reader.remaining()), "unexpected end of file");
  if (!reader.fixed(4, word)) return false;
  if (word != kVersion) {
    return reader.malformed(WasmOffset(4), (word & 0xffff0000U) == kComponentLayer
                                               ? "unknown binary version: this is a component, not a core module"
                                               : "unknown binary version");
  }
  return true;
}

// types[i] stands for all its equals where it is the first of them. By sorting, not hashing, so that no choice of types
// makes it slow.
void canonicalise_types(Module& module) {
  const auto& types = module.types;
  std::vector<std::uint32_t> order(types.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto before = [](const std::vector<ValueType>& a, const std::vector<ValueType>& b) {
    if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
    return a.empty() ? 0 : std::memcmp(a.data(), b.data(), a.size());
  };
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    int difference = before(types[a].parameters, types[b].parameters);
    if (difference == 0) difference = before(types[a].results, types[b].results);
    return difference != 0 ? difference < 0 : a < b;
  });
  module.canonical_types.resize(types.size());
  std::uint32_t first = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || !(types[order[i]] == types[first])) first = order[i];
    module.canonical_types[order[i]] = first;
  }
}

class Decoder {
 public:
  explicit Decoder(std::span<const std::uint8_t> bytes) : reader_(bytes), decoder_(reader_, module_) {
    module_.bytes = bytes;
  }

  bool run() {
    if (sections()) return true;
    if (reader_.refusal().kind == Refusal::Kind::malformed) {
      if (auto earlier = malformed_body()) return reader_.fail(std::move(*earlier));
    }
    return false;
  }

  [[nodiscard]] const Refusal& refusal() const { return reader_.refusal(); }

  Module take() {
    canonicalise_types(module_);
    apply_name_section(name_section_, module_);
    apply_export_names(module_);
    return std::move(module_);
  }

 private:
  bool sections() {
    if (reader_.remaining() > limits::kModuleBytes.most) {
      return reader_.fail(over_limit(reader_.remaining(), limits::kModuleBytes, WasmOffset(limits::kModuleBytes.most)));
    }
    if (!read_header(reader_)) return false;
    while (!reader_.at_end()) {
      if (!section()) return false;
    }
    return consistent();
  }

  // Bodies are passed over unread. Where something after them is malformed, a body with a wrong size may be the cause,
  // and the first malformed byte of the file is the one to name.
  std::optional<Refusal> malformed_body() const {
    Instruction instruction;
    for (const Function& function : module_.functions) {
      OperatorReader body(function.body, function.body_offset);
      while (!body.at_end()) {
        if (body.read(instruction)) continue;
        if (body.refusal().kind == Refusal::Kind::malformed) return body.refusal();
        break;  // invalid, and so unread from here on
      }
    }
    return std::nullopt;
  }

  bool section() {
    const WasmOffset where = reader_.offset();
    std::uint8_t code = 0;
    std::uint32_t size = 0;
    if (!reader_.byte(code)) return false;
    if (code > kLastSectionId) return reader_.malformed(where, "malformed section id");
    if (!reader_.length(size)) return false;
    const auto id = static_cast<SectionId>(code);
    if (id == SectionId::custom) return custom(size);
    if (rank_of(id) <= last_rank_) return reader_.malformed(where, "unexpected content after last section");
    last_rank_ = rank_of(id);
    const std::uint64_t end = reader_.offset().count() + size;
    if (!decoder_.decode(id)) return false;
    return reader_.offset().count() == end || reader_.malformed(where, "section size mismatch");
  }

  bool custom(std::uint32_t size) {
    const WasmOffset where = reader_.offset();
    std::span<const std::uint8_t> content;
    std::string_view name;
    if (!reader_.bytes(size, content)) return false;
    ByteReader custom(content, where);
    if (!custom.name(name)) return reader_.fail(custom.refusal());
    if (name == "name") name_section_ = custom.rest();
    return true;
  }

  bool consistent() {
    const WasmOffset end = reader_.offset();
    if (module_.functions.size() - module_.imported_functions != decoder_.bodies()) {
      return reader_.malformed(end, "function and code section have inconsistent lengths");
    }
    if (module_.data_count && *module_.data_count != module_.data.size()) {
      return reader_.malformed(end, "data count and data section have inconsistent lengths");
    }
    const std::optional<Refusal>& invalid = decoder_.invalid_expression();
    return !invalid || reader_.fail(*invalid);
  }

  ByteReader reader_;
  Module module_;
  SectionDecoder decoder_;
  int last_rank_ = 0;
  std::span<const std::uint8_t> name_section_;
};

}  // namespace

Checked<Module> decode(std::span<const std::uint8_t> bytes) {
  Decoder decoder(bytes);
  if (!decoder.run()) return tl::unexpected<Refusal>(decoder.refusal());
  return decoder.take();
}

}  // namespace slack::wasm
