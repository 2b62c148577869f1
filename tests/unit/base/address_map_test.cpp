// The address map: no two instances of a worker share an address.
#include "daemon/base/address_map.hpp"

#include <catch2/catch.hpp>

#include "daemon/base/context.hpp"

using namespace slack;
using namespace slack::address_map;

TEST_CASE("the slots' images, contexts and memories lie behind one another and begin on pages") {
  for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
    for (const auto range_of : {context_of, image_of, memory_of}) {
      const Range range = range_of(slot);
      CHECK(range.begin < range.end);
      if (slot + 1 < kSlots) CHECK(range.end <= range_of(slot + 1).begin);
    }
    CHECK(image_of(slot).begin % kPageBytes == 0);
    CHECK(memory_of(slot).begin % kWasmPageBytes == 0);
    CHECK(slot_of_code(image_of(slot).begin) == slot);
    CHECK(slot_of_code(image_of(slot).end - 1) == slot);
  }
  CHECK_FALSE(slot_of_code(kImage - 1));
}

TEST_CASE("the parts of a context lie behind one another") {
  const ContextLayout layout{3, 5, 7};
  CHECK(layout.table(3) == layout.import_slot(0));
  CHECK(layout.import_slot(5) == layout.global(0));
  CHECK(layout.global(0) % ContextLayout::kGlobalBytes == 0);
  CHECK(layout.size() == layout.global(6) + ContextLayout::kGlobalBytes);
}
