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

// The first bytes of every report.
constexpr std::string_view kBeginning = "{\n  \"verdict\": ";

// What a symbolic link leads to is the file that is meant, and the link stays one.
std::string resolved(const std::string& path) {
  char* const target = ::realpath(path.c_str(), nullptr);
  if (target == nullptr) return path;
  std::string name = target;
  std::free(target);
  return name;
}

bool is_fifo(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
}

// For as long as this lives, a reader that left is an error to report, not our end.
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

Expected<void> remove_old_report(const std::string& path) {
  if (descriptor_named(path)) return {};
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status{};
  if (!file.valid() || ::fstat(file.get(), &status) < 0 || !S_ISREG(status.st_mode)) return {};
  char beginning[kBeginning.size()];
  const ssize_t size = ::pread(file.get(), beginning, sizeof beginning, 0);
  if (size < 0 || std::string_view(beginning, static_cast<std::size_t>(size)) != kBeginning) return {};
  if (::unlink(resolved(path).c_str()) < 0 && errno != ENOENT) return fail("remove the old report " + path);
  return {};
}

ReportFile::ReportFile(std::string path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

Expected<ReportFile> ReportFile::open(const std::string& path) {
  // Opening /dev/stdout anew would lose its place in the file behind it, or replace that file.
  if (const auto named = descriptor_named(path)) {
    Fd fd(::fcntl(*named, F_DUPFD_CLOEXEC, 3));
    if (!fd.valid()) return fail("write report " + path);
    ReportFile file(path, std::move(fd));
    file.is_output_ = *named == STDOUT_FILENO || *named == STDERR_FILENO;
    return file;
  }
  struct stat status{};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) return fail("write report " + path, EISDIR);
  if (exists && !S_ISREG(status.st_mode)) return open_special(path);
  return open_regular(path, exists ? resolved(path) : path,
                      exists ? std::optional(status.st_mode & 0777) : std::nullopt);
}

Expected<ReportFile> ReportFile::open_special(const std::string& path) {
  // Non-blocking: neither a FIFO without a reader nor a terminal that was stopped must hang us.
  Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd.valid() && errno != ENXIO) return fail("write report " + path);
  if (!fd.valid() && !is_fifo(path))  // a socket, or a device without a driver
    return fail("write report " + path, ENXIO);
  return ReportFile(path, std::move(fd));
}

// The folder is held, and nothing of the report is in it before write(): the run may have that folder for its own, to
// rename and fill as it likes, and must not be able to write its own report.
Expected<ReportFile> ReportFile::open_regular(const std::string& path, const std::string& target,
                                              std::optional<mode_t> mode) {
  ReportFile file(path, Fd());
  const auto slash = target.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : target.substr(0, slash + 1);
  file.name_ = slash == std::string::npos ? target : target.substr(slash + 1);
  file.mode_ = mode;
  file.folder_ = Fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!file.folder_.valid()) return fail("write report " + path);
  // That the folder takes a file is to be known before the run.
  auto temporary = file.make_temporary();
  if (!temporary) return tl::unexpected(temporary.error());
  ::unlinkat(file.folder_.get(), temporary->name.c_str(), 0);
  if (::unlinkat(file.folder_.get(), file.name_.c_str(), 0) < 0 && errno != ENOENT) {
    return fail("remove the old report " + path);
  }
  return file;
}

Expected<ReportFile::Temporary> ReportFile::make_temporary() const {
  constexpr unsigned kAttempts = 100;
  Temporary temporary;
  for (unsigned i = 0; i < kAttempts; ++i) {
    temporary.name = name_ + "." + std::to_string(::getpid()) + "." + std::to_string(i) + ".tmp";
    // As any new file of the caller: the mode is what the mask leaves of it.
    temporary.fd =
        Fd(::openat(folder_.get(), temporary.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (temporary.fd.valid() || errno != EEXIST) break;
  }
  if (!temporary.fd.valid()) return fail("write report " + path_);
  return temporary;
}

// Spends of `milliseconds` what it waits.
Expected<void> ReportFile::wait_for_reader(int& milliseconds) {
  constexpr int kStep = 10;
  while (milliseconds > 0) {
    if (!fd_.valid()) {
      fd_ = Fd(::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
      if (fd_.valid()) return {};
      if (errno != ENXIO) return fail("write report " + path_);
      ::poll(nullptr, 0, kStep);
    } else {
      pollfd room{fd_.get(), POLLOUT, 0};
      if (::poll(&room, 1, kStep) > 0) return {};
    }
    milliseconds -= kStep;
  }
  return fail(Fault{EAGAIN, "write report " + path_ + ": nobody reads it; start its reader, or name a file"});
}

Expected<void> ReportFile::write(const std::string& content, int milliseconds) {
  std::optional<IgnoredPipeSignal> ignored;
  if (!is_output_) ignored.emplace();
  if (folder_.valid()) return replace(content);
  if (!fd_.valid())
    if (auto reader = wait_for_reader(milliseconds); !reader) return reader;
  for (std::size_t done = 0; done < content.size();) {
    const ssize_t n = ::write(fd_.get(), content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      if (auto reader = wait_for_reader(milliseconds); !reader) return reader;
      continue;
    }
    if (n < 0) return fail("write report " + path_);
    done += static_cast<std::size_t>(n);
  }
  return {};
}

Expected<void> ReportFile::replace(const std::string& content) {
  auto temporary = make_temporary();
  if (!temporary) return tl::unexpected(temporary.error());
  auto written = write_all(temporary->fd.get(), content, "write report " + path_);
  if (written && ((mode_ && ::fchmod(temporary->fd.get(), *mode_) < 0) ||
                  ::renameat(folder_.get(), temporary->name.c_str(), folder_.get(), name_.c_str()) < 0)) {
    written = fail("write report " + path_);
  }
  if (!written) ::unlinkat(folder_.get(), temporary->name.c_str(), 0);
  return written;
}

}  // namespace slack::client
