// One instance of a compiled module at the fixed addresses of this process.
#include "tests/spec-run/instance.hpp"

#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <string_view>

#include "daemon/base/address_map.hpp"

namespace slack::spec {

namespace {

constexpr std::uint64_t kStackBytes = 1 << 20;
constexpr std::uint64_t kGuardBytes = 1 << 16;

Instance* the_instance = nullptr;
sigjmp_buf return_point;
std::optional<Trap> trapped;
ucontext_t host_context;
std::uintptr_t stack_bottom = 0;

template <typename T>
T* at(std::uint64_t address) {
  return reinterpret_cast<T*>(address);  // NOLINT: fixed addresses are the subject of this file
}

Expected<void> map_fixed(std::uint64_t address, std::uint64_t bytes, int protection) {
  const auto rounded = (bytes + address_map::kPageBytes - 1) & -address_map::kPageBytes;
  void* mapped = ::mmap(at<void>(address), rounded, protection,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (mapped == MAP_FAILED) return fail("mmap at a fixed address");
  return {};
}

void on_segv(int, siginfo_t* info, void* context) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  const auto pc = static_cast<std::uint64_t>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
  const auto& header = the_instance->header();
  if (address >= address_map::kMemory && address < address_map::kMemoryEnd && pc >= header.text_begin &&
      pc < header.text_end) {
    trapped = Trap::out_of_bounds_memory_access;
  } else if (address >= stack_bottom && address < stack_bottom + kGuardBytes) {
    trapped = Trap::call_stack_exhausted;
  } else {
    ::signal(SIGSEGV, SIG_DFL);
    return;
  }
  siglongjmp(return_point, 1);
}

struct Invocation {
  services::Thunk thunk;
  std::uint64_t fuel;
  services::Value* values;
} invocation;

void enter() { invocation.fuel = invocation.thunk(0, invocation.values); }

}  // namespace

Instance& Instance::current() { return *the_instance; }
ContextHead& Instance::head() const { return *at<ContextHead>(address_map::kContext); }
TableDescriptor& Instance::table(std::uint32_t index) const {
  return *at<TableDescriptor>(address_map::kContext + layout_.table(index));
}
services::Value Instance::global(std::uint32_t index) const {
  return *at<services::Value>(address_map::kContext + layout_.global(index));
}

Expected<Instance*> Instance::create(int image) {
  auto view = image::ImageView::open(image);
  if (!view) return tl::unexpected(view.error());
  the_instance = new Instance();  // lives as long as the process, like what it maps
  auto& self = *the_instance;
  self.view_ = std::move(*view);
  if (auto mapped = self.map_segments(image); !mapped) return tl::unexpected(mapped.error());
  self.header_ = at<image::ImageHeader>(self.view_->header_address());
  self.layout_ = {self.header_->table_count, self.header_->imported_function_count, self.header_->global_count};
  if (auto mapped = map_fixed(address_map::kSafepoint, address_map::kPageBytes, PROT_READ | PROT_WRITE); !mapped) {
    return tl::unexpected(mapped.error());
  }
  if (auto mapped = map_fixed(address_map::kContext, self.layout_.size(), PROT_READ | PROT_WRITE); !mapped) {
    return tl::unexpected(mapped.error());
  }
  if (auto mapped = self.map_memory(); !mapped) return tl::unexpected(mapped.error());
  install_services(self.head());
  if (auto linked = self.link_imports(); !linked) return tl::unexpected(linked.error());
  if (auto made = self.make_tables(); !made) return tl::unexpected(made.error());
  self.make_globals();
  self.dropped_data.resize(self.header_->data_count);
  self.dropped_elements.resize(self.header_->element_count);
  return the_instance;
}

Expected<void> Instance::map_segments(int image) {
  for (const auto& segment : view_->segments()) {
    const int protection = PROT_READ | (segment.executable ? PROT_EXEC : 0) | (segment.writable ? PROT_WRITE : 0);
    void* mapped = ::mmap(at<void>(segment.address), segment.memory_bytes, protection,
                          MAP_PRIVATE | MAP_FIXED_NOREPLACE, image, static_cast<off_t>(segment.file_offset));
    if (mapped == MAP_FAILED) return fail("mmap of the image");
  }
  return {};
}

Expected<void> Instance::map_memory() {
  if (auto mapped = map_fixed(address_map::kMemory, address_map::kMemoryReserve, PROT_NONE); !mapped) return mapped;
  const auto& memory = header_->memory;
  auto maximum = memory.maximum_pages;
  auto minimum = memory.minimum_pages;
  if (memory.imported != 0) {  // spectest's memory: 1 page, at most 2
    minimum = 1;
    maximum = 2;
  }
  head().memory_limit = memory.present ? maximum * address_map::kWasmPageBytes : 0;
  if (!grow_memory(memory.present ? minimum * address_map::kWasmPageBytes : 0)) return fail("grow memory");
  return {};
}

bool Instance::grow_memory(std::uint64_t bytes) {
  if (bytes != 0 && ::mprotect(at<void>(address_map::kMemory), bytes, PROT_READ | PROT_WRITE) < 0) return false;
  head().memory_bytes = bytes;
  return true;
}

Expected<void> Instance::link_imports() {
  const auto* imports = at<const image::Import>(header_->imports);
  for (std::uint32_t i = 0; i < header_->import_count; ++i) {
    const auto text = [](const image::Text& name) { return std::string_view(at<const char>(name.bytes), name.size); };
    const auto name = std::string(text(imports[i].module)) + "." + std::string(text(imports[i].name));
    if (text(imports[i].module) != "spectest") return fail(Fault{ENOTSUP, "imports " + name});
    if (imports[i].kind == image::ExternKind::function) {
      const auto function = spectest_function(text(imports[i].name));
      if (function == 0) return fail(Fault{ENOTSUP, "imports " + name});
      *at<std::uint64_t>(address_map::kContext + layout_.import_slot(imports[i].index)) = function;
    } else if (imports[i].kind == image::ExternKind::global) {
      auto& value = *at<services::Value>(address_map::kContext + layout_.global(imports[i].index));
      const auto type = at<const image::Global>(header_->globals)[imports[i].index].type;
      switch (type) {
        case image::ValueType::f32:
          value.low = std::bit_cast<std::uint32_t>(666.6f);
          break;
        case image::ValueType::f64:
          value.low = std::bit_cast<std::uint64_t>(666.6);
          break;
        default:
          value.low = 666;
      }
    }
  }
  return {};
}

Expected<void> Instance::make_tables() {
  const auto* tables = at<const image::Table>(header_->tables);
  for (std::uint32_t i = 0; i < header_->table_count; ++i) {
    const bool imported = tables[i].imported != 0;  // spectest's table: 10 elements, at most 20
    const std::uint32_t size = imported ? 10 : tables[i].minimum;
    const std::uint32_t maximum = imported ? 20 : tables[i].maximum;
    void* elements = ::mmap(nullptr, std::uint64_t{8} * std::max(size, kMostTableElements), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (elements == MAP_FAILED) return fail("mmap of a table");
    table(i) = {reinterpret_cast<std::uint64_t>(elements), size, maximum};
  }
  return {};
}

services::Value Instance::evaluate(const image::InitExpression& init) const {
  if (init.kind == image::InitKind::imported_global) return global(init.global);
  return {init.low, init.high};
}

void Instance::make_globals() {
  std::uint32_t first = 0;
  for (std::uint32_t i = 0; i < header_->import_count; ++i) {
    if (at<const image::Import>(header_->imports)[i].kind == image::ExternKind::global) ++first;
  }
  const auto* globals = at<const image::Global>(header_->globals);
  for (std::uint32_t i = first; i < header_->global_count; ++i) {
    *at<services::Value>(address_map::kContext + layout_.global(i)) = evaluate(globals[i].init);
  }
}

std::uint64_t Instance::resolve(std::uint64_t reference) const {
  return (reference & 1) != 0 ? global(static_cast<std::uint32_t>(reference >> 1)).low : reference;
}

Ending Instance::instantiate() {
  const auto* elements = at<const image::ElementSegment>(header_->elements);
  for (std::uint32_t i = 0; i < header_->element_count; ++i) {
    if (elements[i].mode == image::SegmentMode::active) {
      const auto offset = static_cast<std::uint32_t>(evaluate(elements[i].offset).low);
      auto& to = table(elements[i].table);
      if (std::uint64_t{offset} + elements[i].count > to.size) return {Trap::out_of_bounds_table_access, 0, 0};
      for (std::uint32_t j = 0; j < elements[i].count; ++j) {
        at<std::uint64_t>(to.elements)[offset + j] = resolve(at<const std::uint64_t>(elements[i].references)[j]);
      }
    }
    if (elements[i].mode != image::SegmentMode::passive) dropped_elements[i] = true;
  }
  const auto* data = at<const image::DataSegment>(header_->data);
  for (std::uint32_t i = 0; i < header_->data_count; ++i) {
    if (data[i].mode != image::SegmentMode::active) continue;
    const auto offset = static_cast<std::uint32_t>(evaluate(data[i].offset).low);
    if (offset + data[i].size > head().memory_bytes) return {Trap::out_of_bounds_memory_access, 0, 0};
    if (data[i].size != 0) std::memcpy(at<char>(address_map::kMemory + offset), at<char>(data[i].bytes), data[i].size);
    dropped_data[i] = true;
  }
  if (header_->start_thunk == 0) return {};
  auto ending = call(header_->start_thunk, nullptr);
  ending.fuel += 2;  // the call of a start function
  return ending;
}

const image::Export* Instance::find_export(const std::string& name) const {
  const auto* exports = at<const image::Export>(header_->exports);
  for (std::uint32_t i = 0; i < header_->export_count; ++i) {
    if (std::string_view(at<const char>(exports[i].name.bytes), exports[i].name.size) == name) return &exports[i];
  }
  return nullptr;
}

Ending Instance::call(std::uint64_t thunk, services::Value* values) {
  static std::uint8_t* stack = [] {
    auto* memory = static_cast<std::uint8_t*>(
        ::mmap(nullptr, kStackBytes + kGuardBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ::mprotect(memory, kGuardBytes, PROT_NONE);
    stack_bottom = reinterpret_cast<std::uintptr_t>(memory);
    static std::uint8_t signal_stack[1 << 16];
    const stack_t alternate{signal_stack, 0, sizeof(signal_stack)};
    ::sigaltstack(&alternate, nullptr);
    struct sigaction action{};
    action.sa_sigaction = on_segv;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    ::sigaction(SIGSEGV, &action, nullptr);
    return memory;
  }();
  *at<std::uint64_t>(address_map::kSafepoint) = 0;
  trapped.reset();
  invocation = {reinterpret_cast<services::Thunk>(thunk), 0, values};
  if (sigsetjmp(return_point, 0) == 0) {
    ucontext_t guest;
    ::getcontext(&guest);
    guest.uc_stack.ss_sp = stack + kGuardBytes;
    guest.uc_stack.ss_size = kStackBytes;
    guest.uc_link = &host_context;
    ::makecontext(&guest, enter, 0);
    ::swapcontext(&host_context, &guest);
  }
  Ending ending;
  ending.trap = trapped;
  ending.published = *at<std::uint64_t>(address_map::kSafepoint);
  const bool by_signal = trapped == Trap::out_of_bounds_memory_access || trapped == Trap::call_stack_exhausted;
  ending.fuel = !trapped ? invocation.fuel : by_signal ? ending.published : head().fuel;
  return ending;
}

void Instance::trap(Trap trap) {
  trapped = trap;
  siglongjmp(return_point, 1);
}

}  // namespace slack::spec
