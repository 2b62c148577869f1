// Maps an image and checks its header.
#include "daemon/worker/image_file.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "daemon/base/address_map.hpp"

namespace slack::worker {
namespace {

using image::ExternKind;
using image::ImageHeader;
using image::InitExpression;
using image::InitKind;

tl::unexpected<Fault> broken(std::string what) { return fail(Fault{ENOEXEC, "image: " + std::move(what)}); }

class HeaderCheck {
 public:
  HeaderCheck(const ImageBytes& image, const ImageHeader& header) : image_(image), header_(header) {}

  // Empty if all is well.
  [[nodiscard]] std::string run() const {
    if (header_.magic != image::kMagic) return "no slack image";
    if (header_.version != image::kVersion) return "version " + std::to_string(header_.version) + " is not supported";
    if (!image_.executable(header_.text_begin, header_.text_end)) return "text lies outside the executable segment";
    if (!holds<image::Import>(header_.imports, header_.import_count)) return "imports lie outside";
    if (!holds<image::Export>(header_.exports, header_.export_count)) return "exports lie outside";
    if (!holds<image::Global>(header_.globals, header_.global_count)) return "globals lie outside";
    if (!holds<image::Table>(header_.tables, header_.table_count)) return "tables lie outside";
    if (!holds<image::ElementSegment>(header_.elements, header_.element_count)) return "element segments lie outside";
    if (!holds<image::DataSegment>(header_.data, header_.data_count)) return "data segments lie outside";
    if (!holds<image::Signature>(header_.types, header_.type_count)) return "types lie outside";
    if (header_.start_thunk != 0 && !in_text(header_.start_thunk)) return "the start function lies outside the text";
    if (header_.memory.minimum_pages > 65536 || header_.memory.maximum_pages > 65536) return "memory is too large";
    if (!types()) return "broken type";
    if (!tables()) return "broken table";
    if (!imports()) return "broken import";
    if (!all_named()) return "something is imported that no import record names";
    if (!exports()) return "broken export";
    if (!globals()) return "broken global";
    if (!segments()) return "broken segment";
    return {};
  }

 private:
  template <typename T>
  [[nodiscard]] bool holds(std::uint64_t address, std::uint64_t count) const {
    return count == 0 || (address % alignof(T) == 0 && image_.at(address, count * sizeof(T)) != nullptr);
  }
  [[nodiscard]] bool text(const image::Text& text) const {
    return text.size == 0 || image_.at(text.bytes, text.size) != nullptr;
  }
  [[nodiscard]] bool signature(const image::Signature& signature) const {
    return signature.parameter_count <= kMaxSignatureTypes && signature.result_count <= kMaxSignatureTypes &&
           holds<image::ValueType>(signature.types, signature.parameter_count + signature.result_count);
  }
  [[nodiscard]] bool in_text(std::uint64_t address) const {
    return address >= header_.text_begin && address < header_.text_end;
  }
  [[nodiscard]] bool init(const InitExpression& init) const {
    return init.kind == InitKind::constant ||
           (init.kind == InitKind::imported_global && init.global < header_.global_count);
  }

  [[nodiscard]] bool types() const {
    return std::ranges::all_of(image_.array<image::Signature>(header_.types, header_.type_count),
                               [&](const image::Signature& type) { return signature(type); });
  }
  // Imported ones first.
  [[nodiscard]] bool tables() const {
    const auto all = image_.array<image::Table>(header_.tables, header_.table_count);
    return std::ranges::is_partitioned(all, [](const image::Table& table) { return table.imported != 0; });
  }
  [[nodiscard]] std::uint32_t imported(ExternKind kind) const {
    return static_cast<std::uint32_t>(std::ranges::count(
        image_.array<image::Import>(header_.imports, header_.import_count), kind, &image::Import::kind));
  }
  [[nodiscard]] bool imports() const {
    const std::uint32_t globals = imported(ExternKind::global);
    if (globals > header_.global_count) return false;
    return std::ranges::all_of(
        image_.array<image::Import>(header_.imports, header_.import_count), [&](const image::Import& import) {
          if (!text(import.module) || !text(import.name)) return false;
          switch (import.kind) {
            case ExternKind::function:
              return import.index < header_.imported_function_count && signature(import.signature) &&
                     (import.adapter == 0 || image_.executable(import.adapter, import.adapter + 1));
            case ExternKind::table:
              return import.index < header_.table_count &&
                     image_.array<image::Table>(header_.tables, header_.table_count)[import.index].imported != 0;
            case ExternKind::memory:
              return header_.memory.present != 0 && header_.memory.imported != 0;
            case ExternKind::global:
              return import.index < globals;
          }
          return false;
        });
  }
  // Each thing that the header calls imported has a record of its own, or nothing would ever be linked to it.
  [[nodiscard]] bool all_named() const {
    const auto tables = image_.array<image::Table>(header_.tables, header_.table_count);
    const auto imported_tables =
        std::ranges::count_if(tables, [](const image::Table& table) { return table.imported != 0; });
    return named(ExternKind::function) == header_.imported_function_count &&
           named(ExternKind::table) == static_cast<std::uint64_t>(imported_tables) &&
           (header_.memory.imported == 0 || imported(ExternKind::memory) != 0) &&
           named(ExternKind::global) == imported(ExternKind::global);
  }
  // How many different ones have a record.
  [[nodiscard]] std::uint64_t named(ExternKind kind) const {
    std::vector<std::uint32_t> indexes;
    for (const image::Import& import : image_.array<image::Import>(header_.imports, header_.import_count))
      if (import.kind == kind) indexes.push_back(import.index);
    std::ranges::sort(indexes);
    return indexes.size() - std::ranges::unique(indexes).size();
  }
  [[nodiscard]] bool exports() const {
    return std::ranges::all_of(image_.array<image::Export>(header_.exports, header_.export_count),
                               [&](const image::Export& exported) {
                                 if (!text(exported.name)) return false;
                                 switch (exported.kind) {
                                   case ExternKind::function:
                                     return exported.index < header_.function_count && in_text(exported.thunk) &&
                                            in_text(exported.code) && signature(exported.signature);
                                   case ExternKind::table:
                                     return exported.index < header_.table_count;
                                   case ExternKind::memory:
                                     return header_.memory.present != 0;
                                   case ExternKind::global:
                                     return exported.index < header_.global_count;
                                 }
                                 return false;
                               });
  }
  [[nodiscard]] bool globals() const {
    return std::ranges::all_of(image_.array<image::Global>(header_.globals, header_.global_count),
                               [&](const image::Global& global) { return init(global.init); });
  }
  [[nodiscard]] bool segments() const {
    return std::ranges::all_of(image_.array<image::ElementSegment>(header_.elements, header_.element_count),
                               [&](const image::ElementSegment& segment) {
                                 return holds<std::uint64_t>(segment.references, segment.count) &&
                                        (segment.mode != image::SegmentMode::active ||
                                         (segment.table < header_.table_count && init(segment.offset)));
                               }) &&
           std::ranges::all_of(image_.array<image::DataSegment>(header_.data, header_.data_count),
                               [&](const image::DataSegment& segment) {
                                 return (segment.size == 0 || image_.at(segment.bytes, segment.size) != nullptr) &&
                                        (segment.mode != image::SegmentMode::active ||
                                         (segment.memory == 0 && header_.memory.present != 0 && init(segment.offset)));
                               });
  }

  const ImageBytes& image_;
  const ImageHeader& header_;
};

}  // namespace

const std::byte* ImageBytes::at(std::uint64_t address, std::uint64_t bytes) const {
  for (const image::Segment& segment : segments_) {
    if (address < segment.address || address - segment.address > segment.memory_bytes) continue;
    if (bytes <= segment.memory_bytes - (address - segment.address))
      return reinterpret_cast<const std::byte*>(address + slide_);
  }
  return nullptr;
}

bool ImageBytes::executable(std::uint64_t begin, std::uint64_t end) const {
  return begin <= end && std::ranges::any_of(segments_, [&](const image::Segment& segment) {
           return segment.executable && begin >= segment.address && end <= segment.address + segment.memory_bytes;
         });
}

Expected<const image::ImageHeader*> check_header(const ImageBytes& image, std::uint64_t header_address) {
  const std::byte* bytes = image.at(header_address, sizeof(ImageHeader));
  if (bytes == nullptr || header_address % alignof(ImageHeader) != 0) return broken("the header lies outside");
  const auto* header = reinterpret_cast<const ImageHeader*>(bytes);
  if (std::string what = HeaderCheck(image, *header).run(); !what.empty()) return broken(std::move(what));
  return header;
}

Expected<ImageBytes> map_image(int memfd, const image::ImageView& view) {
  const std::vector<image::Segment> segments(view.segments().begin(), view.segments().end());
  const auto whole_pages = [](std::uint64_t bytes) {
    return (bytes + address_map::kPageBytes - 1) / address_map::kPageBytes * address_map::kPageBytes;
  };
  for (const image::Segment& segment : segments) {
    const int protection = PROT_READ | (segment.writable ? PROT_WRITE : 0) | (segment.executable ? PROT_EXEC : 0);
    const std::uint64_t from_file = whole_pages(segment.file_bytes);
    if (from_file != 0 &&
        ::mmap(reinterpret_cast<void*>(segment.address), from_file, protection, MAP_PRIVATE | MAP_FIXED_NOREPLACE,
               memfd, static_cast<off_t>(segment.file_offset)) == MAP_FAILED)
      return fail("map the image");
    // As the ELF specification has it: what a writable segment has in memory beyond the file is zero, from the byte on.
    if (segment.writable && segment.memory_bytes > segment.file_bytes)
      std::memset(reinterpret_cast<std::byte*>(segment.address) + segment.file_bytes, 0,
                  std::min(from_file, segment.memory_bytes) - segment.file_bytes);
    const std::uint64_t zeroes =
        whole_pages(segment.memory_bytes) - std::min(whole_pages(segment.memory_bytes), from_file);
    if (zeroes != 0 && ::mmap(reinterpret_cast<void*>(segment.address + from_file), zeroes, protection,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
      return fail("map the image");
  }
  return ImageBytes(segments, 0);
}

}  // namespace slack::worker
