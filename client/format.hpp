// The words slackctl writes about a run: pure functions from results to text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/units.hpp"
#include "daemon/wire/result.hpp"

namespace slack::client {

[[nodiscard]] std::string grouped(std::uint64_t number);   // "1,000,123"
[[nodiscard]] std::string duration_text(Micros duration);  // "84 us", "12.3 ms", "1.20 s", "2 min 3 s"
[[nodiscard]] std::string size_text(Bytes size);           // "512 B", "12.3 MiB"
[[nodiscard]] std::string fuel_limit_text(Fuel limit);     // "1,000,000", "unlimited"
// Control characters, and bytes that are no UTF-8, as \xNN: nothing drives a terminal.
[[nodiscard]] std::string printable(std::string_view hostile);
// With U+FFFD for every byte that is no UTF-8, and cut to at most `most` bytes: a file's name, as D-Bus can carry it.
[[nodiscard]] std::string as_utf8(std::string_view bytes, std::size_t most);

// One line, without a newline, that says what became of the run, where and how much; empty for a plain `ok`.
// `name` is the module's name.
[[nodiscard]] std::string verdict_line(std::string_view name, const RunResult& result);

// Why a run was killed whose slackctl got this signal: "stopped by SIGINT (Ctrl-C)", "stopped by SIGTERM".
[[nodiscard]] std::string stopped_by_signal(int number);

// The summary of --stats, one indented line a topic, each ended by a newline; under a headline of its own where there
// is no verdict line.
[[nodiscard]] std::string stats_text(std::string_view name, const RunResult& result);

// Columns padded to their widest cell, two blanks between; the first row is the heading. Ends with a newline.
[[nodiscard]] std::string table_text(const std::vector<std::vector<std::string>>& rows);

// What `slackctl run` exits with.
[[nodiscard]] int exit_code_of(const RunResult& result);

}  // namespace slack::client
