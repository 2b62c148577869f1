// CpuIdentity: what of this machine's processor generated code depends on.
#pragma once

#include <string>
#include <string_view>

namespace slack::cache {

// Model and features of the first processor, from the text of /proc/cpuinfo; empty if it does not tell them. What
// changes from one moment to the next (frequency) or one core to the next (number) is not in it.
[[nodiscard]] std::string cpu_identity(std::string_view cpuinfo);
// Of this machine.
[[nodiscard]] std::string cpu_identity();

}  // namespace slack::cache
