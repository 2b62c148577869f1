// The suite's module `spectest`: an ordinary module, and the host functions that it passes on.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "daemon/worker/imports.hpp"

namespace slack::spec {

[[nodiscard]] std::span<const std::uint8_t> spectest_module();

// As worker::HostFunctions.
[[nodiscard]] tl::expected<std::uint64_t, worker::Refusal> spectest_host(std::string_view module, std::string_view name,
                                                                         image::ExternKind kind,
                                                                         std::string_view signature);

}  // namespace slack::spec
