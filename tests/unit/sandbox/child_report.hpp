// What a confined child of the test zygote tells of itself, and the orders it takes.
#pragma once

#include <cstdint>

namespace slack::sandbox::test {

enum class Order : std::uint32_t {
  report = 1,     // answer: ChildReport
  use_directory,  // with a directory: answer: DirectoryReport; `restrict_to` says under which Landlock grant
  allocate,       // touch `amount` bytes; answer: Done, if it lives
  burn,           // use the CPU for ever
  write_file,     // write `amount` bytes to the descriptor that comes with it; answer: Done
  fill_root,      // write `amount` bytes to a file in its root; answer: Done
};
enum class Grant : std::uint32_t { none_made, writable, read_only, nothing };

struct Command {
  Order order;
  Grant restrict_to;
  std::uint64_t amount;
};

struct Done {
  std::int32_t error;  // errno, 0: all done
  std::uint32_t padding;
  std::uint64_t amount;  // bytes
};

struct ChildReport {
  std::int32_t pid, session, uid, euid, gid, egid, groups;
  std::int32_t no_new_privs, dumpable, parent_death_signal, securebits, execute_gain_denied, seccomp;
  std::uint64_t capabilities;  // union of effective, permitted and inheritable
  std::uint32_t bounding;      // capabilities left in the bounding set
  std::uint32_t ambient;
  std::uint64_t open_descriptors;  // bit n: descriptor n below 64 is open
  std::uint32_t higher_descriptors;
  std::uint32_t standard_are_null;  // of 0, 1 and 2
  std::uint32_t entries_in_root;
  std::int32_t proc_error;    // errno of opening /proc
  std::int32_t create_error;  // errno of making a file in /
  std::int32_t fork_error;
  std::int32_t execute_gain_error;  // errno of mprotect to PROT_EXEC
  std::int32_t reserve_error;       // errno of mapping a worker's linear memory
  std::int32_t mount_error, namespace_error, network_error;
  std::uint32_t network_interfaces_up;
  std::uint32_t handled_signals, blocked_signals;
  std::uint64_t data, file_size, open_files, cpu, core, processes;  // soft limits
  char hostname[32];
};

struct DirectoryReport {
  std::int32_t create_error, read_error, parent_error, secret_error, execute_error, rename_error, device_error;
  std::uint32_t owner_seen;           // uid of the file made, as the child sees it
  std::uint64_t inode, parent_inode;  // of the directory and of its ".."
  std::uint32_t covered_seen;         // 1: file "mounted/covered" was there
};

}  // namespace slack::sandbox::test
