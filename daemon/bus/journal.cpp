// Writes journal entries, or plain lines where there is no journal.
#include "daemon/bus/journal.hpp"

#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

// The entries are about runs, not about our source lines.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <vector>

#include "daemon/run/conclude.hpp"

namespace slack::bus {
namespace {

// Of the end of a run; stable, so that entries can be searched for by it.
constexpr char kRunEndedId[] = "6f0f7f0a8d5b4c2d9d1c4f3a7e21b8c5";

std::string text_of(std::uint64_t value) { return std::to_string(value); }
std::string text_of(std::int32_t value) { return std::to_string(value); }
std::string text_of(bool value) { return value ? "yes" : "no"; }
std::string text_of(const std::string& value) { return value; }

std::string field_name(std::string_view key) {
  std::string name = "SLACKD_";
  for (const char letter : key) name += static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  return name;
}

std::string sentence_on(const run::Run& run) {
  const RunResult& result = run.result();
  std::string line = "Run " + std::to_string(run.id()) + " (" + run::printable(run.options().name) + ") of user " +
                     std::to_string(run.uid()) + ": " + std::string(name_of(result.verdict));
  if (result.reason) line += ", " + *result.reason;
  if (result.trap) line += ", " + *result.trap;
  if (result.fuel_consumed) line += ", " + std::to_string(*result.fuel_consumed) + " fuel";
  return line;
}

}  // namespace

Journal::Where Journal::for_service() {
  return ::access("/run/systemd/journal/socket", W_OK) == 0 ? Where::journal : Where::standard_error;
}

void Journal::notice(const std::string& line) const {
  if (where_ == Where::journal)
    (void)sd_journal_send("MESSAGE=%s", line.c_str(), "PRIORITY=%i", LOG_NOTICE, nullptr);
  else if (where_ == Where::standard_error)
    std::fprintf(stderr, "slackd: %s\n", line.c_str());
}

void Journal::run_ended(const run::Run& run) const {
  if (where_ != Where::journal) return notice(sentence_on(run));
  const RunResult& result = run.result();
  // A crash is somebody's bug, the compiler's or the worker's; all else is the run's own business.
  const int priority = result.verdict == Verdict::crashed ? LOG_WARNING : LOG_INFO;
  std::vector<std::string> fields{"MESSAGE=" + sentence_on(run),
                                  std::string("MESSAGE_ID=") + kRunEndedId,
                                  "PRIORITY=" + std::to_string(priority),
                                  "SLACKD_RUN_ID=" + std::to_string(run.id()),
                                  "SLACKD_NAME=" + run::printable(run.options().name),
                                  "SLACKD_UID=" + std::to_string(run.uid()),
                                  "SLACKD_VERDICT=" + std::string(name_of(result.verdict))};
  for_each_field(result, [&](std::string_view key, const auto& value) {
    if (value) fields.push_back(field_name(key) + "=" + text_of(*value));
  });
  std::vector<iovec> parts;
  for (auto& field : fields) parts.push_back({field.data(), field.size()});
  (void)sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
}

}  // namespace slack::bus
