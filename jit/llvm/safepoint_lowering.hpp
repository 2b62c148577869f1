// From safepoint markers to safepoints: the last step before code generation.
//
// While a module is optimised a safepoint is a call that touches nothing the module can see, so it holds back no other
// memory access. Here it becomes what it stands for. In mode `slacked` that is a volatile store, with what the
// safepoint table needs as !pcsections (LLVM's "PC Sections Metadata"); only the code generator runs after this, and it
// carries that metadata along. In the modes that check for themselves it is a comparison and a branch to where the run
// ends.
#pragma once

#include <cstdint>

#include <llvm/IR/Module.h>

#include "daemon/wire/run_options.hpp"

namespace slack::jit {

// Section of the object file that LLVM fills: for each distinct metadata node, the program counters of all its
// instructions (each a 32-bit distance from where it stands itself), then kRecordMark, function, offset (32 bits each)
// and potential (64 bits).
inline constexpr char kRecordSection[] = "slack_safepoint_records";
// No distance: an image spans less than 1 GiB.
inline constexpr std::uint32_t kRecordMark = 0x7fff'ffff;

// The operands of a marker, in both of its forms.
enum SafepointOperand : unsigned {
  kFuelOperand,       // what is published
  kFunctionOperand,   // function index
  kOffsetOperand,     // of the operator in the module, in bytes
  kPotentialOperand,  // exact fuel less the published
  kMostOwedOperand,   // what that may be at the most: what at least has been spent since the function's entry
  kSafepointOperands
};

// Takes all markers away: mode `counted`, before the vectoriser.
void drop_safepoints(llvm::Module& module);

// Gives markers the form that the vectoriser and the unroller take no notice of: llvm.sideeffect, with the operands in
// its bundle. It seems to read all memory, so it would be in the way of earlier passes.
void soften_safepoints(llvm::Module& module);

// Whether it is a safepoint in that form.
[[nodiscard]] bool is_softened(const llvm::Instruction& instruction);

// Fuel between two copies of a safepoint of which both stay. They are less than this and the cost of a round apart
// then, and from safepoint to safepoint are no more than there would be without copies (jit/meter/poll_bounds.hpp).
inline constexpr std::uint64_t kMostMergedFuel = 8'192;

// Of each safepoint's copies in a block leaves the first, and of the others those that far apart: a vectorised or
// unrolled loop has as many as rounds in its body. The first one's fuel is the first element of a vector, which becomes
// a counter of its own.
bool merge_safepoints(llvm::Function& function);

void lower_safepoints(llvm::Module& module, Metering metering);

}  // namespace slack::jit
