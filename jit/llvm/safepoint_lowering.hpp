// From safepoint markers to safepoints: the last step before code generation.
//
// While a module is optimised a safepoint is a call that touches nothing the module can see, so it holds back no other
// memory access. Here it becomes the volatile store it stands for, with what the safepoint table needs as !pcsections
// (LLVM's "PC Sections Metadata"). Only the code generator runs after this, and it carries that metadata along.
#pragma once

#include <cstdint>

#include <llvm/IR/Module.h>

namespace slack::jit {

// Section of the object file that LLVM fills: for each distinct metadata node, the program counters of all its
// instructions (each a 32-bit distance from where it stands itself), then kRecordMark, function, offset (32 bits each)
// and potential (64 bits).
inline constexpr char kRecordSection[] = "slack_safepoint_records";
// No distance: an image spans less than 1 GiB.
inline constexpr std::uint32_t kRecordMark = 0x7fff'ffff;

void lower_safepoints(llvm::Module& module);

}  // namespace slack::jit
