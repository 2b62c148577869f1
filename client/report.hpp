// The report of a run: one JSON object, written so that a reader never sees half of it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "daemon/base/fault.hpp"
#include "daemon/base/fd.hpp"
#include "daemon/wire/result.hpp"

namespace slack::client {

// `verdict` and every key of result.def in its order; null where nothing is known. Ends with a newline.
[[nodiscard]] std::string report_json(const RunResult& result);

// Removes the report of an earlier run, where there is to be none of a new one: a command line that is wrong does not
// get as far as a ReportFile. Of such a command line nobody knows what else it names, so only a regular file that
// begins as a report does is taken for one; anything else stays, and is no fault. Faults: "remove the old report PATH:
// why".
[[nodiscard]] Expected<void> remove_old_report(const std::string& path);

// Opened before the run, so that a path that cannot be written is known before the work is done. A regular file is
// removed by open() and there again, as a whole, after write(): what stands in it is never of an earlier run. Anything
// else (a terminal, a FIFO, /dev/fd/3) is written to as it is. A FIFO that nobody reads yet has until write() to be
// opened by its reader, and five seconds more. Where the reader of a report on standard output or error left, write()
// raises SIGPIPE, as other output there would; of any other pipe that is a fault.
class ReportFile {
 public:
  // Faults of open() and write(): "write report PATH: why".
  [[nodiscard]] static Expected<ReportFile> open(const std::string& path);
  // Waits for a reader, where it takes one, no longer than `milliseconds`.
  [[nodiscard]] Expected<void> write(const std::string& content, int milliseconds = kReaderMilliseconds);

  static constexpr int kReaderMilliseconds = 5'000;

 private:
  struct Temporary {
    std::string name;  // in folder_
    Fd fd;
  };

  ReportFile(std::string path, Fd fd);
  static Expected<ReportFile> open_special(const std::string& path);
  static Expected<ReportFile> open_regular(const std::string& path, const std::string& target,
                                           std::optional<mode_t> mode);
  [[nodiscard]] Expected<Temporary> make_temporary() const;
  [[nodiscard]] Expected<void> replace(const std::string& content);
  [[nodiscard]] Expected<void> wait_for_reader(int& milliseconds);

  std::string path_;
  bool is_output_ = false;      // on standard output or error
  Fd fd_;                       // not valid: a FIFO that nobody reads yet, or a regular file
  Fd folder_;                   // of a regular file; else not valid
  std::string name_;            // in folder_
  std::optional<mode_t> mode_;  // of the file that was there before
};

}  // namespace slack::client
