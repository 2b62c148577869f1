// Copies held output to clients' descriptors.
#include "daemon/run/release.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace slack::run {
namespace {

constexpr std::size_t kChunk = 65536;
// A write into a pipe returns when all of it is in: small ones show that a slow reader gets on.
constexpr ssize_t kPiece = 4096;

std::string copy(const ReleasePart& part, Errand::Road& road) {
  std::vector<char> buffer(kChunk);
  for (std::uint64_t done = 0; done < part.length.count();) {
    const std::size_t want = std::min<std::uint64_t>(kChunk, part.length.count() - done);
    const ssize_t got = ::pread(part.from.get(), buffer.data(), want, static_cast<off_t>(done));
    if (got <= 0) return fault_from_errno("read held output", got < 0 ? errno : EIO).what;
    for (ssize_t written = 0; written < got;) {
      if (road.cancelled()) return "cut short";
      const ssize_t n =
          ::write(part.to.get(), buffer.data() + written, static_cast<std::size_t>(std::min(got - written, kPiece)));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) {
        // The client made its descriptor non-blocking: wait here, where it harms nobody.
        pollfd room{part.to.get(), POLLOUT, 0};
        (void)::poll(&room, 1, -1);
        continue;
      }
      if (n < 0) return fault_from_errno("write").what;
      road.got_on();
      written += n;
    }
    done += static_cast<std::uint64_t>(got);
  }
  return {};
}

}  // namespace

Expected<Fd> make_held_output(const char* name, Bytes limit) {
  auto memfd = make_memfd(name);
  if (!memfd) return memfd;
  if (::ftruncate(memfd->get(), static_cast<off_t>(limit.count())) < 0) return fail("size a memfd");
  if (::fcntl(memfd->get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) < 0) return fail("seal a memfd");
  return memfd;
}

Bytes held_length(const Fd& held) {
  const off_t position = ::lseek(held.get(), 0, SEEK_CUR);
  struct stat status{};
  if (position < 0 || ::fstat(held.get(), &status) < 0) return Bytes(0);
  return Bytes(static_cast<std::uint64_t>(std::min(position, status.st_size)));
}

Expected<std::unique_ptr<Errand>> start_release(Reactor& reactor, std::vector<ReleasePart> parts, Identity identity,
                                                std::shared_ptr<const void> charge, Errand::Done done,
                                                Errand::Patience patience) {
  // A std::function can be copied and so must be what it holds.
  auto shared = std::make_shared<const std::vector<ReleasePart>>(std::move(parts));
  auto work = [shared, identity](Errand::Road& road) -> std::string {
    const auto rights = ClientRights::take(identity);
    if (!rights) return rights.error().what;
    for (const auto& part : *shared)
      if (auto trouble = copy(part, road); !trouble.empty()) return trouble;
    return {};
  };
  return Errand::start(reactor, patience, std::move(charge), std::move(work), std::move(done));
}

}  // namespace slack::run
