// The image header and everything it points to, as constants of the LLVM module, so that the linker places them.
#pragma once

#include "jit/llvm/environment.hpp"

namespace slack::jit {

// Adds slack_image_header, and with it the thunks of all exported functions and of the start function.
void add_image_constants(Environment& environment);

}  // namespace slack::jit
