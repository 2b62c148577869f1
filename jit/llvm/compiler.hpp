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
#include "jit/llvm/crew.hpp"
#include "jit/llvm/options.hpp"
#include "jit/wasm/module.hpp"

namespace slack::jit {

// Either the module's fault or ours.
using CompileError = std::variant<wasm::Refusal, Fault>;
using Compiled = tl::expected<std::vector<char>, CompileError>;

// `scratch` is a directory that the linker may use, or empty; see linker.hpp. `crew`: with whom; null: this thread
// alone. The image is the same, to the byte. What LLVM cannot go on from ends the process with status
// 70, and a lack of memory as out_of_memory() does.
[[nodiscard]] Compiled compile(std::span<const std::uint8_t> bytes, const CompileOptions& options,
                               const std::string& scratch, Crew* crew = nullptr);

// Ends the process with wire::kCompilerOutOfMemory, and says so: nobody here gets on without the memory that he asked
// for. Also what operator new is to call.
[[noreturn]] void out_of_memory();

// For lack of a directory the linker works in memory, and needs /proc.
inline constexpr char kNoScratch[] = "";

// Compiles a tiny module and throws the image away: everything that LLVM and lld set up on first use is then ready.
[[nodiscard]] Expected<void> warm_up(const std::string& scratch);

// LLVM's version and the processor that code is generated for by default.
[[nodiscard]] std::string describe_target();

}  // namespace slack::jit
