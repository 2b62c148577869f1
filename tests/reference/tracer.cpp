// Faults and single steps on the safepoint page.
#include "tests/reference/tracer.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "daemon/monitor/park_fuel.hpp"

namespace slack::reference {

namespace {

// Handlers have no argument for it.
Tracer* tracer = nullptr;

constexpr greg_t kTrapFlag = 0x100;  // of EFLAGS: a fault after the next instruction
// x86-64's encoding of registers, as bpf::Registers has it.
constexpr int kGeneral[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                            REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

void* page() { return reinterpret_cast<void*>(address_map::kSafepoint); }
void protect() { (void)::mprotect(page(), address_map::kPageBytes, PROT_READ); }
void unprotect() { (void)::mprotect(page(), address_map::kPageBytes, PROT_READ | PROT_WRITE); }

}  // namespace

Expected<std::unique_ptr<Tracer>> Tracer::make(std::size_t most, std::size_t most_of_a_call) {
  std::unique_ptr<Tracer> made(new Tracer());
  made->most_ = most;
  made->most_of_a_call_ = most_of_a_call;
  made->bytes_ = sizeof(Book) + most * sizeof(Sight);
  void* const shared =
      ::mmap(nullptr, made->bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (shared == MAP_FAILED) return fail("map the tracer's book");
  made->book_ = new (shared) Book();
  tracer = made.get();
  return made;
}

Tracer::~Tracer() {
  tracer = nullptr;
  if (book_ != nullptr) ::munmap(book_, bytes_);
}

void Tracer::loaded(int image, std::uint32_t slot) {
  auto view = image::ImageView::open(image);
  images_[slot] = view ? *view : nullptr;
}

void Tracer::before_code() {
  book_->first = book_->used;
  book_->is_complete = true;
  struct sigaction action{};
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  action.sa_sigaction = on_fault;
  (void)::sigaction(SIGSEGV, &action, &workers_);
  action.sa_sigaction = on_step;
  (void)::sigaction(SIGTRAP, &action, nullptr);
  protect();
}

void Tracer::after_code() { unprotect(); }

Sight Tracer::sight_at(const ucontext_t& context) const {
  const auto& registers = context.uc_mcontext.gregs;
  bpf::Registers parked;
  parked.ip = static_cast<std::uint64_t>(registers[REG_RIP]);
  std::ranges::transform(kGeneral, parked.general.begin(),
                         [&](int index) { return static_cast<std::uint64_t>(registers[index]); });
  const auto slot = address_map::slot_of_code(parked.ip);
  const auto* image = slot ? images_[*slot].get() : nullptr;
  Sight sight;
  sight.slot = slot.value_or(0);
  sight.function = Sight::kHost;
  const auto fuel = monitor::fuel_at_park(parked, image);
  if (image != nullptr) {
    const auto entry = image->safepoint_at(parked.ip);
    sight.function = entry && fuel ? entry->function : Sight::kUnknown;
    sight.offset = entry ? entry->offset : 0;
  }
  sight.exact = fuel.value_or(Fuel(0)).count();
  return sight;
}

void Tracer::on_fault(int signal, siginfo_t* info, void* context) {
  auto& its = *static_cast<ucontext_t*>(context);
  const auto address = reinterpret_cast<std::uint64_t>(info->si_addr);
  if (address < address_map::kSafepoint || address >= address_map::kSafepoint + address_map::kPageBytes) {
    // The worker's handler is good for one fault.
    struct sigaction none{};
    none.sa_handler = SIG_DFL;
    (void)::sigaction(signal, &none, nullptr);
    tracer->workers_.sa_sigaction(signal, info, context);
    return;
  }
  unprotect();
  Book& book = *tracer->book_;
  if (book.used == tracer->most_ || book.used - book.first == tracer->most_of_a_call_) {
    book.is_complete = false;
    return;
  }
  book.sights()[book.used++] = tracer->sight_at(its);
  its.uc_mcontext.gregs[REG_EFL] |= kTrapFlag;
}

void Tracer::on_step(int, siginfo_t*, void* context) {
  static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
  Book& book = *tracer->book_;
  book.sights()[book.used - 1].published = *static_cast<const volatile std::uint64_t*>(page());
  protect();
}

}  // namespace slack::reference
