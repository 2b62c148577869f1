// A Fault says that slackd itself failed; it is never the verdict on a run (that is wire/verdict.hpp).
#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace slack {

// `code` is an errno value, chosen so that a caller can tell what to do; `what` names the thing and the operation.
struct Fault {
  int code = EIO;
  std::string what;
};

template <typename T>
using Expected = tl::expected<T, Fault>;

// A fault from an errno value (the current errno by default): "open /x: No such file or directory".
[[nodiscard]] Fault fault_from_errno(std::string_view operation, int error_number = errno);

[[nodiscard]] inline tl::unexpected<Fault> fail(std::string_view operation, int error_number = errno) {
  return tl::unexpected<Fault>(fault_from_errno(operation, error_number));
}
[[nodiscard]] inline tl::unexpected<Fault> fail(Fault fault) { return tl::unexpected<Fault>(std::move(fault)); }

}  // namespace slack
