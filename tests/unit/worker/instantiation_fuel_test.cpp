// What instantiation costs: the figures are those that wasmtime 50.0.1 gave for modules of this kind.
#include "daemon/worker/instantiation_fuel.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace slack;
using namespace slack::worker;

namespace {

// The arrays of a header, where they lie; addresses are those of the test.
struct Module {
  image::ImageHeader header{};
  std::array<image::Table, 2> tables{};  // the first one imported
  std::array<image::ElementSegment, 2> elements{};
  std::array<image::DataSegment, 2> data{};
  std::array<image::Global, 3> globals{};

  Module() {
    tables[0].imported = 1;
    for (auto& segment : elements) {
      segment.count = 3;
      segment.table = 1;
    }
    data[0].size = 5;
    data[1].size = 2;
    for (auto& global : globals) global.type = image::ValueType::i64;
  }
  [[nodiscard]] std::uint64_t fuel(std::uint32_t element_count, std::uint32_t data_count, std::uint32_t global_count) {
    const auto address = [](const auto& array) { return reinterpret_cast<std::uint64_t>(array.data()); };
    header.tables = address(tables);
    header.elements = address(elements);
    header.data = address(data);
    header.globals = address(globals);
    header.table_count = 2;
    header.element_count = element_count;
    header.data_count = data_count;
    header.global_count = global_count;
    return instantiation_fuel(ImageBytes(), header).count();
  }
};

}  // namespace

TEST_CASE("what can be laid out beforehand costs nothing") {
  Module module;
  CHECK(module.fuel(0, 0, 0) == 0);
  CHECK(module.fuel(2, 2, 3) == 0);
}

TEST_CASE("an element segment that cannot, and each after it, costs one and its length") {
  Module module;
  SECTION("into an imported table") { module.elements[0].table = 0; }
  SECTION("at an offset that is no constant") { module.elements[0].offset.kind = image::InitKind::imported_global; }
  CHECK(module.fuel(1, 0, 0) == 5);
  CHECK(module.fuel(2, 0, 0) == 9);
  module.header.start_thunk = 1;  // the entry of the start-up function is counted with the start function
  CHECK(module.fuel(1, 0, 0) == 4);
}

TEST_CASE("segments before the first that cannot cost nothing") {
  Module module;
  module.elements[1].table = 0;
  CHECK(module.fuel(2, 0, 0) == 5);
}

TEST_CASE("expressions cost one each, in active and passive segments") {
  Module module;
  module.elements[0].by_expression = 1;
  CHECK(module.fuel(1, 0, 0) == 8);
  module.elements[0].mode = image::SegmentMode::passive;
  CHECK(module.fuel(1, 0, 0) == 4);
  module.elements[0].by_expression = 0;
  CHECK(module.fuel(1, 0, 0) == 1);
  module.elements[0].mode = image::SegmentMode::declared;
  CHECK(module.fuel(1, 0, 0) == 0);
}

TEST_CASE("data segments are laid out all or none") {
  Module module;
  SECTION("into an imported memory") { module.header.memory.imported = 1; }
  SECTION("at an offset that is no constant") { module.data[1].offset.kind = image::InitKind::imported_global; }
  CHECK(module.fuel(0, 2, 0) == 10);
  module.data[0].mode = image::SegmentMode::passive;
  CHECK(module.fuel(0, 2, 0) == 4);
}

TEST_CASE("data that is laid out beforehand hides what globals and elements cost") {
  Module module;
  module.elements[0].table = 0;
  module.globals[0].type = image::ValueType::funcref;
  CHECK(module.fuel(1, 0, 1) == 6);
  CHECK(module.fuel(1, 2, 1) == 1);
  module.header.start_thunk = 1;
  CHECK(module.fuel(1, 2, 1) == 0);
}

TEST_CASE("empty data hides nothing, and data that is spread too far is not laid out beforehand") {
  Module module;
  module.globals[0].type = image::ValueType::funcref;
  module.data[0].size = 0;
  CHECK(module.fuel(0, 1, 1) == 2);
  module.data[0].size = 1;
  module.data[1].size = 1;
  module.data[1].offset.low = (16 << 20) - 2;
  CHECK(module.fuel(0, 2, 1) == 1);
  module.data[1].offset.low = (16 << 20) - 1;
  CHECK(module.fuel(0, 2, 1) == 6);
}

TEST_CASE("elements beyond the first 1,048,576 of a table are not laid out beforehand") {
  Module module;
  module.elements[0].offset.low = (1 << 20) - 3;
  CHECK(module.fuel(1, 0, 0) == 0);
  ++module.elements[0].offset.low;
  CHECK(module.fuel(1, 0, 0) == 5);
}

TEST_CASE("a passive data segment costs nothing, a global that is no number costs one") {
  Module module;
  for (auto& segment : module.data) segment.mode = image::SegmentMode::passive;
  CHECK(module.fuel(0, 2, 0) == 0);
  module.globals[0].type = image::ValueType::funcref;
  module.globals[1].init.kind = image::InitKind::imported_global;
  CHECK(module.fuel(0, 0, 3) == 3);
}
