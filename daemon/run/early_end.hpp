// EarlyEnd: the verdict on a run that never got as far as the monitor, with its evidence.
#pragma once

#include <optional>
#include <string>

#include "daemon/base/units.hpp"
#include "daemon/wire/verdict.hpp"
#include "daemon/wire/worker_protocol.hpp"

namespace slack::run {

struct EarlyEnd {
  Verdict verdict = Verdict::crashed;
  std::string reason;
  std::optional<WasmOffset> offset;          // refused: where in the .wasm file
  std::optional<wire::WorkerReport> report;  // what the worker said, if it was the worker
};

// The end of a run that slackd itself could not serve: a verdict all the same, since the client has its object by then.
[[nodiscard]] inline EarlyEnd fault_end(const std::string& what) {
  return EarlyEnd{Verdict::crashed, "fault of slackd: " + what, std::nullopt, std::nullopt};
}

}  // namespace slack::run
