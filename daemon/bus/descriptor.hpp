// Descriptors that come with a message: taken over, and checked for what they are to serve for.
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/fd.hpp"

namespace slack::bus {

enum class Use { module, input, output, directory };

// A descriptor of our own for the same open file. Never blocks, whatever the file is. A fault names `what` ("option
// 'stdin'") and says what is wrong: EINVAL where the kind or the mode does not serve, else the kernel's reason.
[[nodiscard]] Expected<Fd> take_descriptor(int borrowed, Use use, std::string_view what);

}  // namespace slack::bus
