// The system calls each role may make, each with its reason: the data from which the filters are compiled.
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/mman.h>

#include "daemon/sandbox/policy/seccomp.hpp"

namespace slack::sandbox {
namespace {

// Conditions on arguments. A call that stands twice is allowed if either condition holds.
constexpr ArgumentRule kNoExec{2, PROT_EXEC, 0};                                // mmap, mprotect: not executable
constexpr ArgumentRule kExecNotWritable{2, PROT_WRITE | PROT_EXEC, PROT_EXEC};  // mmap: executable, never writable
constexpr ArgumentRule fcntl_command(int command) {
  return ArgumentRule{1, 0xffff'ffff, static_cast<std::uint64_t>(command)};
}
constexpr ArgumentRule kSeccompFilterOnly{0, 0xffff'ffff, SECCOMP_SET_MODE_FILTER};
// prlimit64(pid, resource, new limit, old limit): no new limit, so it only asks.
constexpr ArgumentRule kAsksOnly{2, ~std::uint64_t{0}, 0};
// sendto(socket, bytes, length, flags, address, length): no address, so to the socket's own peer. A client's
// unconnected datagram socket that serves as a standard stream would else reach every address of the client's network.
constexpr ArgumentRule kNoAddress{4, ~std::uint64_t{0}, 0};

// What a worker does while the module runs. Everything on descriptors it holds; paths only below a directory handed
// in; no new mapping, no new process, no new socket.
const std::vector<AllowedCall>& running() {
  static const std::vector<AllowedCall> calls = {
      {"sendto", "Hello{prepared} and the report, on its own socket", kNoAddress},
      {"recvfrom", "Go, on its own socket", kNoAddress},
      {"read", "fd_read, standard input"},
      {"pread64", "fd_pread"},
      {"write", "fd_write, standard output and error"},
      {"pwrite64", "fd_pwrite"},
      {"lseek", "fd_seek, fd_tell, fd_readdir, what poll_oneoff tells of a file"},
      {"close", "fd_close, fd_renumber"},
      {"fsync", "fd_sync"},
      {"fdatasync", "fd_datasync"},
      {"ftruncate", "fd_filestat_set_size"},
      {"fallocate", "fd_allocate"},
      {"fadvise64", "fd_advise"},
      {"fcntl", "fd_fdstat_get: F_GETFL", fcntl_command(F_GETFL)},
      {"fcntl", "fd_fdstat_set_flags: F_SETFL", fcntl_command(F_SETFL)},
      {"fstat", "fd_filestat_get, path_filestat_get, path_open; glibc from 2.39 on"},
      {"newfstatat", "the same; older glibc"},
      {"utimensat", "fd_filestat_set_times, path_filestat_set_times"},
      {"getdents64", "fd_readdir"},
      {"openat2", "path_open and the parents of every path, with RESOLVE_BENEATH"},
      {"mkdirat", "path_create_directory"},
      {"unlinkat", "path_unlink_file, path_remove_directory"},
      {"renameat", "path_rename"},
      {"symlinkat", "path_symlink"},
      {"linkat", "path_link"},
      {"readlinkat", "path_readlink"},
      {"ppoll", "poll_oneoff, sleeps"},
      {"sched_yield", "sched_yield"},
      {"clock_gettime", "clock_time_get of the CPU clocks, and where the vdso passes on to the kernel"},
      {"clock_getres", "clock_res_get of the CPU clocks, and where the vdso passes on to the kernel"},
      {"getrandom", "random_get"},
      {"mprotect", "growth of linear memory and tables", kNoExec},
      {"rt_sigreturn", "leaving the handlers of faults and interrupts"},
      {"exit_group", "the end"},
  };
  return calls;
}

// What a worker does on top of that between its first filter and its second: receive the image and map it.
const std::vector<AllowedCall>& preparing() {
  static const std::vector<AllowedCall> calls = {
      {"recvmsg", "the Start message with its descriptors"},
      {"mmap", "context, tables, the image's data, heap", kNoExec},
      {"mmap", "the image's text, from its sealed memfd", kExecNotWritable},
      {"munmap", "the reader's mapping of the image, freed heap"},
      {"brk", "heap of libc"},
      {"madvise", "heap of libc, trimmed"},
      {"futex", "once-initialisation in libraries, uncontended"},
      {"fcntl", "the seals of image and brief", fcntl_command(F_GET_SEALS)},
      {"landlock_create_ruleset", "paths outside the directories handed in are closed"},
      {"landlock_add_rule", "the directories handed in"},
      {"landlock_restrict_self", "paths outside the directories handed in are closed"},
      {"seccomp", "the second filter", kSeccompFilterOnly},
  };
  return calls;
}

const std::vector<AllowedCall>& compiling() {
  static const std::vector<AllowedCall> calls = {
      {"recvmsg", "the request with module and image descriptors"},
      {"sendmsg", "the reply"},
      {"read", "LLVM's way with a file of unknown size"},
      {"pread64", "the module, the linker's output"},
      {"fstat", "size of the module, of the linker's files"},
      {"newfstatat", "size of the module, of the linker's files"},
      {"lseek", "size of the module"},
      {"write", "the image; messages to /dev/null"},
      {"pwrite64", "the image"},
      {"ftruncate", "size of the image"},
      {"close", "module and image"},
      {"openat", "the linker's files, in the private root"},
      {"access", "whether the linker's files are there"},
      {"unlink", "the linker's files, in the private root"},
      {"rename", "the linker's output, from its temporary name"},
      {"mmap", "heap, module, linker's files", kNoExec},
      {"mprotect", "heap", kNoExec},
      {"munmap", "heap, module, linker's files"},
      {"mremap", "heap, growing a large block"},
      {"madvise", "heap, trimmed"},
      {"brk", "heap"},
      {"futex", "locks of LLVM; threads wait for work and for each other"},
      {"clock_gettime", "LLVM's timers, where the vdso passes on to the kernel"},
      {"getrusage", "LLVM's timers, memory used"},
      {"getrandom", "libc's and LLVM's keys of hash tables and names"},
      {"sched_getaffinity", "LLVM counts cores"},
      {"sysinfo", "LLVM asks how much memory there is"},
      {"getpid", "LLVM's temporary names and crash handler"},
      {"gettid", "libc, abort"},
      {"prlimit64", "LLVM asks for the stack's size", kAsksOnly},
      {"rt_sigaction", "LLVM's crash recovery"},
      {"rt_sigprocmask", "LLVM's crash recovery, abort"},
      {"sigaltstack", "LLVM's crash recovery"},
      {"rt_sigreturn", "leaving a handler"},
      {"restart_syscall", "a read goes on after a stop"},
      {"exit", "the end of a thread"},
      {"exit_group", "the end"},
  };
  return calls;
}

std::vector<AllowedCall> joined(const std::vector<AllowedCall>& a, const std::vector<AllowedCall>& b) {
  std::vector<AllowedCall> all = a;
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

}  // namespace

const std::vector<AllowedCall>& policy_of(Role role) {
  // Both filters of a worker stay in force together, so the first allows all that the second does.
  static const std::vector<AllowedCall> setup = joined(running(), preparing());
  switch (role) {
    case Role::worker_setup:
      return setup;
    case Role::worker_run:
      return running();
    case Role::compiler:
      return compiling();
  }
  __builtin_unreachable();
}

}  // namespace slack::sandbox
