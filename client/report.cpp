// Builds and writes reports.
#include "client/report.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

namespace slack::client {
namespace {

// N of /dev/fd/N, and the other names that systems have for descriptors of the process itself.
std::optional<int> descriptor_named(std::string_view path) {
  if (path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(folder)) continue;
    int fd = -1;
    const char* end = path.data() + path.size();
    const auto read = std::from_chars(path.data() + folder.size(), end, fd);
    if (read.ec == std::errc() && read.ptr == end && fd >= 0) return fd;
  }
  return std::nullopt;
}

bool is_fifo(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
}

// A reader that left is an error to report, not our end.
class IgnoredPipeSignal {
 public:
  IgnoredPipeSignal() {
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before_);
  }
  IgnoredPipeSignal(const IgnoredPipeSignal&) = delete;
  IgnoredPipeSignal& operator=(const IgnoredPipeSignal&) = delete;
  ~IgnoredPipeSignal() { ::sigaction(SIGPIPE, &before_, nullptr); }

 private:
  struct sigaction before_{};
};

}  // namespace

std::string report_json(const RunResult& result) {
  nlohmann::ordered_json report;
  report["verdict"] = std::string(name_of(result.verdict));
  for_each_field(result, [&report](std::string_view name, const auto& field) {
    auto& value = report[std::string(name)];
    if (field) value = *field;
  });
  // Names come from the module: what is not UTF-8 in them must not make the report unreadable.
  return report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

ReportFile::ReportFile(std::string path, std::string temporary, int fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

ReportFile::ReportFile(ReportFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::exchange(other.fd_, -1)) {}

ReportFile::~ReportFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Expected<ReportFile> ReportFile::open(const std::string& path) {
  // Opening /dev/stdout anew would lose its place in the file behind it, or replace that file.
  if (const auto named = descriptor_named(path)) {
    const int fd = ::fcntl(*named, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) return fail("write report " + path);
    return ReportFile(path, "", fd);
  }
  struct stat status{};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) return fail("write report " + path, EISDIR);
  if (exists && !S_ISREG(status.st_mode)) return open_special(path);
  // A symbolic link stays one: the file it leads to is the one replaced.
  std::string target = path;
  if (char* resolved = exists ? ::realpath(path.c_str(), nullptr) : nullptr) {
    target = resolved;
    std::free(resolved);
  }
  // mkostemp makes a private file; a report has the mode that it had, or that any new file of the caller has.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return open_regular(path, target, exists ? status.st_mode & 0777 : 0666 & ~mask);
}

Expected<ReportFile> ReportFile::open_special(const std::string& path) {
  // Non-blocking: neither a FIFO without a reader nor a terminal that was stopped must hang us.
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0 && errno != ENXIO) return fail("write report " + path);
  if (fd < 0 && !is_fifo(path))  // a socket, or a device without a driver
    return fail("write report " + path, ENXIO);
  return ReportFile(path, "", fd);
}

Expected<ReportFile> ReportFile::open_regular(const std::string& path, const std::string& target, mode_t mode) {
  std::string temporary = target + ".XXXXXX";
  const int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return fail("write report " + path);
  ReportFile file(target, temporary, fd);
  if (::fchmod(fd, mode) < 0) return fail("write report " + path);
  if (::unlink(target.c_str()) < 0 && errno != ENOENT) return fail("remove the old report " + path);
  return file;
}

// Spends of `milliseconds` what it waits.
Expected<void> ReportFile::wait_for_reader(int& milliseconds) {
  constexpr int kStep = 10;
  while (milliseconds > 0) {
    if (fd_ < 0) {
      fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
      if (fd_ >= 0) return {};
      if (errno != ENXIO) return fail("write report " + path_);
      ::poll(nullptr, 0, kStep);
    } else {
      pollfd room{fd_, POLLOUT, 0};
      if (::poll(&room, 1, kStep) > 0) return {};
    }
    milliseconds -= kStep;
  }
  return fail(Fault{EAGAIN, "write report " + path_ + ": nobody reads it; start its reader, or name a file"});
}

Expected<void> ReportFile::write(const std::string& content, int milliseconds) {
  const IgnoredPipeSignal ignored;
  if (fd_ < 0)
    if (auto reader = wait_for_reader(milliseconds); !reader) return reader;
  for (std::size_t done = 0; done < content.size();) {
    const ssize_t n = ::write(fd_, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      if (auto reader = wait_for_reader(milliseconds); !reader) return reader;
      continue;
    }
    if (n < 0) return fail("write report " + path_);
    done += static_cast<std::size_t>(n);
  }
  if (temporary_.empty()) return {};
  if (::rename(temporary_.c_str(), path_.c_str()) < 0) return fail("write report " + path_);
  temporary_.clear();
  return {};
}

}  // namespace slack::client
