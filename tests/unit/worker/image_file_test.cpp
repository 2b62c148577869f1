// Headers of images: what a broken one is refused for; and backtraces over hostile stacks.
#include "daemon/worker/image_file.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstring>

#include "daemon/worker/backtrace.hpp"

using namespace slack;
using namespace slack::worker;

namespace {

constexpr std::uint64_t kBase = 0x1000'0000;

// An image of one read-only segment with a header, imports of a function and a table, one export, and a text segment
// after it; in a buffer of the test, so at a slide.
struct Picture {
  alignas(16) std::array<std::byte, 8192> bytes{};
  image::ImageHeader header{};
  image::Import import{};
  image::Import table_import{};
  image::Export exported{};
  image::DataSegment data{};
  std::array<image::Table, 2> tables{};
  image::Signature type{};

  Picture() {
    header.magic = image::kMagic;
    header.version = image::kVersion;
    header.text_begin = kBase + 4096;
    header.text_end = kBase + 8192;
    header.imports = kBase + 1024;
    header.import_count = 2;
    header.imported_function_count = 1;
    header.exports = kBase + 1200;
    header.export_count = 1;
    header.data = kBase + 1400;
    header.data_count = 1;
    header.function_count = 1;
    header.tables = kBase + 1600;
    header.table_count = 2;
    header.types = kBase + 1800;
    header.type_count = 1;
    header.memory = {1, 0, 1, 65536, 0, 0};
    import.name = {kBase + 2000, 4};
    import.signature = {kBase + 2048, 2, 1};
    import.adapter = kBase + 4096;
    table_import.name = {kBase + 2000, 4};
    table_import.kind = image::ExternKind::table;
    tables[0].imported = 1;
    type = {kBase + 2048, 1, 1};
    exported.name = {kBase + 2000, 4};
    exported.thunk = kBase + 4096;
    exported.code = kBase + 4096;
    exported.signature = {kBase + 2048, 0, 0};
    data.bytes = kBase + 2000;
    data.size = 8;
  }

  Expected<const image::ImageHeader*> check() {
    std::memcpy(bytes.data() + 1024, &import, sizeof import);
    std::memcpy(bytes.data() + 1024 + sizeof import, &table_import, sizeof table_import);
    std::memcpy(bytes.data() + 1200, &exported, sizeof exported);
    std::memcpy(bytes.data() + 1400, &data, sizeof data);
    std::memcpy(bytes.data() + 1600, &tables, sizeof tables);
    std::memcpy(bytes.data() + 1800, &type, sizeof type);
    std::memcpy(bytes.data(), &header, sizeof header);
    return check_header(image(), kBase);
  }
  [[nodiscard]] ImageBytes image() const {
    return ImageBytes({{kBase, 4096, 0, 4096, false, false}, {kBase + 4096, 4096, 4096, 4096, false, true}},
                      reinterpret_cast<std::uint64_t>(bytes.data()) - kBase);
  }
};

}  // namespace

TEST_CASE("a good header passes and its arrays can be read") {
  Picture picture;
  const auto header = picture.check();
  REQUIRE(header.has_value());
  CHECK(picture.image().array<image::Import>((*header)->imports, 1)[0].name.size == 4);
}

TEST_CASE("a header that points outside its image is refused by name") {
  Picture picture;
  const auto refused = [&](std::string_view what) {
    const auto header = picture.check();
    REQUIRE_FALSE(header.has_value());
    CHECK(header.error().code == ENOEXEC);
    CHECK(header.error().what == "image: " + std::string(what));
  };
  SECTION("magic") {
    picture.header.magic = 1;
    refused("no slack image");
  }
  SECTION("version") {
    picture.header.version = 9;
    refused("version 9 is not supported");
  }
  SECTION("text in data") {
    picture.header.text_begin = kBase;
    refused("text lies outside the executable segment");
  }
  SECTION("an array that runs over the end") {
    picture.header.import_count = 1000;
    refused("imports lie outside");
  }
  SECTION("an array whose length would wrap around") {
    picture.header.export_count = 0xffffffff;
    picture.header.exports = 0xffffffffffffff00;
    refused("exports lie outside");
  }
  SECTION("an import's name") {
    picture.import.name.size = 4096;
    refused("broken import");
  }
  SECTION("an import's slot") {
    picture.import.index = 1;
    refused("broken import");
  }
  SECTION("a signature without end") {
    picture.import.signature.parameter_count = 0xffffffff;
    refused("broken import");
  }
  SECTION("an adapter in data") {
    picture.import.adapter = kBase;
    refused("broken import");
  }
  SECTION("an imported table that is not marked as one") {
    picture.import.kind = image::ExternKind::table;
    picture.import.index = 1;
    refused("broken import");
  }
  SECTION("an imported global beyond those that are imported") {
    picture.import.kind = image::ExternKind::global;
    picture.header.global_count = 1;
    picture.header.globals = kBase + 1024;
    picture.import.index = 1;
    refused("broken import");
  }
  SECTION("an imported memory that is not marked as one") {
    picture.import.kind = image::ExternKind::memory;
    refused("broken import");
  }
  SECTION("an imported table behind one that is not") {
    std::swap(picture.tables[0], picture.tables[1]);
    refused("broken table");
  }
  SECTION("an imported table without a record") {
    picture.header.import_count = 1;
    refused("something is imported that no import record names");
  }
  SECTION("imported functions of which one has no record") {
    picture.header.imported_function_count = 2;
    refused("something is imported that no import record names");
  }
  SECTION("an imported memory without a record") {
    picture.header.memory.imported = 1;
    refused("something is imported that no import record names");
  }
  SECTION("a global with two records in place of two globals") {
    picture.header.global_count = 2;
    picture.header.globals = kBase + 3000;
    for (auto* record : {&picture.import, &picture.table_import}) record->kind = image::ExternKind::global;
    picture.header.imported_function_count = 0;
    picture.tables[0].imported = 0;
    refused("something is imported that no import record names");
  }
  SECTION("a type without end") {
    picture.type.result_count = 0xffffffff;
    refused("broken type");
  }
  SECTION("a thunk in data") {
    picture.exported.thunk = kBase;
    refused("broken export");
  }
  SECTION("a function's code in data") {
    picture.exported.code = kBase;
    refused("broken export");
  }
  SECTION("an exported table that is not there") {
    picture.exported.kind = image::ExternKind::table;
    picture.exported.index = 2;
    refused("broken export");
  }
  SECTION("data beyond the segment") {
    picture.data.size = 4000;
    refused("broken segment");
  }
  SECTION("data of a memory that is not there") {
    picture.header.memory.present = 0;
    refused("broken segment");
  }
  SECTION("memory of more than 65536 pages") {
    picture.header.memory.minimum_pages = 65537;
    refused("memory is too large");
  }
}

TEST_CASE("a backtrace follows frame pointers upwards, in bounds, and ends at zero") {
  std::array<std::uint64_t, 32> stack{};
  const auto at = [&](std::size_t index) { return reinterpret_cast<std::uint64_t>(&stack[index]); };
  const AddressRange range{at(0), at(0) + sizeof stack};
  const std::array<AddressRange, 2> text{AddressRange{0x1200, 0x2000}, AddressRange{0x1000, 0x1200}};
  stack[2] = at(6);
  stack[3] = 0x1111;
  stack[6] = at(10);
  stack[7] = 0x5000;  // a host function
  stack[10] = 0;
  stack[11] = 0x1222;
  std::array<std::uint64_t, 8> out{};
  CHECK(walk_frames(at(2), range, text, out) == 2);
  CHECK(out[0] == 0x1111);
  CHECK(out[1] == 0x1222);

  stack[10] = at(2);  // a ring
  CHECK(walk_frames(at(2), range, text, out) == 2);
  stack[6] = 0xdeadbeef;
  CHECK(walk_frames(at(2), range, text, out) == 1);
  CHECK(walk_frames(at(2) + 1, range, text, out) == 0);
  CHECK(walk_frames(range.end - 8, range, text, out) == 0);
  CHECK(walk_frames(0, range, text, out) == 0);
  CHECK(walk_frames(at(2), range, text, std::span(out).first(0)) == 0);
}
