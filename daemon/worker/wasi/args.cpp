// Arguments, environment, and the end of the process.
#include "daemon/worker/wasi/wasi.hpp"

namespace slack::worker::wasi {
namespace {

Errno store_sizes(const StringTable& table, GuestMemory memory, U32 count, U32 bytes) {
  return memory.store(count, table.count()) && memory.store(bytes, table.bytes()) ? Errno::success : Errno::fault;
}

}  // namespace

StringTable::StringTable(const std::vector<std::string>& strings) {
  for (const std::string& string : strings) {
    offsets_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    bytes_ += string;
    bytes_ += '\0';
  }
}

Errno StringTable::copy(GuestMemory memory, std::uint32_t pointers, std::uint32_t buffer) const {
  std::byte* to = memory.range(buffer, bytes_.size());
  if (to == nullptr || memory.range(pointers, std::uint64_t{4} * offsets_.size()) == nullptr) return Errno::fault;
  std::memcpy(to, bytes_.data(), bytes_.size());
  for (std::size_t i = 0; i < offsets_.size(); ++i)
    if (!memory.store(pointers + std::uint64_t{4} * i, static_cast<std::uint32_t>(buffer + offsets_[i])))
      return Errno::fault;
  return Errno::success;
}

Errno args_get(Wasi& wasi, GuestMemory memory, U32 argv, U32 buffer) {
  return wasi.arguments.copy(memory, argv, buffer);
}

Errno args_sizes_get(Wasi& wasi, GuestMemory memory, U32 count, U32 bytes) {
  return store_sizes(wasi.arguments, memory, count, bytes);
}

Errno environ_get(Wasi& wasi, GuestMemory memory, U32 environ, U32 buffer) {
  return wasi.environment.copy(memory, environ, buffer);
}

Errno environ_sizes_get(Wasi& wasi, GuestMemory memory, U32 count, U32 bytes) {
  return store_sizes(wasi.environment, memory, count, bytes);
}

void proc_exit(Wasi& wasi, GuestMemory, U32 code) {
  wasi.ending = Ending{wire::End::exited, static_cast<std::int32_t>(code)};
}

// The default action of each signal, as witx names it: a module can install no handler. One that stops the process has
// nobody to continue it.
Errno proc_raise(Wasi& wasi, GuestMemory, U32 number) {
  switch (static_cast<Signal>(number)) {
    case Signal::none:
    case Signal::pipe:
    case Signal::chld:
    case Signal::cont:
    case Signal::urg:
    case Signal::winch:
      return Errno::success;
    case Signal::stop:
    case Signal::tstp:
    case Signal::ttin:
    case Signal::ttou:
      return Errno::notsup;
    default:
      break;
  }
  if (number > static_cast<U32>(Signal::sys)) return Errno::inval;
  // The exit code that a shell gives to a death by signal.
  wasi.ending = Ending{wire::End::exited, static_cast<std::int32_t>(128 + number)};
  return Errno::success;
}

}  // namespace slack::worker::wasi
