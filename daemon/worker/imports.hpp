// Imports: which host function each import of a module gets, by name and type.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "daemon/worker/image_file.hpp"
#include "jit/image/format.hpp"

namespace slack::worker {

// A signature in wasi.def's letters: "ill:i"; types beyond i32, i64, f32 and f64 are v, r and x.
[[nodiscard]] std::string signature_text(std::span<const image::ValueType> types, std::uint32_t parameters);

// Why a module is refused: "unknown import: module.name" or "incompatible import type: module.name".
using Refusal = std::string;

// The host function for an import, as an address for its slot. `measure` adds bench.start, bench.end, env.clock_ms.
[[nodiscard]] tl::expected<std::uint64_t, Refusal> resolve_import(std::string_view module, std::string_view name,
                                                                  image::ExternKind kind, std::string_view signature,
                                                                  bool measure);

}  // namespace slack::worker
