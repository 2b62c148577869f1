// Loads the skeleton, hands out slots, and keeps the program attached only as long as somebody is watched.
#include "kmod-free-bpf/safepoint_probe.hpp"

#include <bpf/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <vector>

#include "daemon/base/address_map.hpp"
#include "kmod-free-bpf/safepoint.h"
#include "safepoint.skel.h"

namespace slack::bpf {
namespace {

static_assert(SLACK_SAFEPOINT_PAGE == address_map::kSafepoint);
static_assert(sizeof(slack_safepoint_record) % 8 == 0, "the kernel strides array elements by 8");
static_assert(SLACK_GENERAL_REGISTERS == std::tuple_size_v<decltype(Registers::general)>);

// libbpf explains failures only through its print hook. The last warning is the most specific one; the verifier's log
// of many lines is cut.
thread_local std::string last_warning;

int keep_warning(libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN) return 0;
  char line[256];
  std::vsnprintf(line, sizeof line, format, arguments);
  last_warning = line;
  while (!last_warning.empty() && last_warning.back() == '\n') last_warning.pop_back();
  return 0;
}

// While it lives libbpf's messages go to last_warning and not to stderr.
class CapturedWarnings {
 public:
  CapturedWarnings() : previous_(libbpf_set_print(keep_warning)) { last_warning.clear(); }
  ~CapturedWarnings() { libbpf_set_print(previous_); }
  CapturedWarnings(const CapturedWarnings&) = delete;
  CapturedWarnings& operator=(const CapturedWarnings&) = delete;

 private:
  libbpf_print_fn_t previous_;
};

Fault cannot_load(int error) {
  if (error == EPERM || error == EACCES)
    return Fault{error, "loading the program is not permitted: it takes CAP_BPF and CAP_PERFMON"};
  if (::access("/sys/kernel/btf/vmlinux", R_OK) != 0)
    return Fault{ENOENT, "the kernel gives no type information: /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)"};
  Fault fault = fault_from_errno("load the safepoint program", error);
  if (!last_warning.empty()) fault.what += " (" + last_warning + ")";
  return fault;
}

std::size_t map_bytes() {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return (sizeof(slack_safepoint_record) * SLACK_SAFEPOINT_SLOTS + page - 1) / page * page;
}

std::uint64_t load(const unsigned long long& word) { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); }

}  // namespace

struct SafepointProbe::Loaded {
  safepoint_skeleton* skeleton = nullptr;
  const slack_safepoint_record* records = nullptr;

  mutable std::mutex mutex;
  bpf_link* link = nullptr;
  std::vector<std::uint32_t> free_slots;
  std::vector<std::uint32_t> generations = std::vector<std::uint32_t>(SLACK_SAFEPOINT_SLOTS, 0);
  std::uint32_t watched = 0;

  ~Loaded() {
    if (link != nullptr) bpf_link__destroy(link);
    if (records != nullptr) ::munmap(const_cast<slack_safepoint_record*>(records), map_bytes());
    safepoint_skeleton__destroy(skeleton);
  }
};

SafepointProbe::SafepointProbe(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
SafepointProbe::~SafepointProbe() = default;

Expected<std::unique_ptr<SafepointProbe>> SafepointProbe::open() {
  const CapturedWarnings captured;
  auto loaded = std::make_unique<Loaded>();
  loaded->skeleton = safepoint_skeleton__open();
  if (loaded->skeleton == nullptr) return fail(cannot_load(errno));
  if (const int error = safepoint_skeleton__load(loaded->skeleton); error != 0) return fail(cannot_load(-error));

  void* mapped = ::mmap(nullptr, map_bytes(), PROT_READ, MAP_SHARED, bpf_map__fd(loaded->skeleton->maps.records), 0);
  if (mapped == MAP_FAILED) return fail("map the safepoint records");
  loaded->records = static_cast<const slack_safepoint_record*>(mapped);
  loaded->free_slots.reserve(SLACK_SAFEPOINT_SLOTS);
  for (std::uint32_t i = SLACK_SAFEPOINT_SLOTS; i > 0; --i) loaded->free_slots.push_back(i - 1);
  return std::unique_ptr<SafepointProbe>(new SafepointProbe(std::move(loaded)));
}

Expected<Slot> SafepointProbe::watch(int pidfd) {
  const std::scoped_lock lock(loaded_->mutex);
  if (loaded_->free_slots.empty()) return fail("watch a safepoint: every slot is in use", ENOSPC);
  if (loaded_->link == nullptr) {
    const CapturedWarnings captured;
    loaded_->link = bpf_program__attach(loaded_->skeleton->progs.on_page_fault);
    if (loaded_->link == nullptr) return fail("attach the safepoint program");
  }
  const std::uint32_t index = loaded_->free_slots.back();
  const slack_slot value{index, ++loaded_->generations[index]};
  if (bpf_map_update_elem(bpf_map__fd(loaded_->skeleton->maps.watched), &pidfd, &value, BPF_NOEXIST) != 0)
    return fail("watch a safepoint");
  loaded_->free_slots.pop_back();
  ++loaded_->watched;
  return Slot{value.index, value.generation};
}

void SafepointProbe::release(Slot slot) {
  const std::scoped_lock lock(loaded_->mutex);
  loaded_->free_slots.push_back(slot.index);
  --loaded_->watched;
}

bool SafepointProbe::detach_if_idle() {
  const std::scoped_lock lock(loaded_->mutex);
  if (loaded_->watched != 0) return false;
  if (loaded_->link != nullptr) bpf_link__destroy(std::exchange(loaded_->link, nullptr));
  return true;
}

bool SafepointProbe::attached() const {
  const std::scoped_lock lock(loaded_->mutex);
  return loaded_->link != nullptr;
}

std::optional<Record> SafepointProbe::read(Slot slot) const {
  const slack_safepoint_record& source = loaded_->records[slot.index];
  const std::uint64_t before = load(source.sequence);
  if (before % 2 != 0) return std::nullopt;
  Record record;
  record.sequence = before;
  const std::uint32_t generation = __atomic_load_n(&source.generation, __ATOMIC_RELAXED);
  record.registers.ip = __atomic_load_n(&source.ip, __ATOMIC_RELAXED);
  for (std::size_t i = 0; i < record.registers.general.size(); ++i)
    record.registers.general[i] = __atomic_load_n(&source.registers[i], __ATOMIC_RELAXED);
  std::atomic_thread_fence(std::memory_order_acquire);
  if (load(source.sequence) != before || generation != slot.generation) return std::nullopt;
  return record;
}

}  // namespace slack::bpf
