// Instances in this process, by the worker's runtime.
#include "tests/spec-run/store.hpp"

#include <sys/mman.h>

#include <algorithm>

#include "daemon/base/fd.hpp"
#include "daemon/worker/address_space.hpp"
#include "daemon/worker/fault_handler.hpp"
#include "daemon/worker/invocation.hpp"
#include "daemon/worker/process.hpp"
#include "daemon/worker/safepoint.hpp"
#include "tests/spec-run/spectest.hpp"

namespace slack::spec {

using worker::process;

namespace {

// No script of the suite comes near; it asks for memories of 4 GiB that it does not touch.
constexpr std::uint64_t kMemoryBytes = std::uint64_t{1} << 40;

void unmap(std::uint64_t address, std::uint64_t bytes) { ::munmap(reinterpret_cast<void*>(address), bytes); }

}  // namespace

Expected<std::unique_ptr<Store>> Store::make(Metering metering) {
  auto page = make_memfd("safepoint");
  if (!page) return tl::unexpected(page.error());
  if (::ftruncate(page->get(), address_map::kPageBytes) < 0) return fail("ftruncate");
  if (auto mapped = worker::map_safepoint_page(std::move(*page)); !mapped) return tl::unexpected(mapped.error());
  if (auto reserved = worker::reserve_memory(0); !reserved) return tl::unexpected(reserved.error());
  const auto stack = worker::map_stack();
  if (!stack) return tl::unexpected(stack.error());
  process.stack = stack->usable;
  process.stack_guard = stack->guard;
  if (auto mapped = worker::map_signal_stack(); !mapped) return tl::unexpected(mapped.error());
  process.publishes = metering == Metering::slacked;
  return std::unique_ptr<Store>(new Store());
}

std::optional<std::uint32_t> Store::free_slot() const {
  for (std::uint32_t slot = 0; slot < kSpectestSlot; ++slot)
    if (process.instances[slot] == nullptr) return slot;
  return std::nullopt;
}

worker::Prepared<void> Store::load(int image, std::uint32_t slot) {
  auto loaded = worker::load_instance(image, slot, "slot " + std::to_string(slot));
  if (!loaded) return tl::unexpected(loaded.error());
  auto linked = worker::link(**loaded, linked_, spectest_host);
  if (linked) linked = worker::check_limits(**loaded, linked_);
  if (linked) linked = digests_.add(**loaded);
  if (!linked) forget(slot);
  if (linked && observer != nullptr) observer->loaded(image, slot);
  return linked;
}

worker::Prepared<Ending> Store::instantiate(std::uint32_t slot) {
  std::optional<worker::Stop> stop;
  process.memory_left = kMemoryBytes;
  const auto ending = enter_code(slot, [&](worker::Instance& instance) {
    const auto done = worker::instantiate(instance);
    if (!done) stop = done.error();
    return done && *done && worker::call_start(instance);
  });
  if (stop) return tl::unexpected(*stop);
  return ending;
}

void Store::enter(std::string name, std::uint32_t slot) {
  names_.push_back(std::move(name));
  linked_.insert(linked_.begin(), {names_.back(), process.instances[slot].get()});
}

void Store::forget(std::uint32_t slot) {
  auto& instance = process.instances[slot];
  std::erase_if(linked_, [&](const worker::Linked& each) { return each.instance == instance.get(); });
  const auto image = address_map::image_of(slot);
  const auto context = address_map::context_of(slot);
  unmap(image.begin, image.bytes());
  unmap(context.begin, context.bytes());
  if (slot == 0) {
    // Slot 0 keeps its reserve, closed and empty.
    const auto memory = address_map::memory_of(slot);
    unmap(memory.begin, memory.bytes());
    (void)worker::reserve_memory(0);
  } else {
    unmap(address_map::memory_of(slot).begin, address_map::memory_of(slot).bytes());
  }
  process.texts[slot] = {};
  if (process.current == instance.get()) process.current = nullptr;
  instance.reset();
}

worker::Instance& Store::instance(std::uint32_t slot) const { return *process.instances[slot]; }

bool Store::shares_references(std::uint32_t slot) const {
  const worker::Instance& its = instance(slot);
  return its.header->element_count != 0 && std::ranges::any_of(its.imports(), [](const image::Import& import) {
           return import.kind == image::ExternKind::table || import.kind == image::ExternKind::global;
         });
}

template <typename Call>
Ending Store::enter_code(std::uint32_t slot, Call call) {
  worker::Instance& instance = *process.instances[slot];
  // One handling is all that it is installed for.
  (void)worker::install_fault_handler();
  process.report = {};
  process.current = &instance;
  instance.context->fuel = 0;
  worker::publish(Fuel(0));
  Ending ending;
  if (observer != nullptr) observer->before_code();
  const bool returned = call(instance);
  if (observer != nullptr) observer->after_code();
  if (!returned && process.report.end == wire::End::trapped) ending.trap = static_cast<Trap>(process.report.trap);
  ending.fuel = returned ? instance.context->fuel : process.report.fuel;
  ending.published = worker::published().count();
  ending.slot = process.report.instance;
  ending.function = process.report.function;
  ending.offset = process.report.offset;
  return ending;
}

Ending Store::call(std::uint32_t slot, std::uint64_t thunk, services::Value* values) {
  return enter_code(slot, [&](worker::Instance& instance) { return worker::call(instance, thunk, values); });
}

}  // namespace slack::spec
