// Validates a module: everything outside function bodies here, the bodies by BodyValidator.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "jit/wasm/body_stack.hpp"
#include "jit/wasm/body_validator.hpp"
#include "jit/wasm/decode.hpp"
#include "jit/wasm/limits.hpp"

namespace slack::wasm {
namespace {

class ModuleValidator {
 public:
  explicit ModuleValidator(Module& module) : module_(module) {}

  // Order as in section 3.4.10: a module that breaks several rules is refused for the first.
  bool run() {
    return functions() && tables() && memories() && elements() && data() && globals() && start() && exports();
  }
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

 private:
  bool invalid(WasmOffset where, std::string reason) {
    refusal_ = Refusal{Refusal::Kind::invalid, std::move(reason), where};
    return false;
  }
  bool known(std::string_view what, std::uint32_t index, std::size_t size, WasmOffset where) {
    return index < size || invalid(where, fmt::format("unknown {} {}", what, index));
  }

  bool functions() {
    for (const Function& function : module_.functions) {
      if (!known("type", function.type, module_.types.size(), function.offset)) return false;
    }
    return true;
  }

  bool ordered(const Limits& limits, WasmOffset where) {
    return !limits.maximum || limits.minimum <= *limits.maximum ||
           invalid(where, "size minimum must not be greater than maximum");
  }

  bool tables() {
    for (const TableType& table : module_.tables) {
      if (!ordered(table.limits, table.offset)) return false;
      if (table.limits.minimum > limits::kTableElements.most) {
        refusal_ = over_limit(table.limits.minimum, limits::kTableElements, table.offset);
        return false;
      }
    }
    return true;
  }

  bool memories() {
    for (const MemoryType& memory : module_.memories) {
      if (std::max(memory.limits.minimum, memory.limits.maximum.value_or(0)) > limits::kMemoryPages) {
        return invalid(memory.offset, "memory size must be at most 65536 pages (4GiB)");
      }
      if (!ordered(memory.limits, memory.offset)) return false;
    }
    return module_.memories.size() <= 1 || invalid(module_.memories[1].offset, "multiple memories");
  }

  // A constant expression of type `type`; whatever it refers to is marked.
  bool constant(const ConstantExpression& expression, ValueType type) {
    if (expression.kind == ConstantExpression::Kind::ref_func) {
      if (!known("function", expression.index, module_.functions.size(), expression.offset)) return false;
      module_.functions[expression.index].referenced = true;
    }
    if (expression.kind == ConstantExpression::Kind::global_get) {
      // 2.0 lets constant expressions see imported globals only.
      if (!known("global", expression.index, module_.imported_globals, expression.offset)) return false;
      if (module_.globals[expression.index].type.is_mutable) {
        return invalid(expression.offset, "constant expression required");
      }
    }
    return expression.type == type ||
           invalid(expression.offset, fmt::format("type mismatch: the initialiser must be {}, found {}", name_of(type),
                                                  name_of(expression.type)));
  }

  bool elements() {
    for (const ElementSegment& segment : module_.elements) {
      if (segment.mode == SegmentMode::active) {
        if (!known("table", segment.table, module_.tables.size(), segment.file_offset)) return false;
        const ValueType element = module_.tables[segment.table].element;
        if (element != segment.type) {
          return invalid(segment.file_offset, fmt::format("type mismatch: elements of {} for a table of {}",
                                                          name_of(segment.type), name_of(element)));
        }
        if (!constant(segment.offset, ValueType::i32)) return false;
      }
      for (const ConstantExpression& item : segment.items) {
        if (!constant(item, segment.type)) return false;
      }
    }
    return true;
  }

  bool data() {
    for (const DataSegment& segment : module_.data) {
      if (segment.mode != SegmentMode::active) continue;
      if (!known("memory", segment.memory, module_.memories.size(), segment.file_offset)) return false;
      if (!constant(segment.offset, ValueType::i32)) return false;
    }
    return true;
  }

  bool globals() {
    for (const Global& global : module_.globals) {
      if (global.init && !constant(*global.init, global.type.type)) return false;
    }
    return true;
  }

  bool start() {
    if (!module_.start) return true;
    if (!known("function", *module_.start, module_.functions.size(), module_.start_offset)) return false;
    const FunctionType& type = module_.type_of(*module_.start);
    return (type.parameters.empty() && type.results.empty()) ||
           invalid(module_.start_offset, "start function must have neither parameters nor results");
  }

  bool exports() {
    std::vector<std::pair<std::string_view, std::uint64_t>> names;
    names.reserve(module_.exports.size());
    for (const Export& entry : module_.exports) {
      if (!exported(entry)) return false;
      names.emplace_back(entry.name, entry.offset.count());
    }
    // Sorted, not hashed: no choice of names makes it slow.
    std::sort(names.begin(), names.end());
    for (std::size_t i = 1; i < names.size(); ++i) {
      if (names[i].first == names[i - 1].first) {
        return invalid(WasmOffset(names[i].second), fmt::format("duplicate export name \"{}\"", names[i].first));
      }
    }
    return true;
  }

  bool exported(const Export& entry) {
    switch (entry.kind) {
      case ExternKind::function:
        if (!known("function", entry.index, module_.functions.size(), entry.offset)) return false;
        module_.functions[entry.index].referenced = true;
        return true;
      case ExternKind::table:
        return known("table", entry.index, module_.tables.size(), entry.offset);
      case ExternKind::memory:
        return known("memory", entry.index, module_.memories.size(), entry.offset);
      case ExternKind::global:
        return known("global", entry.index, module_.globals.size(), entry.offset);
    }
    return false;
  }

  Module& module_;
  Refusal refusal_;
};

}  // namespace

Checked<void> validate(Module& module) {
  ModuleValidator outside(module);
  if (!outside.run()) return tl::unexpected<Refusal>(outside.refusal());
  BodyValidator bodies(module);
  for (std::size_t i = module.imported_functions; i < module.functions.size(); ++i) {
    if (auto checked = bodies.validate(module.functions[i]); !checked) return checked;
  }
  return {};
}

}  // namespace slack::wasm
