// The compiler: the bytes of a Wasm module in, an image (or the output of an earlier stage) out.
//
// This header is free of LLVM, so that what drives the compiler can be too.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "daemon/base/fault.hpp"
#include "jit/llvm/options.hpp"
#include "jit/wasm/module.hpp"

namespace slack::jit {

// Either the module's fault or ours.
using CompileError = std::variant<wasm::Refusal, Fault>;
using Compiled = tl::expected<std::vector<char>, CompileError>;

// Whether this compiler makes code for `metering`.
[[nodiscard]] bool is_available(Metering metering);

// `scratch` is a directory that the linker may use; see linker.hpp.
[[nodiscard]] Compiled compile(std::span<const std::uint8_t> bytes, const CompileOptions& options,
                               const std::string& scratch);

// Compiles a tiny module and throws the image away: everything that LLVM and lld set up on first use is then ready.
[[nodiscard]] Expected<void> warm_up(const std::string& scratch);

// LLVM's version and the processor that code is generated for by default.
[[nodiscard]] std::string describe_target();

}  // namespace slack::jit
