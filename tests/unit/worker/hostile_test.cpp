// Hostile arguments: every WASI function with pointers and lengths at, over and around the end of memory. The guest's
// memory lies between closed pages, so a host function that touches one byte too many dies here.
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "daemon/worker/splitmix64.hpp"
#include "daemon/worker/wasi/preview0.hpp"
#include "tests/unit/worker/guest.hpp"

using namespace slack;
using namespace slack::worker;
using namespace slack::worker::wasi;
using test::Folder;

namespace {

constexpr U32 kSize = 65536;  // one page of Wasm
constexpr std::size_t kClosed = 65536;
using Arguments = std::vector<U64>;
using Call = Errno (*)(Wasi&, GuestMemory, const Arguments&);

template <auto kFunction>
struct Caller;
template <typename... Types, Errno (*kFunction)(Wasi&, GuestMemory, Types...)>
struct Caller<kFunction> {
  static constexpr std::array<bool, sizeof...(Types)> kWide{sizeof(Types) == 8 ...};
  static Errno call(Wasi& wasi, GuestMemory memory, const Arguments& arguments) {
    return [&]<std::size_t... kAt>(std::index_sequence<kAt...>) {
      return kFunction(wasi, memory, static_cast<Types>(arguments.at(kAt))...);
    }(std::index_sequence_for<Types...>());
  }
};

// proc_exit answers nothing.
template <typename... Types, void (*kFunction)(Wasi&, GuestMemory, Types...)>
struct Caller<kFunction> {
  static constexpr std::array<bool, sizeof...(Types)> kWide{sizeof(Types) == 8 ...};
  static Errno call(Wasi& wasi, GuestMemory memory, const Arguments& arguments) {
    [&]<std::size_t... kAt>(std::index_sequence<kAt...>) {
      kFunction(wasi, memory, static_cast<Types>(arguments.at(kAt))...);
    }(std::index_sequence_for<Types...>());
    return Errno::success;
  }
};

struct Named {
  Call call;
  std::vector<bool> wide;  // 64-bit arguments
};

template <auto kFunction>
Named named() {
  constexpr auto& kWide = Caller<kFunction>::kWide;
  return {&Caller<kFunction>::call, std::vector<bool>(kWide.begin(), kWide.end())};
}

const std::map<std::string, Named>& table() {
  static const std::map<std::string, Named> calls = [] {
    std::map<std::string, Named> all;
#define X(name, signature) all[#name] = named<&wasi::name>();
#include "daemon/wire/wasi.def"
#undef X
    all["wasi_unstable.fd_seek"] = named<&preview0::fd_seek>();
    all["wasi_unstable.fd_filestat_get"] = named<&preview0::fd_filestat_get>();
    all["wasi_unstable.path_filestat_get"] = named<&preview0::path_filestat_get>();
    all["wasi_unstable.poll_oneoff"] = named<&preview0::poll_oneoff>();
    return all;
  }();
  return calls;
}

// A process whose memory is fenced in, with files to work on. Numbers: 3 the folder, 4 a file, 5 a directory in it.
struct Victim {
  Victim() : pages_(::mmap(nullptr, kSize + 2 * kClosed, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    REQUIRE(pages_ != MAP_FAILED);
    auto* const begin = static_cast<std::byte*>(pages_) + kClosed;
    REQUIRE(::mprotect(begin, kSize, PROT_READ | PROT_WRITE) == 0);
    memory = GuestMemory({begin, kSize});
    const auto null = [] { return Fd(::open("/dev/null", O_RDWR | O_CLOEXEC)); };
    (void)state.add_input(null());
    (void)state.add_output(null());
    (void)state.add_output(null());
    folder.write("file", "content");
    std::filesystem::create_directory(folder.path() / "sub");
    std::filesystem::create_symlink("file", folder.path() / "link");
    (void)state.add_directory(folder.open(), "folder", false);
    state.arguments = StringTable({"program", "argument"});
    state.environment = StringTable({"NAME=value"});
    REQUIRE(open("file", rights::kFile) == Errno::success);
    REQUIRE(open("sub", rights::kDirectory, oflags::directory) == Errno::success);
    put(kPath, "file");
    put(kPath2, "new");
    put(kLink, "link");
    put(kSub, "sub");
    REQUIRE(memory.store(kBuffers, Buffer{kData, 7}));
    Subscription clock{};
    clock.type = EventType::clock;
    clock.clock.clock = static_cast<U32>(Clock::monotonic);
    REQUIRE(memory.store(kSubscriptions, clock));
  }
  ~Victim() { ::munmap(pages_, kSize + 2 * kClosed); }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  void put(U32 address, std::string_view text) const {
    std::memcpy(memory.range(address, text.size()), text.data(), text.size());
  }
  Errno open(std::string_view path, U64 base, U32 flags = 0) {
    put(kPath, path);
    return path_open(state, memory, 3, 1, kPath, static_cast<U32>(path.size()), flags, base, rights::kBelow, 0, 0);
  }

  static constexpr U32 kPath = 1000, kPath2 = 1100, kLink = 1200, kSub = 1300, kBuffers = 2000, kData = 3000,
                       kSubscriptions = 4000, kEvents = 5000, kOut = 6000;

  const Folder folder;
  GuestMemory memory{std::span<std::byte>()};
  Wasi state{Wasi::Settings{.deterministic = true}};

 private:
  void* pages_;
};

// A call that succeeds, and where in its arguments there are pointers to how many bytes.
struct Pointer {
  std::size_t at;
  U32 bytes;
};
struct Row {
  const char* name;
  Arguments good;
  std::vector<Pointer> pointers;
};

const std::vector<Row>& rows() {
  using V = Victim;
  static const std::vector<Row> all = {
      {"args_get", {6000, 7000}, {{0, 8}, {1, 17}}},
      {"args_sizes_get", {6000, 6004}, {{0, 4}, {1, 4}}},
      {"environ_get", {6000, 7000}, {{0, 4}, {1, 11}}},
      {"environ_sizes_get", {6000, 6004}, {{0, 4}, {1, 4}}},
      {"clock_res_get", {1, V::kOut}, {{1, 8}}},
      {"clock_time_get", {1, 1, V::kOut}, {{2, 8}}},
      {"fd_fdstat_get", {4, V::kOut}, {{1, 24}}},
      {"fd_filestat_get", {4, V::kOut}, {{1, 64}}},
      {"fd_pread", {4, V::kBuffers, 1, 0, V::kOut}, {{1, 8}, {4, 4}}},
      {"fd_prestat_get", {3, V::kOut}, {{1, 8}}},
      {"fd_prestat_dir_name", {3, V::kOut, 6}, {{1, 6}}},
      {"fd_pwrite", {4, V::kBuffers, 1, 0, V::kOut}, {{1, 8}, {4, 4}}},
      {"fd_read", {4, V::kBuffers, 1, V::kOut}, {{1, 8}, {3, 4}}},
      {"fd_readdir", {3, V::kData, 100, 0, V::kOut}, {{1, 100}, {4, 4}}},
      {"fd_seek", {4, 1, 0, V::kOut}, {{3, 8}}},
      {"fd_tell", {4, V::kOut}, {{1, 8}}},
      {"fd_write", {4, V::kBuffers, 1, V::kOut}, {{1, 8}, {3, 4}}},
      {"path_create_directory", {3, V::kPath2, 3}, {{1, 3}}},
      {"path_filestat_get", {3, 1, V::kPath, 4, V::kOut}, {{2, 4}, {4, 64}}},
      {"path_filestat_set_times", {3, 1, V::kPath, 4, 1, 1, 5}, {{2, 4}}},
      {"path_link", {3, 0, V::kPath, 4, 3, V::kPath2, 3}, {{2, 4}, {5, 3}}},
      {"path_open", {3, 1, V::kPath, 4, 0, rights::fd_read, 0, 0, V::kOut}, {{2, 4}, {8, 4}}},
      {"path_readlink", {3, V::kLink, 4, V::kData, 20, V::kOut}, {{1, 4}, {3, 20}, {5, 4}}},
      {"path_remove_directory", {3, V::kSub, 3}, {{1, 3}}},
      {"path_rename", {3, V::kPath, 4, 3, V::kPath2, 3}, {{1, 4}, {4, 3}}},
      {"path_symlink", {V::kPath, 4, 3, V::kPath2, 3}, {{0, 4}, {3, 3}}},
      {"path_unlink_file", {3, V::kPath, 4}, {{1, 4}}},
      {"poll_oneoff", {V::kSubscriptions, V::kEvents, 1, V::kOut}, {{0, 48}, {1, 32}, {3, 4}}},
      {"random_get", {V::kData, 100}, {{0, 100}}},
      {"wasi_unstable.fd_seek", {4, 1, 2, V::kOut}, {{3, 8}}},
      {"wasi_unstable.fd_filestat_get", {4, V::kOut}, {{1, 56}}},
      {"wasi_unstable.path_filestat_get", {3, 1, V::kPath, 4, V::kOut}, {{2, 4}, {4, 56}}},
      {"wasi_unstable.poll_oneoff", {V::kSubscriptions, V::kEvents, 1, V::kOut}, {{0, 56}, {1, 32}, {3, 4}}},
  };
  return all;
}

// No file grows beyond this, and trying to is an error rather than a signal.
class FileLimit {
 public:
  FileLimit() : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{1 << 20, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FileLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace

TEST_CASE("a pointer is good up to the last byte of memory and EFAULT beyond it, in every function and place") {
  for (const Row& row : rows()) {
    const Named& function = table().at(row.name);
    const auto with = [&](std::size_t at, U64 value) {
      Victim victim;
      Arguments arguments = row.good;
      arguments.at(at) = value;
      return function.call(victim.state, victim.memory, arguments);
    };
    INFO(row.name);
    CHECK(with(0, row.good.at(0)) == Errno::success);
    for (const Pointer& pointer : row.pointers) {
      INFO("argument " << pointer.at);
      CHECK(with(pointer.at, kSize - pointer.bytes) != Errno::fault);
      for (const U64 beyond : {U64{kSize - pointer.bytes + 1}, U64{kSize}, U64{kSize + 1}, U64{0x7fff'ffff},
                               U64{0x8000'0000}, U64{0xffff'ffff} - pointer.bytes + 1, U64{0xffff'ffff}})
        CHECK(with(pointer.at, beyond) == Errno::fault);
    }
  }
}

TEST_CASE("no function writes where it answers EFAULT for another of its pointers") {
  for (const Row& row : rows()) {
    if (row.pointers.size() < 2) continue;
    const Named& function = table().at(row.name);
    for (const Pointer& bad : row.pointers) {
      Victim victim;
      const std::vector<std::byte> before(victim.memory.range(0, kSize), victim.memory.range(0, kSize) + kSize);
      Arguments arguments = row.good;
      arguments.at(bad.at) = 0xffff'fff0;
      REQUIRE(function.call(victim.state, victim.memory, arguments) == Errno::fault);
      INFO(row.name << " argument " << bad.at);
      // The sizes and counts are two words that may be stored one after the other; nothing else is.
      if (std::string_view(row.name).ends_with("sizes_get")) continue;
      CHECK(std::equal(before.begin(), before.end(), victim.memory.range(0, kSize)));
    }
  }
}

TEST_CASE("a length that no memory has is EFAULT, a path that is too long is ENAMETOOLONG") {
  const auto call = [](const char* name, Arguments arguments) {
    Victim victim;
    return table().at(name).call(victim.state, victim.memory, arguments);
  };
  using V = Victim;
  for (const U64 length : {U64{kSize}, U64{0x8000'0000}, U64{0xffff'ffff}}) {
    CHECK(call("random_get", {1, length}) == Errno::fault);
    CHECK(call("fd_readdir", {3, 1, length, 0, V::kOut}) == Errno::fault);
    CHECK(call("path_readlink", {3, V::kLink, 4, 1, length, V::kOut}) == Errno::fault);
    CHECK(call("path_unlink_file", {3, 1, length}) == Errno::fault);
    CHECK(call("path_symlink", {1, length, 3, V::kPath2, 3}) == Errno::fault);
    CHECK(call("fd_prestat_dir_name", {3, kSize - 1, length}) == Errno::fault);
  }
  CHECK(call("path_unlink_file", {3, 0, 4096}) == Errno::nametoolong);
  CHECK(call("path_symlink", {0, 4096, 3, V::kPath2, 3}) == Errno::nametoolong);
  CHECK(call("fd_read", {4, V::kBuffers, 1025, V::kOut}) == Errno::inval);
  CHECK(call("fd_write", {4, V::kBuffers, 0xffff'ffff, V::kOut}) == Errno::inval);
  CHECK(call("poll_oneoff", {0, 0, 0xffff'ffff, V::kOut}) == Errno::inval);
  CHECK(call("poll_oneoff", {0, 0, 16384, V::kOut}) == Errno::fault);
}

TEST_CASE("nothing at the very end of memory is something that can be read and written") {
  Victim victim;
  const auto call = [&](const char* name, Arguments arguments) {
    return table().at(name).call(victim.state, victim.memory, arguments);
  };
  using V = Victim;
  CHECK(call("random_get", {kSize, 0}) == Errno::success);
  CHECK(call("random_get", {kSize + 1, 0}) == Errno::fault);
  CHECK(call("fd_readdir", {3, kSize, 0, 0, V::kOut}) == Errno::success);
  CHECK(victim.memory.load<U32>(V::kOut) == 0u);
  CHECK(call("fd_read", {4, kSize, 0, V::kOut}) == Errno::success);
  CHECK(call("path_readlink", {3, V::kLink, 4, kSize, 0, V::kOut}) == Errno::success);
  CHECK(call("path_open", {3, 0, kSize, 0, 0, 0, 0, 0, V::kOut}) == Errno::noent);
  CHECK(call("path_create_directory", {3, kSize, 0}) == Errno::noent);
  CHECK(call("path_symlink", {kSize, 0, 3, V::kPath2, 3}) == Errno::noent);
  CHECK(call("poll_oneoff", {kSize, kSize, 0, V::kOut}) == Errno::inval);
}

TEST_CASE("arguments may lie on top of each other") {
  Victim victim;
  const auto call = [&](const char* name, Arguments arguments) {
    return table().at(name).call(victim.state, victim.memory, arguments);
  };
  using V = Victim;
  // The data and the count over the array of buffers.
  REQUIRE(victim.memory.store(V::kBuffers, Buffer{V::kBuffers, 7}));
  CHECK(call("fd_read", {4, V::kBuffers, 1, V::kBuffers}) == Errno::success);
  CHECK(victim.memory.load<U32>(V::kBuffers) == 7u);
  CHECK(call("path_readlink", {3, V::kLink, 4, V::kLink, 4, V::kLink}) == Errno::success);
  CHECK(victim.memory.load<U32>(V::kLink) == 4u);
  CHECK(call("fd_readdir", {3, V::kData, 100, 0, V::kData}) == Errno::success);
  CHECK(call("args_get", {6000, 6000}) == Errno::success);
  CHECK(call("path_rename", {3, V::kPath, 4, 3, V::kPath, 4}) == Errno::success);
  for (U32 shift = 0; shift < 64; shift += 4) {
    Victim fresh;
    for (U32 i = 0; i < 16; ++i)
      REQUIRE(fresh.memory.store(4000 + i * 48,
                                 Subscription{.userdata = i, .type = EventType::fd_write, .padding = {}, .file = {1}}));
    const Errno error = table().at("poll_oneoff").call(fresh.state, fresh.memory, {4000, 4000 + shift, 16, V::kOut});
    CHECK((error == Errno::success || error == Errno::inval));
  }
}

TEST_CASE("no arguments at all make a function crash or leave its memory") {
  const FileLimit limit;
  static constexpr std::array<U64, 24> kValues{0,         1,     2,           3,        4,           5,
                                               7,         8,     16,          64,       1000,        1100,
                                               2000,      4096,  kSize - 64,  65500,    kSize - 8,   kSize - 4,
                                               kSize - 1, kSize, 0x7fff'ffff, 1u << 31, 0xffff'fff8, 0xffff'ffff};
  static constexpr std::array<U64, 6> kWideValues{rights::kKnown, U64{1} << 32, (U64{1} << 63) - 1,
                                                  U64{1} << 63,   ~U64{0} - 7,  ~U64{0}};
  constexpr int kCalls = 2000;
  SplitMix64 random;
  const auto number = [&random](std::size_t below) {
    std::array<std::byte, 8> bytes;
    random.fill(bytes);
    U64 value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    return static_cast<std::size_t>(value % below);
  };
  for (const auto& [name, function] : table()) {
    INFO(name);
    Victim victim;
    int bad = 0;
    for (int i = 0; i < kCalls; ++i) {
      if (i % 100 == 99) random.fill({victim.memory.range(0, 8192), 8192});
      Arguments arguments;
      for (const bool wide : function.wide)
        arguments.push_back(wide && number(2) == 0 ? kWideValues[number(kWideValues.size())]
                                                   : kValues[number(kValues.size())]);
      victim.state.ending.reset();
      const Errno error = function.call(victim.state, victim.memory, arguments);
      bad += static_cast<unsigned>(error) > static_cast<unsigned>(Errno::notcapable) ? 1 : 0;
    }
    CHECK(bad == 0);
  }
}
