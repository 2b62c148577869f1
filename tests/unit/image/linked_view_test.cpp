// Several images as one: who is asked for an address.
#include "jit/image/linked_view.hpp"

#include <catch2/catch.hpp>

#include "daemon/base/address_map.hpp"

using namespace slack;
using namespace slack::image;

namespace {

// Knows every address, right or wrong, by its own mark.
class Marked final : public ImageView {
 public:
  explicit Marked(std::uint32_t mark) : mark_(mark) {
    segments_.push_back({address_map::image_of(mark).begin, 4096, 0, 4096, false, true});
  }
  std::span<const Segment> segments() const override { return segments_; }
  std::uint64_t header_address() const override { return segments_.front().address; }
  std::optional<SafepointEntry> safepoint_at(std::uint64_t pc) const override {
    return SafepointEntry{pc, mark_, 0, 0, 0, 0, 0};
  }
  std::optional<LineEntry> line_at(std::uint64_t pc) const override { return LineEntry{pc, mark_, 0}; }
  std::optional<std::string> function_at(std::uint64_t) const override { return "f" + std::to_string(mark_); }
  std::string function_name(std::uint32_t index) const override {
    return "f" + std::to_string(mark_) + "[" + std::to_string(index) + "]";
  }

 private:
  std::uint32_t mark_;
  std::vector<Segment> segments_;
};

std::shared_ptr<const ImageView> joined() {
  return join_images({{"", std::make_shared<Marked>(0)}, {"one", std::make_shared<Marked>(1)}});
}

}  // namespace

TEST_CASE("an image alone is given back as it is") {
  const auto only = std::make_shared<const Marked>(0);
  CHECK(join_images({{"", only}}) == only);
}

TEST_CASE("an address is looked up in the image of its slot alone, whatever another one claims") {
  const auto view = joined();
  const auto last_of_0 = address_map::image_of(0).end - 1;
  const auto first_of_1 = address_map::image_of(1).begin;
  CHECK(view->safepoint_at(last_of_0)->function == 0);
  CHECK(view->safepoint_at(first_of_1)->function == 1);
  CHECK(view->line_at(first_of_1)->function == 1);
  CHECK_FALSE(view->safepoint_at(address_map::image_of(2).begin));
  CHECK_FALSE(view->line_at(address_map::kImageEnd));
  CHECK_FALSE(view->function_at(0));
  CHECK(view->segments().size() == 2);
}

TEST_CASE("functions of a linked module are called by its name and their own") {
  const auto view = joined();
  CHECK(view->function_at(address_map::kImage) == "f0");
  CHECK(view->function_at(address_map::kLinkedImages) == "one!f1");
  CHECK(view->function_name_in(0, 4) == "f0[4]");
  CHECK(view->function_name_in(1, 4) == "one!f1[4]");
  CHECK(view->function_name_in(2, 4) == "f0[4]");  // a worker's word for it
}
