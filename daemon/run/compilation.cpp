// Hands a module to a compiler, waits for its word and its end, and seals what it made.
#include "daemon/run/compilation.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstring>
#include <utility>

#include "daemon/run/limits.hpp"

namespace slack::run {
namespace {

tl::unexpected<EarlyEnd> end(Verdict verdict, std::string reason, std::optional<WasmOffset> offset = std::nullopt) {
  return tl::unexpected<EarlyEnd>(EarlyEnd{verdict, std::move(reason), offset, std::nullopt});
}

std::string seconds(Micros time) { return std::to_string(time.count() / 1'000'000) + " s"; }

constexpr char kWayOut[] = "; make its functions smaller, or link it from several modules (--link)";

// What the death of a compiler says about the module: over one of the limits that kill, or a crash.
EarlyEnd verdict_on(const Exit& exit, bool out_of_memory) {
  const auto refused = [](const std::string& reason) { return EarlyEnd{Verdict::refused, reason, {}, {}}; };
  const auto takes_memory = [&](Bytes limit) {
    return refused("compiling it takes more than " + std::to_string(limit.count()) +
                   " bytes of memory (limit compile-memory)" + kWayOut);
  };
  // The kernel's out-of-memory killer looks like a crash from outside; the group knows better.
  if (out_of_memory) return takes_memory(limits::kCompilerGroup);
  if (!exit.by_signal && exit.status == wire::kCompilerOutOfMemory) return takes_memory(limits::kCompilerMemory);
  if (exit.by_signal && exit.status == SIGXFSZ)
    return refused("its code and data take more than " + std::to_string(limits::kImageBytes.count()) +
                   " bytes (limit image-bytes)");
  const Micros cpu_limit{limits::kCompilerCpuSeconds * 1'000'000};
  // The rlimit's last word is SIGKILL. It counts by the kernel's tick, usage by the clock: they differ by some percent
  // where several threads run.
  if (exit.by_signal && (exit.status == SIGXCPU || exit.status == SIGKILL) &&
      exit.cpu + Micros(cpu_limit.count() / 20) >= cpu_limit)
    return refused("compiling it takes more than " + seconds(cpu_limit) + " of CPU time (limit compile-cpu)" + kWayOut);
  return {Verdict::crashed, "the compiler ended without a word: " + describe(exit), {}, {}};
}

}  // namespace

wire::CompileRequest compile_request(const RunOptions& options, std::uint32_t slot) {
  wire::CompileRequest request{};
  request.module_bytes_max = limits::kModuleBytes.count();
  request.metering = static_cast<std::uint32_t>(options.metering);
  request.deterministic = options.deterministic ? 1 : 0;
  request.slot = slot;
  return request;
}

Expected<std::unique_ptr<Compilation>> Compilation::start(Reactor& reactor, Host& host, Reaper& reaper,
                                                          const std::string& name, const Fd& module,
                                                          const wire::CompileRequest& request, std::string_view entry,
                                                          std::shared_ptr<const void> charge, Done done) {
  std::unique_ptr<Compilation> self(new Compilation(reactor, host, std::move(done)));
  self->started_ = reactor.now();
  auto image = make_memfd("slack-image");
  if (!image) return fail(image.error());
  self->image_ = std::move(*image);

  sandbox::ChildLimits limits;
  limits.memory = limits::kCompilerMemory;
  limits.address_space = limits::kCompilerAddresses;
  limits.file_size = limits::kImageBytes;
  limits.cpu_seconds = limits::kCompilerCpuSeconds;
  limits.tmpfs = limits::kCompilerFiles;
  limits.threads = wire::kCompilerThreads;
  auto child = host.spawn_compiler(limits);
  if (!child) return fail(child.error());
  const pid_t pid = child->pid;

  auto* compilation = self.get();
  Child::Events events;
  events.message = [compilation](const Datagram& datagram) { compilation->on_message(datagram); };
  events.end = [compilation](const Exit& exit) { compilation->on_end(exit); };
  events.bad_message = [compilation](const Fault& fault) {
    compilation->finish(end(Verdict::crashed, "the compiler broke its protocol: " + fault.what));
  };
  self->compiler_ = std::make_unique<Child>(reactor, reaper, Process{std::move(*child), {}, std::move(charge)},
                                            sizeof(wire::CompileReply), std::move(events));

  // Before it is given anything hostile.
  auto group = host.make_group(name, pid, limits::kCompilerGroup, wire::kCompilerThreads);
  if (!group) return fail(group.error());
  self->compiler_->put_in(std::move(*group));

  const int fds[] = {module.get(), self->image_.get()};
  std::vector<std::byte> message(sizeof request);
  std::memcpy(message.data(), &request, sizeof request);
  const auto wanted = std::as_bytes(std::span(entry));
  if (wanted.size() <= wire::kEntryNameBytes) message.insert(message.end(), wanted.begin(), wanted.end());
  // A compiler that died before it was asked shows in its exit status, which says more than EPIPE does.
  if (const auto sent = send_datagram(self->compiler_->socket(), message, fds);
      !sent && sent.error().code != EPIPE && sent.error().code != ECONNRESET)
    return fail(sent.error());

  self->deadline_ = reactor.after(limits::kCompilerWall, [compilation] {
    compilation->finish(
        end(Verdict::refused, "compiling it takes more than " + seconds(limits::kCompilerWall) +
                                  " (limit compile-wall): the machine is too busy, or see compile-cpu"));
  });
  return self;
}

void Compilation::on_message(const Datagram& datagram) {
  if (datagram.bytes.size() != sizeof(wire::CompileReply) || compiled_)
    return finish(end(Verdict::crashed, "the compiler broke its protocol"));
  wire::CompileReply reply{};
  std::memcpy(&reply, datagram.bytes.data(), sizeof reply);
  const std::string text(reply.text, std::min<std::size_t>(reply.text_bytes, sizeof reply.text));
  switch (reply.status) {
    case wire::CompileStatus::compiled:
      // Its work is done; only when it is gone can nobody write to the image any more.
      compiled_ = true;
      compiler_->kill();
      return;
    case wire::CompileStatus::refused:
      return finish(end(Verdict::refused, text,
                        reply.offset == wire::kNoOffset ? std::nullopt : std::optional(WasmOffset(reply.offset))));
    case wire::CompileStatus::fault:
      return finish(end(Verdict::crashed, "compiler: " + text));
  }
  finish(end(Verdict::crashed, "the compiler broke its protocol"));
}

void Compilation::on_end(const Exit& exit) {
  if (compiled_) return finish(take_image());
  finish(tl::unexpected<EarlyEnd>(verdict_on(exit, compiler_->group().out_of_memory())));
}

Compilation::Result Compilation::take_image() {
  if (::fcntl(image_.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
    return tl::unexpected<EarlyEnd>(fault_end(fault_from_errno("seal the image").what));
  auto view = host_.open_image(image_.get());
  if (!view) return end(Verdict::crashed, "the compiler made a bad image: " + view.error().what);
  struct stat status{};
  if (::fstat(image_.get(), &status) < 0)
    return tl::unexpected<EarlyEnd>(fault_end(fault_from_errno("stat the image").what));
  return Compiled{std::move(*view), std::move(image_), Bytes(static_cast<std::uint64_t>(status.st_size)),
                  to_micros(reactor_.now() - started_)};
}

void Compilation::finish(Result result) {
  deadline_.reset();
  compiler_.reset();
  image_.reset();
  if (const Done done = std::exchange(done_, nullptr); done != nullptr) done(std::move(result));
}

}  // namespace slack::run
