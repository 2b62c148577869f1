// ImageView: what a well-formed image tells, and that no malformed one does harm.
#include "jit/image/image_view.hpp"

#include <elf.h>
#include <fcntl.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "daemon/base/address_map.hpp"
#include "tests/unit/image/sample_image.hpp"

namespace slack::image {
namespace {

// The reason for which an image is turned away.
std::string refusal_of(const SampleImage& sample) {
  const auto view = ImageView::open(sample.sealed().get());
  return view ? "accepted" : view.error().what;
}

void ask_everything(const ImageView& view) {
  for (const std::uint64_t pc :
       {std::uint64_t{0}, SampleImage::kText, SampleImage::kSafepoint, SampleImage::kText + 40, ~std::uint64_t{0}}) {
    (void)view.safepoint_at(pc);
    (void)view.line_at(pc);
    (void)view.function_at(pc);
  }
  for (const std::uint32_t index : {0u, 1u, 2u, ~0u}) (void)view.function_name(index);
  for (const auto& segment : view.segments()) {
    REQUIRE(segment.address >= address_map::kImage);
    REQUIRE(segment.memory_bytes <= address_map::kImageEnd - segment.address);
    REQUIRE(segment.address % address_map::kPageBytes == 0);
    REQUIRE(segment.file_bytes <= segment.memory_bytes);
    REQUIRE_FALSE((segment.writable && segment.executable));
  }
}

}  // namespace

TEST_CASE("a well-formed image tells its segments and its tables, sealed or not") {
  const SampleImage sample;
  const auto fd = GENERATE(true, false) ? sample.sealed() : sample.unsealed();
  const auto view = ImageView::open(fd.get());
  REQUIRE(view);
  const auto& image = **view;
  REQUIRE(image.segments().size() == 2);
  CHECK_FALSE(image.segments()[0].executable);
  CHECK(image.segments()[1].executable);
  CHECK(image.segments()[1].address == SampleImage::kText);
  CHECK(image.header_address() == address_map::kImage + SampleImage::kHeaderOffset);

  const auto safepoint = image.safepoint_at(SampleImage::kSafepoint);
  REQUIRE(safepoint);
  CHECK(safepoint->fuel_register == 7);
  CHECK(safepoint->potential == 3);
  CHECK_FALSE(image.safepoint_at(SampleImage::kSafepoint + 1));
  CHECK_FALSE(image.safepoint_at(0));

  CHECK(image.line_at(SampleImage::kText + 7)->offset == 0x40);
  CHECK(image.line_at(SampleImage::kText + 23)->function == 1);
  CHECK_FALSE(image.line_at(SampleImage::kText + 24));
  CHECK_FALSE(image.line_at(SampleImage::kText - 1));

  CHECK(image.function_at(SampleImage::kText + 15) == "first");
  CHECK_FALSE(image.function_at(SampleImage::kText + 16));  // memcpy is no Wasm function
  CHECK(image.function_name(0) == "first");
  CHECK(image.function_name(1) == "second");
  CHECK(image.function_name(7) == "func[7]");
}

TEST_CASE("an image stays what it was when its unsealed file changes") {
  const SampleImage sample;
  const auto fd = sample.unsealed();
  const auto view = ImageView::open(fd.get());
  REQUIRE(view);
  REQUIRE(::ftruncate(fd.get(), 0) == 0);
  CHECK((*view)->function_name(0) == "first");
}

TEST_CASE("an image is turned away with the reason") {
  SampleImage sample;
  SECTION("not an ELF file") {
    sample.bytes[0] = std::byte{0};
    CHECK(refusal_of(sample) == "image: not an ELF file");
  }
  SECTION("empty") {
    sample.bytes.clear();
    CHECK(refusal_of(sample) == "image: not an ELF file");
  }
  SECTION("another machine") {
    sample.at<Elf64_Ehdr>(0).e_machine = EM_AARCH64;
    CHECK(refusal_of(sample) == "image: not a position-dependent x86-64 executable");
  }
  SECTION("a segment that is writable and executable") {
    sample.at<Elf64_Phdr>(sample.program_header(1)).p_flags = PF_R | PF_W | PF_X;
    CHECK(refusal_of(sample) == "image: writable and executable segment");
  }
  SECTION("a segment below the range of images, over the context") {
    sample.at<Elf64_Phdr>(sample.program_header(1)).p_vaddr = address_map::kContext & -address_map::kPageBytes;
    CHECK(refusal_of(sample) == "image: segment outside the address range of images");
  }
  SECTION("a segment that reaches linear memory") {
    sample.at<Elf64_Phdr>(sample.program_header(1)).p_memsz = address_map::kImageEnd - SampleImage::kText + 1;
    CHECK(refusal_of(sample) == "image: segment outside the address range of images");
  }
  SECTION("a segment whose end wraps around") {
    sample.at<Elf64_Phdr>(sample.program_header(1)).p_memsz = ~std::uint64_t{0};
    CHECK(refusal_of(sample) == "image: segment outside the address range of images");
  }
  SECTION("a segment that is not in the file") {
    sample.at<Elf64_Phdr>(sample.program_header(1)).p_offset = std::uint64_t{1} << 40;
    CHECK(refusal_of(sample) == "image: segment outside the file");
  }
  SECTION("segments that share a page") {
    sample.at<Elf64_Phdr>(sample.program_header(1)).p_vaddr = address_map::kImage;
    CHECK(refusal_of(sample) == "image: segments share a page");
  }
  SECTION("a dynamic linker asked for") {
    sample.at<Elf64_Phdr>(sample.program_header(1)).p_type = PT_INTERP;
    CHECK(refusal_of(sample) == "image: asks for a loader");
  }
  SECTION("program headers beyond the end") {
    sample.at<Elf64_Ehdr>(0).e_phoff = ~std::uint64_t{0} - 8;
    CHECK(refusal_of(sample) == "image: program headers outside the file");
  }
  SECTION("section headers beyond the end") {
    sample.at<Elf64_Ehdr>(0).e_shoff = ~std::uint64_t{0} - 8;
    CHECK(refusal_of(sample) == "image: section headers outside the file");
  }
  SECTION("no header at the entry") {
    sample.at<Elf64_Ehdr>(0).e_entry += 8;
    CHECK(refusal_of(sample) == "image: no header at its entry");
  }
  SECTION("an entry in the text") {
    sample.at<Elf64_Ehdr>(0).e_entry = SampleImage::kText;
    CHECK(refusal_of(sample) == "image: no header in read-only data");
  }
  SECTION("another version") {
    sample.at<ImageHeader>(SampleImage::kHeaderOffset).version = 99;
    CHECK(refusal_of(sample) == "image: version 99, not " + std::to_string(kVersion));
  }
  SECTION("more functions than names") {
    sample.at<ImageHeader>(SampleImage::kHeaderOffset).function_count = 0xffff'ffff;
    CHECK(refusal_of(sample) == "image: name table shorter than the list of functions");
  }
  SECTION("a table beyond the end of the file") {
    sample.at<Elf64_Shdr>(sample.section_header(2)).sh_size = std::uint64_t{1} << 40;
    CHECK(refusal_of(sample) == "image: section .slack.safepoints outside the file");
  }
}

TEST_CASE("tables that are out of order or lie about names are harmless") {
  SampleImage sample;
  const auto lines = sample.at<Elf64_Shdr>(sample.section_header(3)).sh_offset;
  const auto names = sample.at<Elf64_Shdr>(sample.section_header(4)).sh_offset;
  sample.at<std::uint64_t>(lines) = ~std::uint64_t{0};
  sample.at<std::uint32_t>(names) = 0xffff'ff00;
  const auto view = ImageView::open(sample.sealed().get());
  REQUIRE(view);
  ask_everything(**view);
  CHECK((*view)->function_name(0) == "func[0]");
}

TEST_CASE("a safepoint in a register that there is not is none") {
  SampleImage sample;
  const auto table = sample.at<Elf64_Shdr>(sample.section_header(2)).sh_offset;
  sample.at<SafepointEntry>(table).fuel_register = kImmediate + 1;
  const auto view = ImageView::open(sample.sealed().get());
  REQUIRE(view);
  CHECK_FALSE((*view)->safepoint_at(SampleImage::kSafepoint));
}

TEST_CASE("an image cut off anywhere is turned away or answers") {
  const SampleImage whole;
  for (std::size_t size = 0; size < whole.bytes.size(); ++size) {
    if (size > 0x200 && size < 0xff0) continue;  // padding
    SampleImage sample;
    sample.bytes.resize(size);
    if (const auto view = ImageView::open(sample.sealed().get())) ask_everything(**view);
  }
}

TEST_CASE("an image with any bytes changed is turned away or answers") {
  std::mt19937_64 random(20240607);  // a fixed seed: a failure can be repeated
  const SampleImage whole;
  // Bytes that mean something: the headers in front, and everything behind the text.
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < whole.bytes.size(); ++i) {
    if (i < 0x200 || i >= 0x1000) places.push_back(i);
  }
  for (int round = 0; round < 20'000; ++round) {
    SampleImage sample;
    for (auto changes = random() % 4 + 1; changes > 0; --changes) {
      sample.bytes[places[random() % places.size()]] = static_cast<std::byte>(random());
    }
    if (const auto view = ImageView::open(sample.sealed().get())) ask_everything(**view);
  }
}

TEST_CASE("the first symbol that holds an address names it, and no name is longer than a report shows") {
  SampleImage sample;
  // A million symbols hold every address, each with a name that goes on for a megabyte.
  const std::size_t names_at = sample.bytes.size();
  const std::string_view prefix(kFunctionSymbolPrefix);
  sample.bytes.resize(names_at + (1 << 20), std::byte{'a'});
  std::memcpy(sample.bytes.data() + names_at, prefix.data(), prefix.size());
  const std::size_t symbols_at = sample.bytes.size();
  const Elf64_Sym hostile = {0, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0, ~Elf64_Xword{0}};
  constexpr std::size_t kSymbols = 1'000'000;
  sample.bytes.resize(symbols_at + kSymbols * sizeof hostile);
  for (std::size_t i = 0; i < kSymbols; ++i) sample.at<Elf64_Sym>(symbols_at + i * sizeof hostile) = hostile;
  auto& symbols = sample.at<Elf64_Shdr>(sample.section_header(5));
  symbols.sh_offset = symbols_at;
  symbols.sh_size = kSymbols * sizeof hostile;
  auto& strings = sample.at<Elf64_Shdr>(sample.section_header(6));
  strings.sh_offset = names_at;
  strings.sh_size = 1 << 20;

  auto view = ImageView::open(sample.sealed().get());
  REQUIRE(view);
  const auto name = (*view)->function_at(SampleImage::kText);
  REQUIRE(name);
  CHECK(name->size() <= 1024);
  CHECK(name->starts_with("aaaa"));

  // Without the prefix the first match is an answer as well: not a Wasm function.
  sample.bytes[names_at] = std::byte{'W'};
  view = ImageView::open(sample.sealed().get());
  REQUIRE(view);
  CHECK_FALSE((*view)->function_at(SampleImage::kText));

  auto& ends = sample.at<Elf64_Shdr>(sample.section_header(4));
  ends.sh_offset = names_at;
  ends.sh_size = 1 << 20;
  const std::uint32_t both[] = {1 << 19, 1 << 19};
  std::memcpy(sample.bytes.data() + names_at, both, sizeof both);
  view = ImageView::open(sample.sealed().get());
  REQUIRE(view);
  CHECK((*view)->function_name(0).size() == 1024);
}

TEST_CASE("what is no regular file is no image") {
  const Fd directory(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto view = ImageView::open(directory.get());
  REQUIRE_FALSE(view);
  CHECK(view.error().what == "image: not a regular file");
  CHECK(view.error().code == ENOEXEC);
}

}  // namespace slack::image
