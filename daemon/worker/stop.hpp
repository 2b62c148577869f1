// Stop: why a worker cannot go on with its run, as its report says it.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "daemon/base/fault.hpp"
#include "daemon/wire/worker_protocol.hpp"

namespace slack::worker {

struct Stop {
  wire::End end = wire::End::fault;  // refused, misinvoked, limit or fault
  std::string text;
};
template <typename T>
using Prepared = tl::expected<T, Stop>;

[[nodiscard]] inline tl::unexpected<Stop> refuse(std::string text) {
  return tl::unexpected<Stop>(Stop{wire::End::refused, std::move(text)});
}
[[nodiscard]] inline tl::unexpected<Stop> misinvoked(std::string text) {
  return tl::unexpected<Stop>(Stop{wire::End::misinvoked, std::move(text)});
}
[[nodiscard]] inline tl::unexpected<Stop> over_limit(std::string name) {
  return tl::unexpected<Stop>(Stop{wire::End::limit, std::move(name)});
}
[[nodiscard]] inline tl::unexpected<Stop> stop_for(const Fault& fault) {
  return tl::unexpected<Stop>(Stop{wire::End::fault, fault.what});
}

}  // namespace slack::worker
