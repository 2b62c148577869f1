// The report of a run: one JSON object, written so that a reader never sees half of it.
#pragma once

#include <sys/types.h>

#include <string>

#include "daemon/base/fault.hpp"
#include "daemon/wire/result.hpp"

namespace slack::client {

// `verdict` and every key of result.def in its order; null where nothing is known. Ends with a newline.
[[nodiscard]] std::string report_json(const RunResult& result);

// Opened before the run, so that a path that cannot be written is known before the work is done. A regular file is
// removed by open() and there again, as a whole, after write(): what stands in it is never of an earlier run. Anything
// else (a terminal, a FIFO, /dev/fd/3) is written to as it is. A FIFO that nobody reads yet has until write() to be
// opened by its reader, and five seconds more.
class ReportFile {
 public:
  // Faults of open() and write(): "write report PATH: why".
  [[nodiscard]] static Expected<ReportFile> open(const std::string& path);
  ReportFile(ReportFile&& other) noexcept;
  ReportFile& operator=(ReportFile&&) = delete;
  ~ReportFile();

  // Waits for a reader, where it takes one, no longer than `milliseconds`.
  [[nodiscard]] Expected<void> write(const std::string& content, int milliseconds = kReaderMilliseconds);

  static constexpr int kReaderMilliseconds = 5'000;

 private:
  ReportFile(std::string path, std::string temporary, int fd);
  static Expected<ReportFile> open_special(const std::string& path);
  static Expected<ReportFile> open_regular(const std::string& path, const std::string& target, mode_t mode);
  Expected<void> wait_for_reader(int& milliseconds);

  std::string path_;
  std::string temporary_;  // empty: written to directly
  int fd_;                 // -1: a FIFO that nobody reads yet
};

}  // namespace slack::client
