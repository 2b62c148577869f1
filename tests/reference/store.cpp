// Loads and instantiates modules.
#include "tests/reference/store.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "daemon/base/wasm_numbers.hpp"
#include "jit/wasm/decode.hpp"

namespace slack::reference {

namespace {

constexpr std::uint64_t kPageBytes = 65536;
constexpr std::uint64_t kMostPages = 65536;

Value evaluate(const Instance& instance, const wasm::ConstantExpression& expression) {
  switch (expression.kind) {
    case wasm::ConstantExpression::Kind::constant:
      return {expression.low, expression.high};
    case wasm::ConstantExpression::Kind::global_get:
      return instance.globals[expression.index]->value;
    case wasm::ConstantExpression::Kind::ref_func:
      return {reinterpret_cast<std::uint64_t>(instance.functions[expression.index]), 0};
    case wasm::ConstantExpression::Kind::ref_null:
      break;
  }
  return {0, 0};
}

}  // namespace

Memory::Memory(wasm::Limits limits) : pages(limits.minimum), maximum(limits.maximum.value_or(kMostPages)) {
  void* const reserved = ::mmap(nullptr, kMostPages * kPageBytes, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) throw std::bad_alloc();
  bytes = static_cast<std::uint8_t*>(reserved);
}

Memory::~Memory() { ::munmap(bytes, kMostPages * kPageBytes); }

std::uint64_t Memory::size() const { return pages * kPageBytes; }

const wasm::Export* Instance::find(std::string_view name) const {
  const auto found = std::ranges::find(module.exports, name, &wasm::Export::name);
  return found != module.exports.end() ? &*found : nullptr;
}

Instance* Store::load(std::vector<std::uint8_t> bytes, std::uint32_t slot) {
  auto instance = std::make_unique<Instance>();
  instance->slot = slot;
  instance->bytes = std::move(bytes);
  auto module = wasm::decode(instance->bytes);
  if (!module || !wasm::validate(*module)) return nullptr;
  instance->module = std::move(*module);
  for (const auto& wanted : instance->module.imports)
    if (!import(*instance, wanted)) return nullptr;
  define(*instance);
  instances_.push_back(std::move(instance));
  return instances_.back().get();
}

bool Store::import(Instance& instance, const wasm::Import& wanted) {
  if (wanted.module == "host" && wanted.kind == wasm::ExternKind::function) {
    functions_.push_back({&instance, wanted.index, &instance.module.type_of(wanted.index), true, {}});
    instance.functions.push_back(&functions_.back());
    return true;
  }
  const auto from = names_.find(wanted.module);
  const auto* found = from != names_.end() ? from->second->find(wanted.name) : nullptr;
  if (found == nullptr || found->kind != wanted.kind) return false;
  const Instance& other = *from->second;
  switch (wanted.kind) {
    case wasm::ExternKind::function:
      instance.functions.push_back(other.functions[found->index]);
      return true;
    case wasm::ExternKind::table:
      instance.tables.push_back(other.tables[found->index]);
      return true;
    case wasm::ExternKind::memory:
      instance.memories.push_back(other.memories[found->index]);
      return true;
    case wasm::ExternKind::global:
      instance.globals.push_back(other.globals[found->index]);
      return true;
  }
  return false;
}

void Store::define(Instance& instance) {
  const wasm::Module& module = instance.module;
  for (auto i = module.imported_functions; i < module.functions.size(); ++i) {
    functions_.push_back({&instance, i, &module.type_of(i), false, {}});
    instance.functions.push_back(&functions_.back());
  }
  for (auto i = module.imported_tables; i < module.tables.size(); ++i) {
    const auto& limits = module.tables[i].limits;
    tables_.push_back({std::vector<std::uint64_t>(limits.minimum),
                       std::min(limits.maximum.value_or(kMaxTableElements), kMaxTableElements)});
    instance.tables.push_back(&tables_.back());
  }
  for (auto i = module.imported_memories; i < module.memories.size(); ++i)
    instance.memories.push_back(&memories_.emplace_back(module.memories[i].limits));
  for (auto i = module.imported_globals; i < module.globals.size(); ++i) {
    const auto& global = module.globals[i];
    globals_.push_back({global.type.type, evaluate(instance, *global.init)});
    instance.globals.push_back(&globals_.back());
  }
  instance.dropped_elements.resize(module.elements.size());
  instance.dropped_data.resize(module.data.size());
}

std::vector<std::uint64_t> references_of(const Instance& instance, const wasm::ElementSegment& segment) {
  std::vector<std::uint64_t> references;
  for (const auto& item : segment.items) references.push_back(evaluate(instance, item).low);
  return references;
}

std::optional<Trap> Store::initialise(Instance& instance) {
  const wasm::Module& module = instance.module;
  for (std::size_t i = 0; i < module.elements.size(); ++i) {
    const auto& segment = module.elements[i];
    if (segment.mode == wasm::SegmentMode::passive) continue;
    instance.dropped_elements[i] = true;
    if (segment.mode == wasm::SegmentMode::declared) continue;
    auto& elements = instance.tables[segment.table]->elements;
    const std::uint64_t at = static_cast<std::uint32_t>(evaluate(instance, segment.offset).low);
    if (at + segment.items.size() > elements.size()) return Trap::out_of_bounds_table_access;
    std::ranges::copy(references_of(instance, segment), elements.begin() + static_cast<std::ptrdiff_t>(at));
  }
  for (std::size_t i = 0; i < module.data.size(); ++i) {
    const auto& segment = module.data[i];
    if (segment.mode != wasm::SegmentMode::active) continue;
    instance.dropped_data[i] = true;
    Memory& memory = *instance.memories[segment.memory];
    const std::uint64_t at = static_cast<std::uint32_t>(evaluate(instance, segment.offset).low);
    if (at + segment.bytes.size() > memory.size()) return Trap::out_of_bounds_memory_access;
    std::ranges::copy(segment.bytes, memory.bytes + at);
  }
  return std::nullopt;
}

}  // namespace slack::reference
