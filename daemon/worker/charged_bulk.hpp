// Bulk operators as the module pays for them: in chunks, one fuel a byte or element, a host safepoint between.
#pragma once

#include "daemon/worker/bulk.hpp"
#include "daemon/worker/process.hpp"

namespace slack::worker {

// Charged chunk by chunk, so that what is published never runs ahead of what was done. step(offset, part) as in
// in_chunks.
template <typename Step>
void by_chunks(std::uint32_t length, std::uint32_t chunk, bool downwards, Step step) {
  in_chunks(
      length, chunk, downwards,
      [&](std::uint32_t at, std::uint32_t part) {
        step(at, part);
        process.current->context->fuel += part;
      },
      host_safepoint);
}

}  // namespace slack::worker
