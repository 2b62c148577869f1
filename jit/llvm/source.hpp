// Source: what the partitions of one compilation have in common. Nothing of it changes while they are at work.
#pragma once

#include <string>
#include <vector>

#include "jit/llvm/function_symbols.hpp"
#include "jit/llvm/options.hpp"
#include "jit/llvm/partition.hpp"
#include "jit/meter/cost.hpp"
#include "jit/meter/poll_plan.hpp"
#include "jit/wasm/module.hpp"

namespace slack::jit {

struct Source {
  // `wasm` is validated; it and `options` outlive this.
  Source(const wasm::Module& module, const CompileOptions& compile_options)
      : wasm(module),
        options(compile_options),
        partitioning(partition(module, compile_options.partition_bytes, compile_options.always_quick)),
        symbols(function_symbols(module)),
        polls(meter::plan_polls(module, costs)) {}

  const wasm::Module& wasm;
  const CompileOptions& options;
  const Partitioning partitioning;
  const std::vector<std::string> symbols;  // by function index
  const meter::CostTable costs;
  const meter::PollPlan polls;
};

}  // namespace slack::jit
