// CompileOptions: what a compilation is asked for, and where it stops.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/wire/run_options.hpp"

namespace slack::jit {

// Every stage can stop the compilation and print.
enum class Stage : std::uint8_t {
  ir,            // as lowered, before any pass
  optimised_ir,  // as handed to the code generator
  assembly,
  table,  // the safepoint table, as text
  elf,    // the image
};

struct CompileOptions {
  Metering metering = Metering::slacked;
  bool canonical_nans = false;    // every NaN that arithmetic makes is the positive canonical one
  std::uint32_t slot = 0;         // of address_map: 0 the module that is run, others linked modules
  std::string cpu;                // LLVM's name of a processor; empty: this machine's, with exactly its features
  std::uint64_t layout_seed = 0;  // code_layout.hpp; 0: functions stand side by side
  // Bytes of function bodies that are compiled together (partition.hpp), for tests. Smaller partitions keep more
  // threads busy, larger ones share less code: with this, sqlite3 makes some ten.
  std::uint32_t partition_bytes = 64 << 10;
  std::string entry;          // export that must be a function, else the module is refused; empty: none
  bool always_quick = false;  // quick effort (effort.hpp) for functions of every size, for tests
  // pipeline.hpp: 2, or for measurements 1 (no vectorisers, no unrolling, less code generation) or 3 (LLVM's own
  // inlining threshold, its most eager unrolling and code generation).
  unsigned optimise = 2;
  std::vector<std::string> without;  // passes that are left out, by LLVM's names, for measurements
  Stage stage = Stage::elf;
};

}  // namespace slack::jit
