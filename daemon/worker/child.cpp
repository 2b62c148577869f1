// Takes one run from its start message to its report.
#include "daemon/worker/child.hpp"

#include <malloc.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "daemon/base/clock.hpp"
#include "daemon/base/socket.hpp"
#include "daemon/sandbox/policy/landlock.hpp"
#include "daemon/wire/brief.hpp"
#include "daemon/wire/run_options.hpp"
#include "daemon/worker/address_space.hpp"
#include "daemon/worker/fault_handler.hpp"
#include "daemon/worker/imports.hpp"
#include "daemon/worker/instance.hpp"
#include "daemon/worker/interrupt.hpp"
#include "daemon/worker/invocation.hpp"
#include "daemon/worker/linking.hpp"
#include "daemon/worker/process.hpp"
#include "daemon/worker/safepoint.hpp"

namespace slack::worker {
namespace {

// Descriptors of the start message, in their order; the linked images and then the directories follow.
enum : std::size_t { kImage, kBrief, kStandardInput, kStandardOutput, kStandardError, kLinks };

// Arguments and environment of a process together have 6 MiB at the most under Linux's own execve.
constexpr std::uint64_t kMaxBriefBytes = std::uint64_t{16} << 20;

Expected<void> say(int socket, wire::Stage stage, std::span<const int> fds = {}) {
  const wire::Hello hello{stage};
  return fds.empty() ? send_bytes(socket, bytes_of(hello)) : send_datagram(socket, bytes_of(hello), fds);
}

void put_text(wire::WorkerReport& report, std::string_view text) {
  report.text_bytes = static_cast<std::uint32_t>(std::min(text.size(), sizeof report.text));
  std::memcpy(report.text, text.data(), report.text_bytes);
}

struct StartMessage {
  std::vector<Fd> fds;
  wire::Brief brief;
};

Prepared<wire::Brief> read_brief(int memfd) {
  struct stat status{};
  if (::fstat(memfd, &status) < 0) return stop_for(fault_from_errno("stat the brief"));
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > kMaxBriefBytes) return refuse("arguments and environment are larger than 16 MiB");
  std::vector<std::byte> bytes(size);
  if (::pread(memfd, bytes.data(), size, 0) != static_cast<ssize_t>(size))
    return stop_for(fault_from_errno("read the brief", EIO));
  auto brief = wire::decode_brief(bytes);
  if (!brief) return stop_for(brief.error());
  return std::move(*brief);
}

// nullopt: the daemon is gone.
std::optional<Prepared<StartMessage>> receive_start(int socket) {
  auto datagram = receive_datagram(socket, sizeof(wire::Start));
  if (!datagram) return stop_for(datagram.error());
  if (datagram->bytes.empty()) return std::nullopt;
  wire::Start start{};
  if (datagram->bytes.size() != sizeof start) return stop_for(fault_from_errno("start message", EPROTO));
  std::memcpy(&start, datagram->bytes.data(), sizeof start);
  if (start.links > address_map::kLinkedSlots ||
      datagram->fds.size() != kLinks + std::size_t{start.links} + start.directories)
    return stop_for(fault_from_errno("descriptors of the start message", EPROTO));
  auto brief = read_brief(datagram->fds[kBrief].get());
  if (!brief) return tl::unexpected(brief.error());
  if (brief->directories.size() != start.directories || brief->links.size() != start.links)
    return stop_for(fault_from_errno("directories or linked modules of the brief", EPROTO));
  return StartMessage{std::move(datagram->fds), std::move(*brief)};
}

Expected<void> map_fixed_parts(sandbox::Confined& confined) {
  if (auto mapped = map_safepoint_page(std::move(confined.safepoint)); !mapped) return mapped;
  auto uffd = register_safepoint_page();
  if (!uffd) return fail(uffd.error());
  if (auto reserved = reserve_memory(0); !reserved) return reserved;
  auto stack = map_stack();
  if (!stack) return fail(stack.error());
  process.stack = stack->usable;
  process.stack_guard = stack->guard;
  if (auto mapped = map_signal_stack(); !mapped) return mapped;
  if (auto installed = install_fault_handler(); !installed) return installed;
  if (auto installed = install_interrupt_handler(); !installed) return installed;
  const int raw = uffd->get();
  auto said = say(confined.socket.get(), wire::Stage::ready, {&raw, 1});
  seal_safepoint_page();
  return said;
}

// The linked modules in their order, and then the module that is run.
class Program {
 public:
  [[nodiscard]] Prepared<void> load(StartMessage& start);
  // Up to where the module that is run can be called: true, else the report is in `process`.
  [[nodiscard]] Prepared<bool> instantiate_all();
  [[nodiscard]] Instance& main() const { return *process.instances[0]; }

 private:
  [[nodiscard]] Prepared<void> load(int image, std::uint32_t slot, std::string name);

  HostFunctions host_;
  TypeDigests digests_;
  std::vector<Linked> linked_;  // in their order
};

Prepared<void> Program::load(StartMessage& start) {
  host_ = [measure = start.brief.measure](std::string_view module, std::string_view name, image::ExternKind kind,
                                          std::string_view signature) {
    return resolve_import(module, name, kind, signature, measure);
  };
  const auto& names = start.brief.links;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto slot = static_cast<std::uint32_t>(1 + i);
    if (auto loaded = load(start.fds[kLinks + i].get(), slot, names[i]); !loaded)
      return tl::unexpected(Stop{loaded.error().end, "linked module " + names[i] + ": " + loaded.error().text});
    linked_.push_back({process.instances[slot]->name, process.instances[slot].get()});
    start.fds[kLinks + i].reset();
  }
  if (auto loaded = load(start.fds[kImage].get(), 0, {}); !loaded) return loaded;
  start.fds[kImage].reset();
  process.publishes = main().header->metering == static_cast<std::uint32_t>(Metering::slacked);
  return {};
}

Prepared<void> Program::load(int image, std::uint32_t slot, std::string name) {
  auto instance = load_instance(image, slot, std::move(name));
  if (!instance) return tl::unexpected(instance.error());
  // One module's compiler has compared its own types.
  if (slot != 0 || !linked_.empty())
    if (auto distinct = digests_.add(**instance); !distinct) return distinct;
  return link(**instance, linked_, host_);
}

Prepared<bool> Program::instantiate_all() {
  for (const Linked& each : linked_) {
    if (each.instance->header->metering != main().header->metering)
      return refuse("linked module " + each.instance->name + " is metered in another way");
    if (auto fits = check_limits(*each.instance, linked_); !fits) return tl::unexpected(fits.error());
    process.turn_to(*each.instance);
    const auto instantiated = instantiate(*each.instance);
    if (!instantiated || !*instantiated) return instantiated;
    if (!call_start(*each.instance) || !call_initialize(*each.instance)) return false;
  }
  if (auto fits = check_limits(main(), linked_); !fits) return tl::unexpected(fits.error());
  process.turn_to(main());
  return instantiate(main());
}

Prepared<void> open_wasi(wasi::Wasi& state, StartMessage& start) {
  const auto bad = [](std::string_view what) {
    return stop_for(fault_from_errno(std::string(what) + " of the start message", EBADF));
  };
  state.arguments = wasi::StringTable(start.brief.arguments);
  state.environment = wasi::StringTable(start.brief.environment);
  if (!state.add_input(std::move(start.fds[kStandardInput]))) return bad("standard input");
  if (!state.add_output(std::move(start.fds[kStandardOutput]))) return bad("standard output");
  if (!state.add_output(std::move(start.fds[kStandardError]))) return bad("standard error");
  std::vector<sandbox::PathGrant> grants;
  for (std::size_t i = 0; i < start.brief.directories.size(); ++i) {
    wire::Directory& directory = start.brief.directories[i];
    Fd& fd = start.fds[kLinks + start.brief.links.size() + i];
    grants.push_back({fd.get(), directory.read_only});
    if (!state.add_directory(std::move(fd), std::move(directory.guest_name), directory.read_only))
      return bad("a directory");
  }
  if (auto restricted = sandbox::restrict_paths(grants); !restricted) return stop_for(restricted.error());
  return {};
}

// Everything that can be done before go; from the second filter on nothing is mapped or allocated.
Prepared<Invocation> prepare_run(StartMessage& start, Program& program, wasi::Wasi& state,
                                 const sandbox::FilterProgram& filter) {
  if (auto loaded = program.load(start); !loaded) return tl::unexpected(loaded.error());
  start.fds[kBrief].reset();
  auto invocation = Invocation::prepare(program.main(), start.brief);
  if (!invocation) return invocation;
  if (auto opened = open_wasi(state, start); !opened) return tl::unexpected(opened.error());
  process.wasi = &state;
  if (auto loaded = sandbox::load_filter(filter); !loaded) return stop_for(loaded.error());
  return invocation;
}

bool wait_for_go(int socket) {
  wire::Go go{};
  ssize_t got = 0;
  do {
    got = ::recv(socket, &go, sizeof go, 0);
  } while (got < 0 && errno == EINTR);
  return got == sizeof go && go.magic == wire::kGoMagic;
}

// Runs the module; the report is in `process`.
void run(Program& program, Invocation& invocation, Bytes memory_limit) {
  wire::WorkerReport& report = process.report;
  process.cpu_at_go = own_cpu_time();
  process.memory_left = memory_limit.count() / address_map::kWasmPageBytes * address_map::kWasmPageBytes;
  const auto instantiated = program.instantiate_all();
  if (!instantiated) {
    report.end = instantiated.error().end;
    put_text(report, instantiated.error().text);
    return;
  }
  if (!*instantiated || !invocation.run()) return;
  invocation.print_results();
  report.fuel = process.current->context->fuel;
  report.end = wire::End::returned;
  if (process.wasi->ending) {
    report.end = process.wasi->ending->end;
    put_text(report, process.wasi->ending->text);
  }
}

// The final fuel is published before the report is sent: over the limit, that is the verdict.
int conclude(int socket) {
  wire::WorkerReport& report = process.report;
  report.has_bench = process.measurement.complete() ? 1 : 0;
  report.bench_nsec = process.measurement.time().count();
  report.bench_fuel = process.measurement.fuel().count();
  report.ended_nsec = monotonic_now().count();
  if (process.cpu_at_go) report.cpu_nsec = (own_cpu_time() - *process.cpu_at_go).count();
  publish(Fuel(report.fuel));
  return send_bytes(socket, bytes_of(report)) ? 0 : 1;
}

// The monitor reads what the run used from the living process, then kills it. If the daemon is gone, its end of the
// socket is closed.
void wait_for_the_end(int socket) {
  std::byte nothing{};
  while (::recv(socket, &nothing, sizeof nothing, 0) < 0 && errno == EINTR) continue;
}

int conclude_with(int socket, const Stop& stop) {
  process.report.end = stop.end;
  put_text(process.report, stop.text);
  return conclude(socket);
}

}  // namespace

Expected<Filters> compile_filters() {
  auto setup = sandbox::compile_filter(sandbox::Role::worker_setup);
  if (!setup) return fail(setup.error());
  auto run = sandbox::compile_filter(sandbox::Role::worker_run);
  if (!run) return fail(run.error());
  return Filters{std::move(*setup), std::move(*run)};
}

void prepare_heap() {
  // All from the one heap and never given back: what a fault's text takes while a module runs is there already.
  ::mallopt(M_MMAP_THRESHOLD, std::numeric_limits<int>::max());
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  ::mallopt(M_TOP_PAD, 256 * 1024);
  ::mallopt(M_ARENA_MAX, 1);
}

int live(sandbox::Confined confined, const Filters& filters) {
  const int socket = confined.socket.get();
  process.report.function = wire::kUnknown;
  process.report.offset = wire::kUnknown;
  if (auto mapped = map_fixed_parts(confined); !mapped) {
    // There may be no page to publish on.
    process.report.end = wire::End::fault;
    put_text(process.report, mapped.error().what);
    return send_bytes(socket, bytes_of(process.report)) ? 0 : 1;
  }
  if (auto loaded = sandbox::load_filter(filters.setup); !loaded)
    return conclude_with(socket, Stop{wire::End::fault, loaded.error().what});

  auto start = receive_start(socket);
  if (!start) return 1;
  if (!*start) return conclude_with(socket, start->error());
  const wire::Brief& brief = (*start)->brief;
  // Lives on the worker's own stack for the whole run; the process ends before it would.
  wasi::Wasi state(wasi::Wasi::Settings{brief.deterministic, brief.output, host_safepoint});
  process.fuel_limit = brief.fuel;
  Program program;
  auto invocation = prepare_run(**start, program, state, filters.run);
  if (!invocation) return conclude_with(socket, invocation.error());

  if (!say(socket, wire::Stage::prepared) || !wait_for_go(socket)) return 1;
  run(program, *invocation, brief.memory);
  const int status = conclude(socket);
  wait_for_the_end(socket);
  return status;
}

}  // namespace slack::worker
