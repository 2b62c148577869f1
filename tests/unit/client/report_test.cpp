// A report has every key of result.def, null where nothing is known, and is never an earlier run's.
#include "client/report.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>

using namespace slack;
using namespace slack::client;
namespace fs = std::filesystem;

namespace {

class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "slack-report-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { fs::remove_all(path); }
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
  fs::path path;
};

std::string content_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void put(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

}  // namespace

TEST_CASE("where there is no new report an old one goes, and nothing else") {
  const Scratch folder;
  const fs::path old = folder.path / "old.json";
  put(old, report_json(RunResult{}));
  fs::create_symlink(old, folder.path / "link");
  REQUIRE(remove_old_report((folder.path / "link").string()));
  CHECK_FALSE(fs::exists(old));
  CHECK(fs::is_symlink(folder.path / "link"));
  for (const std::string& text : {std::string("\0asm\1\0\0\0", 8), std::string("{}\n"), std::string()}) {
    put(old, text);
    CHECK(remove_old_report(old.string()));
    CHECK(content_of(old) == text);
  }
  ::mkfifo((folder.path / "fifo").c_str(), 0600);
  for (const char* other : {"fifo", "gone", "."}) CHECK(remove_old_report((folder.path / other).string()));
  CHECK(fs::is_fifo(folder.path / "fifo"));
  CHECK(remove_old_report("/dev/stdout"));
}

TEST_CASE("a report has the verdict and every key, null where unknown") {
  RunResult result;
  result.verdict = Verdict::out_of_fuel;
  result.fuel_consumed = 18446744073709551615u;
  result.fuel_exact = false;
  result.exit_code = -1;
  result.reason = "because";
  const auto report = nlohmann::json::parse(report_json(result));
  CHECK(report["verdict"] == "out_of_fuel");
  CHECK(report["fuel_consumed"] == 18446744073709551615u);
  CHECK(report["fuel_exact"] == false);
  CHECK(report["exit_code"] == -1);
  CHECK(report["reason"] == "because");
  CHECK(report["trap"].is_null());
  CHECK(report.size() == 1 + result_table().size());
  for (const auto& row : result_table()) CHECK(report.contains(std::string(row.name)));
}

TEST_CASE("a name that is not UTF-8 leaves the report readable") {
  RunResult result;
  result.trap_function = "bad\xff";
  CHECK(nlohmann::json::parse(report_json(result))["trap_function"] == "bad\xef\xbf\xbd");
}

TEST_CASE("a report replaces its file as a whole, and keeps its mode") {
  const Scratch scratch;
  const fs::path path = scratch.path / "report.json";
  put(path, "old");
  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  auto file = ReportFile::open(path);
  REQUIRE(file);
  REQUIRE(file->write("new"));
  CHECK(content_of(path) == "new");
  struct stat status{};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0640);
  CHECK(scratch.entries() == 1);
}

TEST_CASE("a report that is never written leaves nothing behind") {
  const Scratch scratch;
  {
    REQUIRE(ReportFile::open(scratch.path / "report.json"));
  }
  CHECK(scratch.entries() == 0);
}

TEST_CASE("a report of an earlier run is gone before the run begins") {
  const Scratch scratch;
  const fs::path path = scratch.path / "report.json";
  put(path, "old");
  {
    auto file = ReportFile::open(path);
    REQUIRE(file);
    CHECK_FALSE(fs::exists(path));
  }
  CHECK(scratch.entries() == 0);
}

TEST_CASE("a symbolic link to a report stays one") {
  const Scratch scratch;
  put(scratch.path / "real", "old");
  fs::create_symlink("real", scratch.path / "link");
  auto file = ReportFile::open(scratch.path / "link");
  REQUIRE(file);
  REQUIRE(file->write("new"));
  CHECK(fs::is_symlink(scratch.path / "link"));
  CHECK(content_of(scratch.path / "real") == "new");
}

TEST_CASE("what is no regular file is written to as it is") {
  auto file = ReportFile::open("/dev/null");
  REQUIRE(file);
  CHECK(file->write("text"));
  CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("a FIFO whose reader comes late gets its report") {
  const Scratch scratch;
  const fs::path path = scratch.path / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  std::string read;
  std::thread reader;
  {
    auto file = ReportFile::open(path);  // nobody reads yet
    REQUIRE(file);
    reader = std::thread([&] { read = content_of(path); });
    CHECK(file->write("text"));
  }
  reader.join();
  CHECK(read == "text");
}

TEST_CASE("a FIFO whose reader left is a fault, not a signal") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  auto file = ReportFile::open("/dev/fd/" + std::to_string(ends[1]));
  REQUIRE(file);
  ::close(ends[0]);
  CHECK(file->write("text").error().code == EPIPE);
  ::close(ends[1]);
}

TEST_CASE("a pipe that nobody empties does not hold up the end for ever") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_NONBLOCK) == 0);
  auto file = ReportFile::open("/dev/fd/" + std::to_string(ends[1]));
  REQUIRE(file);
  CHECK(file->write(std::string(1 << 20, 'x'), 50).error().what.find("nobody reads it") != std::string::npos);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("a descriptor of the caller's is written to where it stands, and its file stays") {
  const Scratch scratch;
  const fs::path path = scratch.path / "log";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  REQUIRE(::write(fd, "before ", 7) == 7);
  auto file = ReportFile::open("/dev/fd/" + std::to_string(fd));
  REQUIRE(file);
  REQUIRE(file->write("report"));
  REQUIRE(::write(fd, " after", 6) == 6);
  ::close(fd);
  CHECK(content_of(path) == "before report after");
}

TEST_CASE("a report that cannot be written is a fault before the run") {
  const Scratch scratch;
  CHECK(ReportFile::open("/nonexistent/report.json").error().what ==
        "write report /nonexistent/report.json: No such file or directory");
  CHECK(ReportFile::open(scratch.path).error().code == EISDIR);
}
