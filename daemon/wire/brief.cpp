// Encodes and decodes briefs.
#include "daemon/wire/brief.hpp"

#include <cstring>

namespace slack::wire {
namespace {

constexpr std::uint64_t kVersion = 3;

class Writer {
 public:
  void number(std::uint64_t value) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    out_.insert(out_.end(), bytes, bytes + sizeof value);
  }
  void text(const std::string& value) {
    number(value.size());
    const auto* bytes = reinterpret_cast<const std::byte*>(value.data());
    out_.insert(out_.end(), bytes, bytes + value.size());
  }
  void list(const std::vector<std::string>& values) {
    number(values.size());
    for (const auto& value : values) text(value);
  }
  std::vector<std::byte> take() { return std::move(out_); }

 private:
  std::vector<std::byte> out_;
};

// Reads past the end yield zeros and set `broken`.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : left_(bytes) {}
  std::uint64_t number() {
    std::uint64_t value = 0;
    if (left_.size() < sizeof value) {
      broken_ = true;
      return 0;
    }
    std::memcpy(&value, left_.data(), sizeof value);
    left_ = left_.subspan(sizeof value);
    return value;
  }
  std::string text() {
    const std::uint64_t size = number();
    if (size > left_.size()) {
      broken_ = true;
      return {};
    }
    std::string value(reinterpret_cast<const char*>(left_.data()), size);
    left_ = left_.subspan(size);
    return value;
  }
  std::vector<std::string> list() {
    std::vector<std::string> values;
    for (std::uint64_t n = number(); n > 0 && !broken_; --n) values.push_back(text());
    return values;
  }
  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] bool finished() const { return !broken_ && left_.empty(); }

 private:
  std::span<const std::byte> left_;
  bool broken_ = false;
};

}  // namespace

std::vector<std::byte> encode(const Brief& brief) {
  Writer out;
  out.number(kVersion);
  out.list(brief.arguments);
  out.list(brief.environment);
  out.number(brief.directories.size());
  for (const auto& directory : brief.directories) {
    out.text(directory.guest_name);
    out.number(directory.read_only ? 1 : 0);
  }
  out.list(brief.links);
  out.text(brief.invoke);
  out.number(brief.memory.count());
  out.number(brief.output.count());
  out.number(brief.fuel.count());
  out.number((brief.deterministic ? 1u : 0u) | (brief.measure ? 2u : 0u));
  return out.take();
}

Expected<Brief> decode_brief(std::span<const std::byte> bytes) {
  Reader in(bytes);
  if (in.number() != kVersion) return fail("decode a brief: unknown version", EPROTO);
  Brief brief;
  brief.arguments = in.list();
  brief.environment = in.list();
  for (std::uint64_t n = in.number(); n > 0 && !in.broken(); --n) {
    Directory directory;
    directory.guest_name = in.text();
    directory.read_only = in.number() != 0;
    brief.directories.push_back(std::move(directory));
  }
  brief.links = in.list();
  brief.invoke = in.text();
  brief.memory = Bytes(in.number());
  brief.output = Bytes(in.number());
  brief.fuel = Fuel(in.number());
  const std::uint64_t flags = in.number();
  brief.deterministic = (flags & 1) != 0;
  brief.measure = (flags & 2) != 0;
  if (!in.finished()) return fail("decode a brief", EPROTO);
  return brief;
}

}  // namespace slack::wire
