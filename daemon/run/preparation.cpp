// Takes a worker through ready and prepared, and believes its messages no further than that.
#include "daemon/run/preparation.hpp"

#include <fcntl.h>

#include <cstring>
#include <optional>
#include <utility>

#include "daemon/run/conclude.hpp"
#include "daemon/run/limits.hpp"

namespace slack::run {
namespace {

tl::unexpected<EarlyEnd> crashed(std::string reason) {
  return tl::unexpected<EarlyEnd>(EarlyEnd{Verdict::crashed, std::move(reason), std::nullopt, std::nullopt});
}

std::string_view name_of(wire::Stage stage) { return stage == wire::Stage::ready ? "ready" : "prepared"; }

Expected<Fd> copy_of(int fd) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return fail("duplicate a descriptor");
  return Fd(copy);
}

}  // namespace

Expected<std::unique_ptr<Preparation>> Preparation::start(Reactor& reactor, Host& host, Reaper& reaper,
                                                          WorkerParts parts, std::shared_ptr<const void> charge,
                                                          Done done) {
  std::unique_ptr<Preparation> self(new Preparation(reactor, std::move(done)));
  if (const auto made = self->make_start_message(parts); !made) return fail(made.error());
  self->links_ = parts.links.size();
  for (auto& link : parts.links) self->start_fds_.push_back(std::move(link));
  for (auto& directory : parts.directories) self->start_fds_.push_back(std::move(directory));

  // Making the group takes half as long as the clone does, and goes on beside it.
  std::optional<Expected<sandbox::ChildGroup>> group;
  const auto make_group = [&] { group = host.prepare_group(parts.name, parts.group_memory); };
  auto spawned = host.spawn_worker(parts.limits, make_group);
  if (!spawned) return fail(spawned.error());
  if (!group) make_group();
  const pid_t pid = spawned->pid;
  auto* preparation = self.get();
  Child::Events events;
  events.message = [preparation](Datagram datagram) { preparation->on_message(std::move(datagram)); };
  events.end = [preparation](const Exit& exit) {
    preparation->finish(crashed("the worker ended before it was " + std::string(name_of(preparation->awaited_)) + ": " +
                                describe(exit)));
  };
  events.bad_message = [preparation](const Fault& fault) {
    preparation->finish(crashed("the worker broke its protocol: " + fault.what));
  };
  self->worker_ = std::make_unique<Child>(reactor, reaper, Process{std::move(*spawned), {}, std::move(charge)},
                                          sizeof(wire::WorkerReport), std::move(events));
  if (!*group) return fail(group->error());
  self->worker_->put_in(std::move(**group));  // first: it goes after the worker whatever comes
  if (auto taken = self->worker_->group().take_in(pid); !taken) return fail(taken.error());
  self->expect(wire::Stage::ready, limits::kReadyWall);
  return self;
}

Expected<void> Preparation::make_start_message(const WorkerParts& parts) {
  const std::vector<std::byte> brief = wire::encode(parts.brief);
  auto brief_file = make_sealed_memfd("slack-brief", brief.data(), Bytes(brief.size()));
  if (!brief_file) return fail(brief_file.error());
  auto image = copy_of(parts.image);
  if (!image) return fail(image.error());
  start_fds_.push_back(std::move(*image));
  start_fds_.push_back(std::move(*brief_file));
  for (const int stream : {parts.standard_input, parts.standard_output, parts.standard_error}) {
    auto copy = copy_of(stream);
    if (!copy) return fail(copy.error());
    start_fds_.push_back(std::move(*copy));
  }
  return {};
}

void Preparation::expect(wire::Stage stage, Micros within) {
  awaited_ = stage;
  deadline_ = reactor_.after(within, [this, within] {
    finish(crashed("the worker was not " + std::string(name_of(awaited_)) + " within " +
                   std::to_string(within.count() / 1'000'000) + " s"));
  });
}

void Preparation::on_message(Datagram datagram) {
  if (datagram.bytes.size() == sizeof(wire::WorkerReport)) {
    wire::WorkerReport report{};
    std::memcpy(&report, datagram.bytes.data(), sizeof report);
    return finish(tl::unexpected<EarlyEnd>(end_of(report)));
  }
  wire::Hello hello{};
  if (datagram.bytes.size() != sizeof hello) return finish(crashed("the worker broke its protocol"));
  std::memcpy(&hello, datagram.bytes.data(), sizeof hello);
  if (hello.stage != awaited_) return finish(crashed("the worker broke its protocol"));
  if (awaited_ == wire::Stage::ready) return on_ready(std::move(datagram));
  Prepared prepared{worker_->give_away(), std::move(userfaultfd_)};
  finish(std::move(prepared));
}

void Preparation::on_ready(Datagram datagram) {
  if (datagram.fds.size() != 1) return finish(crashed("the worker sent no userfaultfd"));
  userfaultfd_ = std::move(datagram.fds.front());
  constexpr std::size_t kFixed = 5;  // image, brief, stdin, stdout, stderr
  wire::Start start{};
  start.links = static_cast<std::uint32_t>(links_);
  start.directories = static_cast<std::uint32_t>(start_fds_.size() - kFixed - links_);
  std::vector<int> raw;
  for (const auto& fd : start_fds_) raw.push_back(fd.get());
  const auto sent = send_datagram(worker_->socket(), bytes_of(start), raw);
  start_fds_.clear();
  // One that has died tells more by its exit status.
  if (!sent && sent.error().code != EPIPE && sent.error().code != ECONNRESET)
    return finish(tl::unexpected<EarlyEnd>(fault_end(sent.error().what)));
  expect(wire::Stage::prepared, limits::kPreparedWall);
}

void Preparation::finish(Result result) {
  deadline_.reset();
  start_fds_.clear();
  worker_.reset();
  if (const Done done = std::exchange(done_, nullptr); done != nullptr) done(std::move(result));
}

}  // namespace slack::run
