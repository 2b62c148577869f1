// What runs leave behind, and what a live worker and a live compiler can see: read from /proc and compared.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/system/peer.hpp"

namespace {

using namespace slack;
using namespace slack::test;
using namespace std::chrono_literals;

std::vector<std::string> entries_of(const std::string& folder) {
  std::vector<std::string> names;
  DIR* entries = ::opendir(folder.c_str());
  if (entries == nullptr) return names;
  while (const dirent* entry = ::readdir(entries)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(entries);
  std::sort(names.begin(), names.end());
  return names;
}

std::string link_of(const std::string& path) {
  char target[512] = {};
  return ::readlink(path.c_str(), target, sizeof target - 1) > 0 ? target : "";
}

std::size_t lines_of(const std::string& path) {
  std::ifstream file(path);
  std::size_t lines = 0;
  for (std::string line; std::getline(file, line);) ++lines;
  return lines;
}

std::string output_of(const char* command) {
  std::string output;
  FILE* pipe = ::popen(command, "r");
  if (pipe == nullptr) return output;
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, n);
  ::pclose(pipe);
  return output;
}

std::size_t count_of(const std::string& text, const std::string& word) {
  std::size_t count = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

// Everything of the daemon that runs could leave behind.
struct Inventory {
  std::vector<pid_t> children;
  std::size_t descriptors = 0;
  std::size_t mappings = 0;
  std::size_t mounts = 0;
  std::size_t bpf_objects = 0;
  std::size_t control_groups = 0;
  std::uint64_t resident_kib = 0;

  static Inventory of(pid_t daemon) {
    const std::string proc = "/proc/" + std::to_string(daemon);
    Inventory seen;
    seen.children = children_of(daemon);
    seen.descriptors = entries_of(proc + "/fd").size();
    seen.mappings = lines_of(proc + "/maps");
    seen.mounts = lines_of(proc + "/mountinfo");
    seen.bpf_objects =
        count_of(output_of("bpftool -j prog show name slack 2>/dev/null; bpftool -j map show 2>/dev/null"), "\"id\"");
    std::istringstream groups(output_of("find /sys/fs/cgroup -type d -path '*slackd*' 2>/dev/null | wc -l"));
    groups >> seen.control_groups;
    std::istringstream(status_field(daemon, "VmRSS")) >> seen.resident_kib;
    return seen;
  }
};

// Waits until the daemon has reaped all but its zygotes.
void settle(Peer& peer, std::size_t children) {
  for (int i = 0; i < 200 && children_of(peer.pid()).size() > children; ++i) peer.turn(20ms);
  for (int i = 0; i < 60; ++i) peer.turn(50ms);  // descriptors that linger a bounded time
}

void compare(const Inventory& before, const Inventory& after) {
  CHECK(after.children == before.children);
  CHECK(after.descriptors <= before.descriptors);
  CHECK(after.mappings <= before.mappings + 4);  // a heap may grow by a mapping or two, not by one a run
  CHECK(after.mounts == before.mounts);
  CHECK(after.bpf_objects <= before.bpf_objects);
  CHECK(after.control_groups <= before.control_groups);
  CHECK(after.resident_kib <= before.resident_kib + 4096);
}

pid_t new_child(Peer& peer, const std::vector<pid_t>& known, const std::string& comm) {
  for (int i = 0; i < 2000; ++i) {
    for (const pid_t child : children_of(peer.pid())) {
      if (std::find(known.begin(), known.end(), child) == known.end() && comm_of(child).starts_with(comm)) return child;
    }
    peer.turn(2ms);
  }
  return -1;
}

void check_confined(pid_t child, int filters) {
  const std::string proc = "/proc/" + std::to_string(child);
  CHECK(status_field(child, "Seccomp") == "2");
  CHECK(std::stoi("0" + status_field(child, "Seccomp_filters")) >= filters);
  CHECK(status_field(child, "NoNewPrivs") == "1");
  CHECK(status_field(child, "CapEff") == "0000000000000000");
  CHECK(status_field(child, "CapBnd") == "0000000000000000");
  CHECK(status_field(child, "Uid").find("0\t") != 0);
  std::ifstream map_file(proc + "/uid_map");
  std::uint64_t inside = 0;
  std::uint64_t outside = 0;
  std::uint64_t count = 0;
  map_file >> inside >> outside >> count;
  CHECK(count == 1);
  CHECK(outside != 0);
  for (const char* kind : {"user", "mnt", "pid", "net", "ipc", "uts"}) {
    INFO(kind);
    CHECK(link_of(proc + "/ns/" + kind) != link_of(std::string("/proc/self/ns/") + kind));
  }
  CHECK(entries_of(proc + "/root").size() <= 1);  // a compiler keeps one file there while it links
  for (const auto& fd : entries_of(proc + "/fd")) {
    const std::string target = link_of(proc + "/fd/" + fd);
    INFO(fd << " -> " << target);
    CHECK(target.find("userfaultfd") == std::string::npos);
    CHECK(target.find("slack-safepoint") == std::string::npos);
    CHECK((target.starts_with("socket:") || target.starts_with("/memfd:") || target.starts_with("pipe:") ||
           target == "/dev/null" || target.ends_with(".wasm")));
  }
  // /dev/null as 0 to 2, its socket, and what stands for the module's 0 to 2.
  CHECK(entries_of(proc + "/fd").size() <= 7);
}

}  // namespace

TEST_CASE("500 runs in a row leave nothing behind") {
  Peer peer;
  for (int i = 0; i < 20; ++i) CHECK(peer.wait_for(peer.run_module(empty_module(), {})).verdict == "ok");
  CHECK(peer.wait_for(peer.run_module(endless_module(), {fuel(1000)})).verdict == "out_of_fuel");
  settle(peer, 2);
  const Inventory before = Inventory::of(peer.pid());
  CHECK(before.children.size() == 2);
  for (int i = 0; i < 500; ++i) {
    const bool stops = i % 5 == 0;
    const Finished finished =
        peer.wait_for(stops ? peer.run_module(endless_module(), {fuel(100'000)}) : peer.run_module(empty_module(), {}));
    REQUIRE(finished.verdict == (stops ? "out_of_fuel" : "ok"));
  }
  settle(peer, 2);
  compare(before, Inventory::of(peer.pid()));
}

TEST_CASE("32 runs at a time leave nothing behind") {
  Peer peer;
  const auto round = [&] {
    std::vector<std::string> runs;
    for (int i = 0; i < 32; ++i) runs.push_back(peer.run_module(endless_module(), {fuel(20'000'000), wall(60s)}));
    for (const auto& run : runs) CHECK(peer.wait_for(run, std::chrono::seconds(120)).verdict == "out_of_fuel");
  };
  round();
  settle(peer, 2);
  const Inventory before = Inventory::of(peer.pid());
  round();
  round();
  settle(peer, 2);
  compare(before, Inventory::of(peer.pid()));
}

TEST_CASE("slackd killed in the middle of 8 runs leaves no worker alive") {
  Peer peer;
  const std::vector<pid_t> zygotes = children_of(peer.pid());
  for (int i = 0; i < 8; ++i) (void)peer.run_module(endless_module(), {wall(60s)});
  std::set<pid_t> workers;
  for (int i = 0; i < 2000 && workers.size() < 8; ++i) {
    for (const pid_t child : children_of(peer.pid()))
      if (std::find(zygotes.begin(), zygotes.end(), child) == zygotes.end() &&
          comm_of(child).starts_with("slack-worker"))
        workers.insert(child);
    peer.turn(5ms);
  }
  CHECK(workers.size() >= 8);
  ::kill(peer.pid(), SIGKILL);
  std::set<pid_t> all(zygotes.begin(), zygotes.end());
  all.insert(workers.begin(), workers.end());
  const auto alive = [&] {
    return std::count_if(all.begin(), all.end(), [](pid_t pid) {
      const std::string state = status_field(pid, "State");
      return !state.empty() && state[0] != 'Z' && state[0] != 'X';
    });
  };
  for (int i = 0; i < 100 && alive() > 0; ++i) ::usleep(20'000);
  CHECK(alive() == 0);
}

TEST_CASE("a live worker has no rights, no files and no way out") {
  Peer peer;
  const std::vector<pid_t> zygotes = children_of(peer.pid());
  const std::string run = peer.run_module(endless_module(), {wall(60s)});
  const pid_t worker = new_child(peer, zygotes, "slack-worker");
  REQUIRE(worker > 0);
  for (int i = 0; i < 500 && status_field(worker, "Seccomp_filters") < "2"; ++i) peer.turn(2ms);
  check_confined(worker, 2);
  sd_bus_call_method(peer.bus(), nullptr, run.c_str(), kRunInterface, "Stop", nullptr, nullptr, nullptr);
  CHECK(peer.wait_for(run).verdict == "killed");
}

TEST_CASE("a live compiler has no rights, no files and no way out") {
  const char* data = std::getenv("SLACK_BENCH");
  if (data == nullptr) {
    WARN("SKIPPED: a live compiler: SLACK_BENCH does not name the benchmark programs");
    return;
  }
  Peer peer;
  const std::vector<pid_t> zygotes = children_of(peer.pid());
  const Fd module(::open((std::string(data) + "/sqlite3/sqlite3.wasm").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(module.valid());
  const std::string run = peer.run_module(module.get(), {});
  const pid_t compiler = new_child(peer, zygotes, "slack-compile");
  REQUIRE(compiler > 0);
  for (int i = 0; i < 500 && status_field(compiler, "Seccomp") != "2"; ++i) peer.turn(2ms);
  check_confined(compiler, 1);
  sd_bus_call_method(peer.bus(), nullptr, run.c_str(), kRunInterface, "Stop", nullptr, nullptr, nullptr);
  CHECK(peer.wait_for(run).verdict == "killed");
}
