// Builds and writes reports.
#include "client/report.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

namespace slack::client {

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
  struct stat status{};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) return fail("write report " + path, EISDIR);
  if (exists && !S_ISREG(status.st_mode)) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return fail("write report " + path);
    return ReportFile(path, "", fd);
  }
  // A symbolic link stays one: the file it leads to is the one replaced.
  std::string target = path;
  if (char* resolved = exists ? ::realpath(path.c_str(), nullptr) : nullptr) {
    target = resolved;
    std::free(resolved);
  }
  std::string temporary = target + ".XXXXXX";
  const int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return fail("write report " + path);
  ReportFile file(target, temporary, fd);
  // mkostemp makes it private; a report has the mode any new file of the caller would have.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(fd, exists ? status.st_mode & 0777 : 0666 & ~mask) < 0) return fail("write report " + path);
  return file;
}

Expected<void> ReportFile::write(const std::string& content) {
  for (std::size_t done = 0; done < content.size();) {
    const ssize_t n = ::write(fd_, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail("write report " + path_);
    done += static_cast<std::size_t>(n);
  }
  if (temporary_.empty()) return {};
  if (::rename(temporary_.c_str(), path_.c_str()) < 0) return fail("write report " + path_);
  temporary_.clear();
  return {};
}

}  // namespace slack::client
