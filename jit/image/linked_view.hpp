// The images of a worker with linked modules, as one: each address is looked up in the image of its slot.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "jit/image/image_view.hpp"

namespace slack::image {

struct LinkedImage {
  std::string name;  // that its module is linked by; empty: the module that is run
  std::shared_ptr<const ImageView> image;
};

// `images` stand in the order of their slots. Functions of linked modules are called "NAME!function". An image alone is
// given back as it is.
[[nodiscard]] std::shared_ptr<const ImageView> join_images(std::vector<LinkedImage> images);

}  // namespace slack::image
