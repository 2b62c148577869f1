// The WASI table: complete, and enough for every program of the benchmark suite.
#include "daemon/worker/wasi/table.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

using namespace slack::worker::wasi;

namespace {

// Just enough of the binary format to read an import section.
class Reader {
 public:
  explicit Reader(std::string bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] bool at_end() const { return at_ >= bytes_.size(); }
  [[nodiscard]] std::size_t position() const { return at_; }
  void seek(std::size_t to) { at_ = to; }
  unsigned byte() { return at_ < bytes_.size() ? static_cast<unsigned char>(bytes_[at_++]) : 0; }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !at_end(); shift += 7) {
      const unsigned next = byte();
      value |= std::uint64_t{next & 0x7f} << shift;
      if (next < 0x80) break;
    }
    return value;
  }
  std::string text() {
    const std::uint64_t size = std::min<std::uint64_t>(number(), bytes_.size() - at_);
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }

 private:
  std::string bytes_;
  std::size_t at_ = 8;
};

struct Import {
  std::string module;
  std::string name;
  std::string signature;
};

std::string letters(Reader& reader) {
  std::string out;
  for (std::uint64_t count = reader.number(); count > 0; --count) {
    const unsigned type = reader.byte();
    out += type == 0x7f ? 'i' : type == 0x7e ? 'l' : '?';
  }
  return out;
}

void skip_limits(Reader& reader) {
  const bool maximum = (reader.byte() & 1) != 0;
  reader.number();
  if (maximum) reader.number();
}

std::vector<Import> function_imports(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  Reader reader({std::istreambuf_iterator<char>(file), {}});
  std::vector<std::string> types;
  std::vector<Import> imports;
  while (!reader.at_end()) {
    const unsigned section = reader.byte();
    const std::uint64_t size = reader.number();
    const std::size_t end = reader.position() + size;
    if (section == 1) {
      for (std::uint64_t count = reader.number(); count > 0; --count) {
        reader.byte();
        std::string signature = letters(reader);
        signature += ':';
        signature += letters(reader);
        types.push_back(signature);
      }
    } else if (section == 2) {
      for (std::uint64_t count = reader.number(); count > 0; --count) {
        Import import{reader.text(), reader.text(), ""};
        const unsigned kind = reader.byte();
        if (kind == 0) {
          import.signature = types.at(reader.number());
          imports.push_back(import);
        } else if (kind == 3) {
          reader.byte();
          reader.byte();
        } else {
          if (kind == 1) reader.byte();
          skip_limits(reader);
        }
      }
      return imports;
    }
    reader.seek(end);
  }
  return imports;
}

}  // namespace

TEST_CASE("the table has each of the 46 functions of preview 1 once") {
  std::set<std::string_view> names;
  for (const Function& function : functions()) {
    names.insert(function.name);
    CHECK(function.signature.find_first_not_of("il:") == std::string_view::npos);
    CHECK(std::ranges::count(function.signature, ':') == 1);
  }
  CHECK(names.size() == 46);
  CHECK(functions().size() == 46);
  CHECK(functions()[find_function(kModule, "proc_exit").value().index].signature == "i:");
  CHECK_FALSE(find_function(kModule, "fd_dup").has_value());
  CHECK_FALSE(find_function("wasi_snapshot_preview2", "fd_read").has_value());
}

TEST_CASE("preview 0 has the functions of preview 1 without sock_accept") {
  for (const Function& function : functions()) {
    CHECK(find_function(kModule, function.name).value().preview == Preview::one);
    const auto old = find_function(kOldModule, function.name);
    CHECK(old.has_value() == (function.name != "sock_accept"));
    if (old) CHECK(old->preview == Preview::zero);
  }
}

TEST_CASE("every WASI import of the benchmark programs is in the table, with its type") {
  const char* folder = std::getenv("SLACK_BENCH");
  if (folder == nullptr) {
    WARN("SKIPPED: needs the benchmark programs: SLACK_BENCH names no folder");
    return;
  }
  std::size_t programs = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".wasm") continue;
    ++programs;
    for (const Import& import : function_imports(entry.path())) {
      INFO(entry.path() << " imports " << import.module << "." << import.name);
      if (import.module == "bench" || import.module == "env") {
        CHECK((import.name == "start" || import.name == "end" || import.name == "clock_ms"));
        continue;
      }
      CHECK(import.module == kModule);
      const auto found = find_function(import.module, import.name);
      REQUIRE(found.has_value());
      CHECK(functions()[found->index].signature == import.signature);
    }
  }
  CHECK(programs > 0);
}
