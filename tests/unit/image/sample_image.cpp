// A small well-formed image, made by hand.
#include "tests/unit/image/sample_image.hpp"

#include <elf.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "daemon/base/address_map.hpp"
#include "jit/image/format.hpp"

namespace slack::image {

namespace {

constexpr std::size_t kPrograms = sizeof(Elf64_Ehdr);
constexpr std::size_t kTextOffset = 0x1000;
constexpr std::size_t kTextBytes = 32;

// Appends to a file and to its section headers together.
class SectionWriter {
 public:
  explicit SectionWriter(std::vector<std::byte>& bytes) : bytes_(bytes) { headers_.push_back({}); }

  void add(const char* name, std::uint32_t type, const void* content, std::size_t size, std::uint32_t link = 0) {
    Elf64_Shdr header{};
    header.sh_name = static_cast<Elf64_Word>(names_.size());
    names_ += std::string(name) + '\0';
    header.sh_type = type;
    header.sh_offset = bytes_.size();
    header.sh_size = size;
    header.sh_link = link;
    headers_.push_back(header);
    const auto* from = static_cast<const std::byte*>(content);
    bytes_.insert(bytes_.end(), from, from + size);
  }

  // Adds the names' own section and the headers.
  void finish() {
    add(".shstrtab", SHT_STRTAB, nullptr, 0);
    headers_.back().sh_size = names_.size();
    const auto* names = reinterpret_cast<const std::byte*>(names_.data());
    bytes_.insert(bytes_.end(), names, names + names_.size());
    bytes_.resize((bytes_.size() + 7) / 8 * 8);
    auto& elf = *reinterpret_cast<Elf64_Ehdr*>(bytes_.data());
    elf.e_shoff = bytes_.size();
    elf.e_shnum = static_cast<Elf64_Half>(headers_.size());
    elf.e_shstrndx = static_cast<Elf64_Half>(headers_.size() - 1);
    const auto* table = reinterpret_cast<const std::byte*>(headers_.data());
    bytes_.insert(bytes_.end(), table, table + headers_.size() * sizeof(Elf64_Shdr));
  }

 private:
  std::vector<std::byte>& bytes_;
  std::string names_ = std::string(1, '\0');
  std::vector<Elf64_Shdr> headers_;
};

Elf64_Phdr load(std::uint32_t flags, std::uint64_t offset, std::uint64_t address, std::uint64_t size) {
  Elf64_Phdr header{};
  header.p_type = PT_LOAD;
  header.p_flags = flags;
  header.p_offset = offset;
  header.p_vaddr = header.p_paddr = address;
  header.p_filesz = header.p_memsz = size;
  header.p_align = address_map::kPageBytes;
  return header;
}

}  // namespace

SampleImage::SampleImage() {
  bytes.resize(kTextOffset + kTextBytes);
  auto& elf = at<Elf64_Ehdr>(0);
  std::memcpy(elf.e_ident, ELFMAG, SELFMAG);
  elf.e_ident[EI_CLASS] = ELFCLASS64;
  elf.e_ident[EI_DATA] = ELFDATA2LSB;
  elf.e_ident[EI_VERSION] = EV_CURRENT;
  elf.e_type = ET_EXEC;
  elf.e_machine = EM_X86_64;
  elf.e_entry = address_map::kImage + kHeaderOffset;
  elf.e_phoff = kPrograms;
  elf.e_phnum = 2;
  elf.e_phentsize = sizeof(Elf64_Phdr);
  elf.e_shentsize = sizeof(Elf64_Shdr);
  at<Elf64_Phdr>(program_header(0)) = load(PF_R, 0, address_map::kImage, 0x800);
  at<Elf64_Phdr>(program_header(1)) = load(PF_R | PF_X, kTextOffset, kText, kTextBytes);
  auto& header = at<ImageHeader>(kHeaderOffset);
  header.magic = kMagic;
  header.version = kVersion;
  header.text_begin = kText;
  header.text_end = kText + kTextBytes;
  header.function_count = 2;

  const SafepointEntry safepoints[] = {{kSafepoint, 0, 0x40, 3, 0, 7, 0}, {kText + 20, 1, 0x60, 0, 9, kImmediate, 0}};
  const LineEntry lines[] = {{kText, 0, 0x40}, {kText + 8, 1, 0x61}, {kText + 24, kNoFunction, 0}};
  const std::string names = std::string("\5\0\0\0\13\0\0\0", 8) + "firstsecond";
  const std::string strings = std::string(1, '\0') + "wasm.first" + '\0' + "memcpy" + '\0';
  Elf64_Sym symbols[3] = {};
  symbols[1] = {1, ELF64_ST_INFO(STB_LOCAL, STT_FUNC), 0, 1, kText, 16};
  symbols[2] = {12, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, kText + 16, 16};
  SectionWriter sections(bytes);
  sections.add(".text", SHT_PROGBITS, nullptr, 0);
  sections.add(kSafepointSection, SHT_PROGBITS, safepoints, sizeof safepoints);
  sections.add(kLineSection, SHT_PROGBITS, lines, sizeof lines);
  sections.add(kNameSection, SHT_PROGBITS, names.data(), names.size());
  sections.add(".symtab", SHT_SYMTAB, symbols, sizeof symbols, 6);
  sections.add(".strtab", SHT_STRTAB, strings.data(), strings.size());
  sections.finish();
}

std::size_t SampleImage::program_header(std::size_t index) const { return kPrograms + index * sizeof(Elf64_Phdr); }

std::size_t SampleImage::section_header(std::size_t index) const {
  return reinterpret_cast<const Elf64_Ehdr*>(bytes.data())->e_shoff + index * sizeof(Elf64_Shdr);
}

Fd SampleImage::sealed() const {
  auto fd = make_sealed_memfd("sample", bytes.data(), Bytes(bytes.size()));
  return fd ? std::move(*fd) : Fd();
}

Fd SampleImage::unsealed() const {
  auto fd = make_memfd("sample");
  if (!fd || ::write(fd->get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return Fd();
  return std::move(*fd);
}

}  // namespace slack::image
