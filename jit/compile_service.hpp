// The life of one confined compiler: a request comes, an image and a reply go, and that was it.
#pragma once

#include <functional>

#include "daemon/base/fd.hpp"

namespace slack::jit {

// Speaks daemon/wire/compiler_protocol.hpp on `socket`. `enter_sandbox` is called before the module is looked at,
// when all threads are there; `scratch` is a directory of this process alone. Returns an exit status.
[[nodiscard]] int serve_compile_request(Fd socket, const std::function<Expected<void>()>& enter_sandbox,
                                        const std::string& scratch);

}  // namespace slack::jit
