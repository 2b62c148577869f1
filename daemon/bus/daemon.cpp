// Starts slackd's parts in the order that processes, threads and signals demand, and ends them.
#include "daemon/bus/daemon.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <thread>
#include <utility>

#include "daemon/base/install_paths.hpp"
#include "daemon/cache/location.hpp"
#include "daemon/run/limits.hpp"

namespace slack::bus {
namespace {

// Every run takes some twenty descriptors: all that the administrator allows, not the shell's first thousand.
std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) < 0 && ::getrlimit(RLIMIT_NOFILE, &limit) < 0) return 1024;
  return limit.rlim_cur;
}

// For what the clients are still to hear; a peer that does not read must not keep us.
constexpr Micros kLastWords{2'000'000};

void ignore_signal(int signal) {
  struct sigaction action{};
  action.sa_handler = SIG_IGN;
  ::sigaction(signal, &action, nullptr);
}

std::string_view name_of(int signal) { return signal == SIGINT ? "SIGINT" : "SIGTERM"; }

Expected<ucred> credentials_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
    return fail("descriptor " + std::to_string(socket) + " of --peer-fd");
  return peer;
}

Journal::Where where_to_log(const Settings& settings) {
  if (settings.verbose) return Journal::Where::standard_error;
  return settings.peer_fd ? Journal::Where::nowhere : Journal::for_service();
}

}  // namespace

Daemon::Daemon(const Settings& settings)
    : journal_(where_to_log(settings)), peer_to_peer_(settings.peer_fd.has_value()) {}

Expected<std::unique_ptr<Daemon>> Daemon::start(const Settings& settings) {
  std::unique_ptr<Daemon> daemon(new Daemon(settings));
  // Passed on by exec to us, and to nobody after us.
  if (settings.peer_fd && ::fcntl(*settings.peer_fd, F_SETFD, FD_CLOEXEC) < 0)
    return fail("descriptor " + std::to_string(*settings.peer_fd) + " of --peer-fd");
  if (auto started = daemon->start_machine(settings); !started) return fail(started.error());
  if (auto connected = daemon->connect(settings); !connected) return fail(connected.error());
  return daemon;
}

Expected<void> Daemon::start_machine(const Settings& settings) {
  run::Machine::Config config;
  auto worker = find_program(Program::slack_worker);
  if (!worker) return fail(worker.error());
  auto compiler = find_program(Program::slack_compile);
  if (!compiler) return fail(compiler.error());
  config.worker_program = std::move(*worker);
  config.compiler_program = std::move(*compiler);
  config.monitor.want_bpf = settings.want_bpf;
  config.monitor.want_realtime = settings.want_realtime;
  config.notice = [this](const std::string& line) { journal_.notice(line); };

  ignore_signal(SIGPIPE);
  if (peer_to_peer_) {
    // A private slackd shares its client's terminal: Ctrl-C is the client's to turn into Stop, and must not end the
    // zygotes and workers, who inherit this.
    ignore_signal(SIGINT);
    ignore_signal(SIGQUIT);
  }
  auto machine = run::Machine::launch(std::move(config));
  if (!machine) return fail(machine.error());
  machine_ = std::move(*machine);

  // After the zygotes, which should not inherit the mask, and before the monitor's thread, which must.
  sigset_t handled;
  ::sigemptyset(&handled);
  ::sigaddset(&handled, SIGTERM);
  if (!peer_to_peer_) ::sigaddset(&handled, SIGINT);
  if (const int error = ::pthread_sigmask(SIG_BLOCK, &handled, nullptr); error != 0)
    return fail("block signals", error);
  auto loop = EventLoop::create();
  if (!loop) return fail(loop.error());
  loop_ = std::move(*loop);
  for (const int signal : {SIGTERM, SIGINT}) {
    if (::sigismember(&handled, signal) == 0) continue;
    auto waiting = loop_->on_signal(
        signal, [this, signal] { shut_down("slackd was ended by " + std::string(name_of(signal)), 0); });
    if (!waiting) return waiting;
  }
  return machine_->start_monitor(*loop_);
}

Expected<void> Daemon::connect(const Settings& settings) {
  std::optional<ucred> peer;
  if (settings.peer_fd) {
    auto credentials = credentials_of(*settings.peer_fd);
    if (!credentials) return fail(credentials.error());
    peer = *credentials;
  }
  auto bus = settings.peer_fd ? open_peer(Fd(*settings.peer_fd)) : open_system_bus();
  if (!bus) return fail(bus.error());
  bus_ = std::move(*bus);

  callers_ = std::make_unique<Callers>(bus_.get(), peer, [this](const std::string& name) { runs_->client_left(name); });
  runs_ = std::make_unique<RunBus>(bus_.get(), *callers_, journal_, [this] { on_idle(); });
  run::RunTable::Config config;
  config.limits = run::Admission::Limits::for_descriptors(raise_descriptor_limit());
  config.compilers = std::thread::hardware_concurrency();
  config.cache = open_cache(settings);
  table_ = std::make_unique<run::RunTable>(*loop_, *machine_, config, *runs_);
  manager_ =
      std::make_unique<ManagerBus>(bus_.get(), *callers_, *table_, *runs_, [this] { return machine_->facilities(); });
  if (auto exposed = runs_->expose(*table_); !exposed) return exposed;
  if (auto exposed = manager_->expose(); !exposed) return exposed;
  if (auto watching = callers_->watch(); !watching) return watching;

  disconnected_ = [this] { on_disconnected(); };
  auto slot = on_disconnect(bus_.get(), disconnected_);
  if (!slot) return fail(slot.error());
  disconnect_slot_ = std::move(*slot);
  if (const int result = sd_bus_attach_event(bus_.get(), loop_->get(), SD_EVENT_PRIORITY_NORMAL); result < 0)
    return bus_fault("attach the connection to the event loop", result);
  if (peer_to_peer_) return {};
  // Last, since calls come from then on.
  const int result = sd_bus_request_name(bus_.get(), kBusName, 0);
  if (result == -EEXIST)
    return fail(Fault{EEXIST, std::string("the bus name ") + kBusName + " is taken: another slackd serves it"});
  if (result < 0) return bus_fault(std::string("take the bus name ") + kBusName, result);
  return {};
}

run::ImageCache::Config Daemon::open_cache(const Settings& settings) {
  run::ImageCache::Config config;
  config.notice = [this](const std::string& line) { journal_.notice(line); };
  const auto off = [&config](std::string reason) {
    config.off_reason = std::move(reason);
    return config;
  };
  if (settings.cache == Bytes(0)) return off("not asked for");
  const auto environment = [](const char* name) {
    const char* value = ::secure_getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  const auto place = cache::choose_location(peer_to_peer_, environment);
  if (!place) return off(place.error().what);
  cache::StoreLimits limits;
  limits.image = run::limits::kImageBytes;
  limits.total = settings.cache;
  auto store = cache::ImageStore::open(*place, limits);
  if (!store) return off(store.error().what);
  config.store = std::move(*store);
  return config;
}

int Daemon::run() {
  announce();
  const int status = loop_->run();
  flush(bus_.get(), kLastWords);
  return status < 0 ? 1 : status;
}

void Daemon::announce() {
  (void)sd_notify(0, "READY=1\nSTATUS=Taking runs");
  // What is lacking is worth a line, once: the documented fallback is in use.
  for (const auto& facility : machine_->facilities())
    if (!facility.available) journal_.notice(facility.name + " is not available: " + facility.in_use);
}

void Daemon::on_disconnected() {
  if (!peer_to_peer_) return shut_down("the bus has gone", 1);
  // The one client has left; detached runs are all that may still go on.
  ending_ = true;
  runs_->client_left("");
  if (table_->idle()) loop_->exit(status_);
}

void Daemon::shut_down(const std::string& reason, int status) {
  if (last_call_ != nullptr) return;
  ending_ = true;
  status_ = status;
  (void)sd_notify(0, "STOPPING=1\nSTATUS=Ending the live runs");
  last_call_ = loop_->after(run::limits::kShutdownWall, [this] {
    journal_.notice("some runs did not end in time and are left to the kernel");
    loop_->exit(status_);
  });
  table_->shut_down(reason);
  if (table_->idle()) loop_->exit(status_);
}

void Daemon::on_idle() {
  if (ending_) loop_->exit(status_);
}

}  // namespace slack::bus
