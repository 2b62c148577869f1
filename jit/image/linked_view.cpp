// Looks addresses up in the image of their slot.
#include "jit/image/linked_view.hpp"

#include <utility>

#include "daemon/base/address_map.hpp"

namespace slack::image {

namespace {

class LinkedView final : public ImageView {
 public:
  explicit LinkedView(std::vector<LinkedImage> images) : images_(std::move(images)) {
    for (const auto& each : images_) {
      const auto its = each.image->segments();
      segments_.insert(segments_.end(), its.begin(), its.end());
    }
  }

  [[nodiscard]] std::span<const Segment> segments() const override { return segments_; }
  [[nodiscard]] std::uint64_t header_address() const override { return images_.front().image->header_address(); }
  [[nodiscard]] std::optional<SafepointEntry> safepoint_at(std::uint64_t pc) const override {
    const auto* found = at(pc);
    return found ? found->image->safepoint_at(pc) : std::nullopt;
  }
  [[nodiscard]] std::optional<LineEntry> line_at(std::uint64_t pc) const override {
    const auto* found = at(pc);
    return found ? found->image->line_at(pc) : std::nullopt;
  }
  [[nodiscard]] std::optional<std::string> function_at(std::uint64_t pc) const override {
    const auto* found = at(pc);
    auto name = found ? found->image->function_at(pc) : std::nullopt;
    if (name) name = qualified(*found, *name);
    return name;
  }
  [[nodiscard]] std::string function_name(std::uint32_t index) const override {
    return images_.front().image->function_name(index);
  }
  [[nodiscard]] std::string function_name_in(std::uint32_t slot, std::uint32_t index) const override {
    const auto& found = images_[slot < images_.size() ? slot : 0];
    return qualified(found, found.image->function_name(index));
  }

 private:
  [[nodiscard]] const LinkedImage* at(std::uint64_t pc) const {
    const auto slot = address_map::slot_of_code(pc);
    return slot && *slot < images_.size() ? &images_[*slot] : nullptr;
  }
  [[nodiscard]] static std::string qualified(const LinkedImage& image, const std::string& function) {
    return image.name.empty() ? function : image.name + "!" + function;
  }

  std::vector<LinkedImage> images_;
  std::vector<Segment> segments_;
};

}  // namespace

std::shared_ptr<const ImageView> join_images(std::vector<LinkedImage> images) {
  if (images.size() == 1) return std::move(images.front().image);
  return std::make_shared<const LinkedView>(std::move(images));
}

}  // namespace slack::image
