// What becomes of a linked executable before it is an image.
#include "jit/llvm/post_link.hpp"

#include <llvm/BinaryFormat/ELF.h>
#include <llvm/ObjCopy/ConfigManager.h>
#include <llvm/ObjCopy/ObjCopy.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Support/MemoryBuffer.h>

#include <algorithm>

#include "jit/llvm/line_table.hpp"
#include "jit/llvm/safepoint_lowering.hpp"
#include "jit/llvm/safepoint_table.hpp"

namespace slack::jit {

namespace {

using ElfFile = llvm::object::ELF64LEObjectFile;

Fault to_fault(llvm::Error error) { return Fault{EIO, "linked executable: " + llvm::toString(std::move(error))}; }

Expected<Placed> section_named(const ElfFile& file, llvm::StringRef name) {
  for (const auto& section : file.sections()) {
    auto its_name = section.getName();
    if (!its_name) return fail(to_fault(its_name.takeError()));
    if (*its_name != name) continue;
    auto contents = section.getContents();
    if (!contents) return fail(to_fault(contents.takeError()));
    return Placed{section.getAddress(), llvm::arrayRefFromStringRef(*contents)};
  }
  return Placed{};
}

// The address where the last segment ends.
Expected<std::uint64_t> check_segments(const ElfFile& file) {
  std::uint64_t end = 0;
  auto headers = file.getELFFile().program_headers();
  if (!headers) return fail(to_fault(headers.takeError()));
  for (const auto& header : *headers) {
    if (header.p_type != llvm::ELF::PT_LOAD) continue;
    if ((header.p_flags & llvm::ELF::PF_W) != 0) return fail(Fault{EIO, "linked executable: a writable segment"});
    end = std::max<std::uint64_t>(end, header.p_vaddr + header.p_memsz);
  }
  return end;
}

template <typename T>
std::unique_ptr<llvm::MemoryBuffer> as_buffer(const std::vector<T>& items) {
  return llvm::MemoryBuffer::getMemBufferCopy(
      llvm::StringRef(reinterpret_cast<const char*>(items.data()), items.size() * sizeof(T)));
}

std::vector<char> name_table(const wasm::Module& wasm) {
  std::vector<std::uint32_t> ends;
  std::vector<char> names;
  for (const auto& function : wasm.functions) {
    names.insert(names.end(), function.name.begin(), function.name.end());
    ends.push_back(static_cast<std::uint32_t>(names.size()));
  }
  std::vector<char> table(reinterpret_cast<const char*>(ends.data()),
                          reinterpret_cast<const char*>(ends.data() + ends.size()));
  table.insert(table.end(), names.begin(), names.end());
  return table;
}

}  // namespace

Expected<LinkedImage> post_link(llvm::ArrayRef<char> linked, const wasm::Module& wasm,
                                const llvm::TargetMachine& target) {
  const llvm::MemoryBufferRef buffer(llvm::StringRef(linked.data(), linked.size()), "linked");
  auto binary = ElfFile::create(buffer);
  if (!binary) return fail(to_fault(binary.takeError()));
  const auto end = check_segments(*binary);
  if (!end) return tl::unexpected(end.error());
  const auto text = section_named(*binary, ".text");
  const auto records = section_named(*binary, kRecordSection);
  if (!text || !records) return tl::unexpected(!text ? text.error() : records.error());

  LinkedImage image;
  image.end = *end;
  auto safepoints = make_safepoint_table(*text, *records, target);
  if (!safepoints) return tl::unexpected(safepoints.error());
  image.safepoints = std::move(*safepoints);
  auto lines = make_line_table(*binary, wasm);
  if (!lines) return tl::unexpected(lines.error());
  image.lines = std::move(*lines);

  llvm::objcopy::ConfigManager config;
  config.Common.StripDebug = true;
  auto matcher = llvm::objcopy::NameOrPattern::create(kRecordSection, llvm::objcopy::MatchStyle::Literal,
                                                      [](llvm::Error error) { return error; });
  if (auto error = config.Common.ToRemove.addMatcher(std::move(matcher))) return fail(to_fault(std::move(error)));
  config.Common.AddSection.emplace_back(image::kSafepointSection, as_buffer(image.safepoints));
  config.Common.AddSection.emplace_back(image::kLineSection, as_buffer(image.lines));
  config.Common.AddSection.emplace_back(image::kNameSection, as_buffer(name_table(wasm)));
  llvm::raw_svector_ostream output(image.elf);
  if (auto error = llvm::objcopy::executeObjcopyOnBinary(config, *binary, output)) {
    return fail(to_fault(std::move(error)));
  }
  return image;
}

}  // namespace slack::jit
