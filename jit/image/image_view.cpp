// ImageView: reads an image that a compiler made, believing nothing in it.
//
// What could lead outside the file or the address range is checked in open(). Whether the tables are in order is not:
// a disordered one yields wrong answers about its own module and nothing else, and a large one would take a
// millisecond of a run's start. A file that may still change is copied before anything in it is looked at.
#include "jit/image/image_view.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "daemon/base/address_map.hpp"
#include "daemon/base/file_io.hpp"

namespace slack::image {

namespace {

// The address range of images, with symbols and tables for it, stays below this; it bounds what open() allocates.
constexpr std::uint64_t kMostFileBytes = std::uint64_t{1} << 30;
// An image has two loadable segments; a few more do no harm.
constexpr std::size_t kMostSegments = 16;
// What a name may cost whoever asks for it: more of it than this is cut off. Reports show a kilobyte of one.
constexpr std::size_t kMostNameBytes = 1024;
// Four symbols for each of the million functions that a module may have; those behind are not looked at.
constexpr std::size_t kMostSymbols = std::size_t{1} << 22;

tl::unexpected<Fault> malformed(std::string what) { return fail(Fault{ENOEXEC, "image: " + std::move(what)}); }

using Bytes = std::span<const std::byte>;

// The content of a file: mapped where seals keep it as it is, else copied.
class Content {
 public:
  [[nodiscard]] static Expected<Content> of(int fd);
  Content(Content&& other) noexcept : copy_(std::move(other.copy_)), mapped_(std::exchange(other.mapped_, {})) {}
  Content& operator=(Content&&) = delete;
  Content(const Content&) = delete;
  Content& operator=(const Content&) = delete;
  ~Content() {
    if (!mapped_.empty()) ::munmap(const_cast<std::byte*>(mapped_.data()), mapped_.size());
  }
  [[nodiscard]] Bytes bytes() const { return mapped_.empty() ? Bytes(copy_) : mapped_; }

 private:
  Content() = default;
  std::vector<std::byte> copy_;
  Bytes mapped_;
};

Expected<Content> Content::of(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) < 0) return fail("fstat image");
  if (!S_ISREG(status.st_mode)) return malformed("not a regular file");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > kMostFileBytes) return malformed("larger than an image can be");
  Content content;
  constexpr int kUnchanging = F_SEAL_SHRINK | F_SEAL_WRITE;
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (size != 0 && seals >= 0 && (seals & kUnchanging) == kUnchanging) {
    void* where = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (where == MAP_FAILED) return fail("mmap image");
    content.mapped_ = {static_cast<const std::byte*>(where), size};
    return content;
  }
  content.copy_.resize(size);
  const auto read = read_exactly_at(fd, std::as_writable_bytes(std::span(content.copy_)), 0, "read image");
  if (!read && read.error().code == ENODATA) return malformed("shorter than its size");
  if (!read) return fail(read.error());
  return content;
}

// An array of T somewhere in the file, aligned or not.
template <typename T>
class Table {
 public:
  Table() = default;
  // Bytes that are no whole T at the end are left out.
  explicit Table(Bytes bytes) : bytes_(bytes) {}
  [[nodiscard]] std::size_t size() const { return bytes_.size() / sizeof(T); }
  [[nodiscard]] T operator[](std::size_t index) const {
    T value;
    std::memcpy(&value, bytes_.data() + index * sizeof(T), sizeof(T));
    return value;
  }
  // Index of the first entry whose pc is above `pc`, or size().
  [[nodiscard]] std::size_t after(std::uint64_t pc) const {
    std::size_t low = 0;
    for (std::size_t high = size(); low < high;) {
      const auto middle = low + (high - low) / 2;
      if ((*this)[middle].pc <= pc) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

 private:
  Bytes bytes_;
};

class Loaded final : public ImageView {
 public:
  explicit Loaded(Content content) : content_(std::move(content)), bytes_(content_.bytes()) {}

  [[nodiscard]] Expected<void> check();

  [[nodiscard]] std::span<const Segment> segments() const override { return segments_; }
  [[nodiscard]] std::uint64_t header_address() const override { return header_address_; }
  [[nodiscard]] std::optional<SafepointEntry> safepoint_at(std::uint64_t pc) const override;
  [[nodiscard]] std::optional<LineEntry> line_at(std::uint64_t pc) const override;
  [[nodiscard]] std::optional<std::string> function_at(std::uint64_t pc) const override;
  [[nodiscard]] std::string function_name(std::uint32_t index) const override;

 private:
  // `count` bytes at `offset` of the file, or nullopt.
  [[nodiscard]] std::optional<Bytes> slice(std::uint64_t offset, std::uint64_t count) const;
  template <typename T>
  [[nodiscard]] std::optional<T> read(std::uint64_t offset) const;
  [[nodiscard]] Expected<void> check_elf_header();
  [[nodiscard]] Expected<void> check_segments();
  [[nodiscard]] Expected<void> check_segment(const Elf64_Phdr& header);
  [[nodiscard]] Expected<void> check_image_header();
  [[nodiscard]] Expected<void> check_sections();
  [[nodiscard]] Expected<void> take_section(std::string_view name, const Elf64_Shdr& header, Bytes content);
  [[nodiscard]] std::optional<Elf64_Shdr> section(std::uint64_t index) const;

  Content content_;
  Bytes bytes_;
  Elf64_Ehdr elf_{};
  std::uint32_t function_count_ = 0;
  std::uint64_t header_address_ = 0;
  std::vector<Segment> segments_;
  Table<SafepointEntry> safepoints_;
  Table<LineEntry> lines_;
  Table<Elf64_Sym> symbols_;
  Bytes symbol_names_;
  Table<std::uint32_t> name_ends_;
  Bytes names_;
};

std::optional<Bytes> Loaded::slice(std::uint64_t offset, std::uint64_t count) const {
  if (offset > bytes_.size() || count > bytes_.size() - offset) return std::nullopt;
  return bytes_.subspan(offset, count);
}

template <typename T>
std::optional<T> Loaded::read(std::uint64_t offset) const {
  const auto from = slice(offset, sizeof(T));
  if (!from) return std::nullopt;
  T value;
  std::memcpy(&value, from->data(), sizeof(T));
  return value;
}

Expected<void> Loaded::check() {
  if (auto checked = check_elf_header(); !checked) return checked;
  if (auto checked = check_segments(); !checked) return checked;
  if (auto checked = check_image_header(); !checked) return checked;
  return check_sections();
}

Expected<void> Loaded::check_elf_header() {
  const auto header = read<Elf64_Ehdr>(0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return malformed("not an ELF file");
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
      header->e_machine != EM_X86_64 || header->e_type != ET_EXEC) {
    return malformed("not a position-dependent x86-64 executable");
  }
  if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_shentsize != sizeof(Elf64_Shdr)) {
    return malformed("header tables of another format");
  }
  elf_ = *header;
  header_address_ = header->e_entry;
  return {};
}

Expected<void> Loaded::check_segments() {
  for (std::uint64_t i = 0; i < elf_.e_phnum; ++i) {
    // e_phoff may be anything: only an offset inside the file is multiplied on.
    if (elf_.e_phoff > bytes_.size()) return malformed("program headers outside the file");
    const auto header = read<Elf64_Phdr>(elf_.e_phoff + i * sizeof(Elf64_Phdr));
    if (!header) return malformed("program headers outside the file");
    if (header->p_type == PT_INTERP || header->p_type == PT_DYNAMIC || header->p_type == PT_TLS) {
      return malformed("asks for a loader");
    }
    if (header->p_type != PT_LOAD || header->p_memsz == 0) continue;
    if (auto checked = check_segment(*header); !checked) return checked;
  }
  if (segments_.empty()) return malformed("no loadable segment");
  std::sort(segments_.begin(), segments_.end(), [](const auto& a, const auto& b) { return a.address < b.address; });
  for (std::size_t i = 1; i < segments_.size(); ++i) {
    const auto& before = segments_[i - 1];
    const auto end = (before.address + before.memory_bytes + address_map::kPageBytes - 1) & -address_map::kPageBytes;
    if (end > segments_[i].address) return malformed("segments share a page");
  }
  return {};
}

Expected<void> Loaded::check_segment(const Elf64_Phdr& header) {
  if (segments_.size() == kMostSegments) return malformed("too many segments");
  if ((header.p_flags & PF_W) != 0 && (header.p_flags & PF_X) != 0) return malformed("writable and executable segment");
  if (header.p_vaddr % address_map::kPageBytes != 0 || header.p_offset % address_map::kPageBytes != 0) {
    return malformed("segment that begins inside a page");
  }
  const bool inside = header.p_vaddr >= address_map::kImage && header.p_vaddr < address_map::kImageEnd &&
                      header.p_memsz <= address_map::kImageEnd - header.p_vaddr;
  if (!inside) return malformed("segment outside the address range of images");
  if (header.p_filesz > header.p_memsz) return malformed("segment larger in the file than in memory");
  if (!slice(header.p_offset, header.p_filesz)) return malformed("segment outside the file");
  segments_.push_back({header.p_vaddr, header.p_memsz, header.p_offset, header.p_filesz, (header.p_flags & PF_W) != 0,
                       (header.p_flags & PF_X) != 0});
  return {};
}

Expected<void> Loaded::check_image_header() {
  std::optional<ImageHeader> found;
  for (const auto& segment : segments_) {
    if (segment.writable || segment.executable || header_address_ < segment.address) continue;
    const auto distance = header_address_ - segment.address;
    if (segment.file_bytes < sizeof(ImageHeader) || distance > segment.file_bytes - sizeof(ImageHeader)) continue;
    found = read<ImageHeader>(segment.file_offset + distance);
  }
  if (!found) return malformed("no header in read-only data");
  if (found->magic != kMagic) return malformed("no header at its entry");
  if (found->version != kVersion) {
    return malformed("version " + std::to_string(found->version) + ", not " + std::to_string(kVersion));
  }
  function_count_ = found->function_count;
  return {};
}

std::optional<Elf64_Shdr> Loaded::section(std::uint64_t index) const {
  if (index >= elf_.e_shnum || elf_.e_shoff > bytes_.size()) return std::nullopt;
  return read<Elf64_Shdr>(elf_.e_shoff + index * sizeof(Elf64_Shdr));
}

// The bytes at `offset` of a string table up to a zero byte, or nothing.
std::string_view string_at(std::span<const std::byte> table, std::uint64_t offset) {
  if (offset >= table.size()) return {};
  const std::string_view rest(reinterpret_cast<const char*>(table.data()) + offset, table.size() - offset);
  const auto end = rest.find('\0');
  return end == std::string_view::npos ? std::string_view{} : rest.substr(0, end);
}

Expected<void> Loaded::check_sections() {
  const auto names_header = section(elf_.e_shstrndx);
  if (!names_header) return malformed("section headers outside the file");
  // An image has about a dozen sections, with names of a few bytes: more is hostile, and would be read in vain.
  constexpr std::uint64_t kMostSections = 64;
  constexpr std::uint64_t kMostSectionNameBytes = 4096;
  if (elf_.e_shnum > kMostSections) return malformed("more than 64 sections");
  const auto names =
      slice(names_header->sh_offset, std::min<std::uint64_t>(names_header->sh_size, kMostSectionNameBytes));
  if (!names) return malformed("section names outside the file");
  for (std::uint64_t i = 0; i < elf_.e_shnum; ++i) {
    const auto header = section(i);
    if (!header) return malformed("section headers outside the file");
    if (header->sh_type == SHT_NULL || header->sh_type == SHT_NOBITS) continue;
    const auto name = string_at(*names, header->sh_name);
    const auto content = slice(header->sh_offset, header->sh_size);
    if (!content) return malformed("section " + std::string(name) + " outside the file");
    if (auto taken = take_section(name, *header, *content); !taken) return taken;
  }
  return {};
}

Expected<void> Loaded::take_section(std::string_view name, const Elf64_Shdr& header, Bytes content) {
  if (name == kSafepointSection) {
    safepoints_ = Table<SafepointEntry>(content);
  } else if (name == kLineSection) {
    lines_ = Table<LineEntry>(content);
  } else if (name == kNameSection) {
    const auto ends = std::uint64_t{function_count_} * sizeof(std::uint32_t);
    if (ends > content.size()) return malformed("name table shorter than the list of functions");
    name_ends_ = Table<std::uint32_t>(content.first(ends));
    names_ = content.subspan(ends);
  } else if (header.sh_type == SHT_SYMTAB) {
    const auto strings_header = section(header.sh_link);
    const auto strings = strings_header ? slice(strings_header->sh_offset, strings_header->sh_size) : std::nullopt;
    if (!strings) return malformed("symbol names outside the file");
    symbols_ = Table<Elf64_Sym>(content);
    symbol_names_ = *strings;
  }
  return {};
}

std::optional<SafepointEntry> Loaded::safepoint_at(std::uint64_t pc) const {
  const auto after = safepoints_.after(pc);
  if (after == 0) return std::nullopt;
  const auto entry = safepoints_[after - 1];
  if (entry.pc != pc || entry.fuel_register > kImmediate) return std::nullopt;
  return entry;
}

std::optional<LineEntry> Loaded::line_at(std::uint64_t pc) const {
  const auto after = lines_.after(pc);
  if (after == 0) return std::nullopt;
  const auto entry = lines_[after - 1];
  if (entry.function == kNoFunction) return std::nullopt;
  return entry;
}

// Through the symbol table up to the first symbol that holds `pc`: it is asked for the frames of a backtrace only. The
// functions of a true image do not overlap; in another one, symbols without end that all hold it must cost nothing.
std::optional<std::string> Loaded::function_at(std::uint64_t pc) const {
  for (std::size_t i = 0; i < std::min(symbols_.size(), kMostSymbols); ++i) {
    const auto symbol = symbols_[i];
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || pc < symbol.st_value || pc - symbol.st_value >= symbol.st_size) {
      continue;
    }
    if (symbol.st_name >= symbol_names_.size()) return std::nullopt;
    const auto length = std::min(symbol_names_.size() - symbol.st_name, kMostNameBytes);
    const std::string_view text(reinterpret_cast<const char*>(symbol_names_.data()) + symbol.st_name, length);
    if (!text.starts_with(kFunctionSymbolPrefix)) return std::nullopt;
    return std::string(text.substr(0, text.find('\0')).substr(std::strlen(kFunctionSymbolPrefix)));
  }
  return std::nullopt;
}

std::string Loaded::function_name(std::uint32_t index) const {
  std::string_view name;
  if (index < name_ends_.size()) {
    const std::uint32_t begin = index == 0 ? 0 : name_ends_[index - 1];
    const std::uint32_t end = name_ends_[index];
    if (begin <= end && end <= names_.size()) {
      name = {reinterpret_cast<const char*>(names_.data()) + begin, std::min<std::size_t>(end - begin, kMostNameBytes)};
    }
  }
  return name.empty() ? "func[" + std::to_string(index) + "]" : std::string(name);
}

}  // namespace

Expected<std::shared_ptr<const ImageView>> ImageView::open(int image) {
  auto content = Content::of(image);
  if (!content) return tl::unexpected(content.error());
  auto view = std::make_shared<Loaded>(std::move(*content));
  if (auto checked = view->check(); !checked) return tl::unexpected(checked.error());
  return std::shared_ptr<const ImageView>(std::move(view));
}

}  // namespace slack::image
