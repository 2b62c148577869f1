// A guest for the tests: its memory, its Wasi, and an empty folder to preopen.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "daemon/worker/wasi/wasi.hpp"

namespace slack::worker::test {

class Folder {
 public:
  Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "slack-worker-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] Fd open() const { return Fd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }
  void write(const std::string& name, const std::string& content) const { std::ofstream(path_ / name) << content; }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file(path_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::filesystem::path path_;
};

// Standard streams are /dev/null, pipes or memfds as a test hands them in.
struct Guest {
  explicit Guest(wasi::Wasi::Settings settings = {}) : state(settings) {}

  std::vector<std::byte> bytes = std::vector<std::byte>(65536);
  GuestMemory memory{bytes};
  wasi::Wasi state;

  static Fd null() { return Fd(::open("/dev/null", O_RDWR | O_CLOEXEC)); }
  // 0, 1, 2 are /dev/null, 3 is the folder.
  void preopen(const Folder& folder, bool read_only = false) {
    (void)state.add_input(null());
    (void)state.add_output(null());
    (void)state.add_output(null());
    (void)state.add_directory(folder.open(), ".", read_only);
  }

  // Puts text at an address and returns it, so that calls read well.
  std::uint32_t put(std::uint32_t address, std::string_view text) {
    std::memcpy(bytes.data() + address, text.data(), text.size());
    return address;
  }
  template <typename T>
  void put_value(std::uint32_t address, const T& value) {
    std::memcpy(bytes.data() + address, &value, sizeof value);
  }
  template <typename T>
  [[nodiscard]] T get(std::uint32_t address) const {
    return memory.load<T>(address).value();
  }
  [[nodiscard]] std::string text(std::uint32_t address, std::size_t length) const {
    return {reinterpret_cast<const char*>(bytes.data() + address), length};
  }

  // path_open below descriptor 3; the new number is at address 8.
  wasi::Errno open(std::string_view path, std::uint64_t base, std::uint32_t open_flags = 0, std::uint32_t lookup = 1,
                   std::uint32_t flags = 0) {
    put(30000, path);
    return wasi::path_open(state, memory, 3, lookup, 30000, static_cast<std::uint32_t>(path.size()), open_flags, base,
                           wasi::rights::kBelow, flags, 8);
  }
  [[nodiscard]] std::uint32_t opened() const { return get<std::uint32_t>(8); }
};

}  // namespace slack::worker::test

namespace slack::worker::wasi {
inline std::ostream& operator<<(std::ostream& out, Errno error) { return out << static_cast<unsigned>(error); }
}  // namespace slack::worker::wasi
