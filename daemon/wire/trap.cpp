// Looks trap messages up in trap.def.
#include "daemon/wire/trap.hpp"

#include <array>

namespace slack {

std::string_view message_of(Trap trap) {
  static constexpr std::array kMessages{
#define X(name, message) std::string_view(message),
#include "daemon/wire/trap.def"
#undef X
  };
  const auto index = static_cast<std::size_t>(trap);
  return index < kMessages.size() ? kMessages[index] : "unknown trap";
}

}  // namespace slack
