// Directories handed to a worker: it can do with them what the client could, and gets nowhere else from there.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "daemon/sandbox/directory.hpp"
#include "daemon/sandbox/zygote.hpp"
#include "tests/unit/sandbox/daemon_process.hpp"

namespace slack::sandbox::test {
namespace {

namespace fs = std::filesystem;
constexpr uid_t kClient = 54321;

const Facilities& facilities() {
  static const Facilities probed = probe_facilities();
  return probed;
}

bool is_root() { return ::geteuid() == 0 && facilities().privileged; }

// A client's directory with files of the client and of root, removed with the object.
class ClientDirectory {
 public:
  ClientDirectory(const fs::path& base, uid_t owner) {
    std::string pattern = (base / "slack-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp in " + base.string());
    path_ = pattern;
    fs::create_directory(path_ / "below");
    fs::create_directory(path_ / "mounted");
    give("present", 0600, owner);
    give("movable", 0600, owner);
    give("secret", 0600, 0);
    give("program", 0755, owner);
    give("mounted/covered", 0644, owner);
    for (const char* name : {"below", "mounted", "."}) own(path_ / name, owner);
    fs::permissions(path_, fs::perms::owner_all);
  }
  ~ClientDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ClientDirectory(const ClientDirectory&) = delete;
  ClientDirectory& operator=(const ClientDirectory&) = delete;

  [[nodiscard]] Fd open() const { return Fd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }
  [[nodiscard]] const fs::path& path() const { return path_; }
  [[nodiscard]] uid_t owner_of(const char* name) const {
    struct stat status{};
    return ::lstat((path_ / name).c_str(), &status) == 0 ? status.st_uid : static_cast<uid_t>(-1);
  }

 private:
  void own(const fs::path& path, uid_t uid) {
    if (::geteuid() == 0 && ::chown(path.c_str(), uid, uid) < 0) throw std::runtime_error("chown " + path.string());
  }
  void give(const char* name, int mode, uid_t uid) {
    std::ofstream(path_ / name) << "#!/bin/sh\nexit 0\n";
    fs::permissions(path_ / name, static_cast<fs::perms>(mode));
    own(path_ / name, uid);
  }

  fs::path path_;
};

Expected<DirectoryReport> used(int directory, uid_t client, bool read_only, Grant grant) {
  auto mount = hand_in_directory(directory, client, client, read_only, facilities());
  if (!mount) return fail(mount.error());
  auto zygote = Zygote::launch(test_zygote(), facilities(), true);
  if (!zygote) return fail(zygote.error());
  auto child = zygote->spawn(usual_limits());
  if (!child) return fail(child.error());
  const auto report = ask<DirectoryReport>(*child, Command{Order::use_directory, grant, 0}, mount->get());
  (void)end_and_reap(*child);
  if (!report) return fail("no report", EIO);
  return *report;
}

DirectoryReport must_use(int directory, uid_t client, bool read_only, Grant grant) {
  auto report = used(directory, client, read_only, grant);
  if (!report.has_value()) throw std::runtime_error(report.error().what);
  return *report;
}

}  // namespace

TEST_CASE("a run uses a client's directory as that client: its files are the client's on disk") {
  if (!is_root()) {
    WARN("SKIPPED: needs root");
    return;
  }
  // /dev/shm is a tmpfs; the temporary directory is on the machine's disk.
  for (const char* base : {"/dev/shm", "/var/tmp"})
    for (const uid_t client : {kClient, uid_t{0}})
      for (const Grant grant : {Grant::none_made, Grant::writable}) {
        INFO(base << " client " << client << " grant " << static_cast<int>(grant));
        const ClientDirectory directory(base, client);
        const auto report = must_use(directory.open().get(), client, false, grant);
        CHECK(report.create_error == 0);
        CHECK(report.owner_seen == identity_for_children()->uid);
        CHECK(directory.owner_of("made") == client);
        CHECK(report.read_error == 0);
        CHECK(report.secret_error == (client == 0 ? 0 : EACCES));
        CHECK(report.rename_error == 0);
        CHECK(directory.owner_of("below/moved") == client);
        CHECK(report.execute_error == EACCES);
        CHECK(report.device_error == (grant == Grant::writable && facilities().landlock_abi > 0 ? EACCES : 0));
      }
}

TEST_CASE("there is no way up from a directory handed in, even for a worker that breaks every rule of ours") {
  if (!is_root()) {
    WARN("SKIPPED: needs root");
    return;
  }
  const ClientDirectory directory("/dev/shm", kClient);
  const auto report = must_use(directory.open().get(), kClient, false, Grant::none_made);
  CHECK(report.parent_error == 0);
  CHECK(report.parent_inode == report.inode);
}

TEST_CASE("a directory handed in read-only takes no change, by the mount and by Landlock alike") {
  if (!is_root()) {
    WARN("SKIPPED: needs root");
    return;
  }
  const ClientDirectory directory("/dev/shm", kClient);
  const auto by_mount = must_use(directory.open().get(), kClient, true, Grant::none_made);
  CHECK(by_mount.create_error == EROFS);
  CHECK(by_mount.rename_error == EROFS);
  CHECK(by_mount.read_error == 0);
  if (facilities().landlock_abi == 0) {
    WARN("SKIPPED: needs Landlock");
    return;
  }
  const auto by_landlock = must_use(directory.open().get(), kClient, false, Grant::read_only);
  CHECK(by_landlock.create_error == EACCES);
  CHECK(by_landlock.rename_error == EACCES);
  CHECK(by_landlock.read_error == 0);
  const auto closed = must_use(directory.open().get(), kClient, false, Grant::nothing);
  CHECK(closed.create_error == EACCES);
  CHECK(closed.read_error == EACCES);
  CHECK(closed.parent_error == EACCES);
}

TEST_CASE("an unprivileged daemon hands in its own user's directory, closed upwards and read-only if asked") {
  if (!is_root()) {
    WARN("SKIPPED: needs root to become somebody else");
    return;
  }
  (void)facilities();
  for (const char* base : {"/dev/shm", "/var/tmp"}) {
    const ClientDirectory directory(base, kClient);
    CHECK(in_process(kClient, [&]() -> std::string {
            Facilities own = probe_facilities();
            if (own.privileged || own.idmapped_mounts) return "privileged after all";
            const Fd opened = directory.open();
            auto mount = hand_in_directory(opened.get(), kClient, kClient, false, own);
            if (!mount) return mount.error().what;
            auto zygote = Zygote::launch(test_zygote(), own, true);
            if (!zygote) return zygote.error().what;
            auto child = zygote->spawn(usual_limits());
            if (!child) return child.error().what;
            const auto report =
                ask<DirectoryReport>(*child, Command{Order::use_directory, Grant::none_made, 0}, mount->get());
            (void)end_and_reap(*child);
            if (!report) return "no report";
            if (report->create_error != 0 || report->owner_seen != kClient) return "cannot create";
            if (report->read_error != 0 || report->secret_error != EACCES) return "wrong reading";
            if (report->parent_error != 0 || report->parent_inode != report->inode) return "a way up";
            if (report->execute_error != EACCES) return "executes";

            auto fixed = hand_in_directory(opened.get(), kClient, kClient, true, own);
            if (!fixed) return fixed.error().what;
            auto second = zygote->spawn(usual_limits());
            if (!second) return second.error().what;
            const auto reading =
                ask<DirectoryReport>(*second, Command{Order::use_directory, Grant::read_only, 0}, fixed->get());
            (void)end_and_reap(*second);
            if (!reading) return "no report";
            if (reading->create_error != EROFS && reading->create_error != EACCES) return "read-only takes files";
            return reading->read_error == 0 ? "" : "read-only cannot be read";
          }) == "");
    CHECK(directory.owner_of("made") == kClient);
  }
}

TEST_CASE("what is mounted below comes along, and what it covers stays covered") {
  if (!is_root()) {
    WARN("SKIPPED: needs root");
    return;
  }
  const ClientDirectory directory("/dev/shm", kClient);
  CHECK(in_process(0, [&]() -> std::string {
          if (::unshare(CLONE_NEWNS) < 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0)
            return "unshare";
          if (::mount("none", (directory.path() / "mounted").c_str(), "tmpfs", 0, "size=64k") < 0) return "mount";
          const auto report = used(directory.open().get(), kClient, false, Grant::none_made);
          if (!report) return report.error().what;
          return report->covered_seen == 0 ? "" : "a covered file came to light";
        }) == "");
}

TEST_CASE("a daemon in a mount namespace of its own hands in directories of the machine's") {
  if (!is_root()) {
    WARN("SKIPPED: needs root");
    return;
  }
  const ClientDirectory directory("/dev/shm", kClient);
  (void)facilities();
  // A machine in small: a pid namespace whose pid 1 has one mount namespace, and in it a daemon that has another.
  const auto as_daemon = [](const Fd& opened) -> std::string {
    if (::unshare(CLONE_NEWNS) < 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0)
      return "unshare for the daemon";
    const auto report = used(opened.get(), kClient, false, Grant::writable);
    if (!report) return report.error().what;
    if (report->parent_error == 0 && report->parent_inode != report->inode) return "a way up";
    return report->create_error == 0 ? "" : "cannot create";
  };
  const auto as_init = [&]() -> std::string {
    if (::mount("proc", "/proc", "proc", 0, nullptr) < 0) return "mount /proc";
    const Fd opened = directory.open();
    return in_process(0, [&] { return as_daemon(opened); });
  };
  CHECK(in_process(0, [&]() -> std::string {
          if (::unshare(CLONE_NEWNS | CLONE_NEWPID) < 0 ||
              ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0)
            return "unshare for pid 1";
          return in_process(0, as_init);
        }) == "");
  CHECK(directory.owner_of("made") == kClient);
}

TEST_CASE("under a service's filter that forbids sethostname children start, and one without openat2 is named") {
  const ClientDirectory directory("/dev/shm", ::geteuid());
  (void)facilities();
  CHECK(in_process(0, [&]() -> std::string {
          const auto answer = [](std::uint32_t error) {
            return sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
          };
          // What ProtectHostname= and RestrictSUIDSGID= of systemd do.
          sock_filter program[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sethostname, 2, 0),
                                   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 2, 0),
                                   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                                   answer(EPERM),
                                   answer(ENOSYS)};
          const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
          ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
          if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) return "load the filter";
          auto zygote = Zygote::launch(test_zygote(), facilities(), true);
          if (!zygote) return zygote.error().what;
          auto child = zygote->spawn(usual_limits());
          if (!child) return child.error().what;
          (void)end_and_reap(*child);
          const Facilities found = probe_facilities();
          const auto mount = hand_in_directory(directory.open().get(), ::geteuid(), ::getegid(), false, found);
          if (mount) return "a directory was handed in that no worker could open a file in";
          return mount.error().what.find("RestrictSUIDSGID") != std::string::npos ? "" : mount.error().what;
        }) == "");
}

TEST_CASE("what cannot be handed in is a fault that says why") {
  const auto code_of = [](int fd) {
    const auto mount = hand_in_directory(fd, 0, 0, false, facilities());
    return mount ? 0 : mount.error().code;
  };
  CHECK(code_of(-1) == EBADF);
  CHECK(code_of(4000) == EBADF);
  const Fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(code_of(file.get()) == ENOTDIR);
  if (!is_root()) {
    WARN("SKIPPED: the rest needs root");
    return;
  }
  // proc has no idmapped mounts.
  const Fd proc(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto mount = hand_in_directory(proc.get(), kClient, kClient, false, facilities());
  REQUIRE_FALSE(mount.has_value());
  CHECK(mount.error().code == EINVAL);
  CHECK(mount.error().what.find("idmapped") != std::string::npos);
}

}  // namespace slack::sandbox::test
