// The report of a run: one JSON object, written so that a reader never sees half of it.
#pragma once

#include <string>

#include "daemon/base/fault.hpp"
#include "daemon/wire/result.hpp"

namespace slack::client {

// `verdict` and every key of result.def in its order; null where nothing is known. Ends with a newline.
[[nodiscard]] std::string report_json(const RunResult& result);

// Opened before the run, so that a path that cannot be written is known before the work is done. A regular file is
// replaced as a whole by write(); anything else (a terminal, a FIFO, /dev/fd/3) is written to as it is.
class ReportFile {
 public:
  [[nodiscard]] static Expected<ReportFile> open(const std::string& path);
  ReportFile(ReportFile&& other) noexcept;
  ReportFile& operator=(ReportFile&&) = delete;
  ~ReportFile();

  [[nodiscard]] Expected<void> write(const std::string& content);

 private:
  ReportFile(std::string path, std::string temporary, int fd);

  std::string path_;
  std::string temporary_;  // empty: written to directly
  int fd_;
};

}  // namespace slack::client
