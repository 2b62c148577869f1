// CompileOptions: what a compilation is asked for, and where it stops.
#pragma once

#include <cstdint>
#include <string>

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
  Stage stage = Stage::elf;
};

}  // namespace slack::jit
