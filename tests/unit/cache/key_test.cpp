// Keys, and what goes into them.
#include "daemon/cache/key.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "daemon/cache/cpu_identity.hpp"
#include "daemon/cache/location.hpp"

namespace slack::cache {
namespace {

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST_CASE("the digest is SHA-256, of all that was added in its order") {
  Hasher hasher;
  hasher.add(bytes("a"));
  hasher.add(bytes("bc"));
  // The example of FIPS 180-2, appendix B.1.
  CHECK(hexadecimal(hasher.digest()) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hexadecimal(Hasher().digest()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("every part of a key parts images, and the same parts make the same key") {
  const KeyParts parts{1000, "compiler", "processor", bytes("request")};
  const Key key = make_key(parts, bytes("module"));
  std::set<Key> keys{key};
  CHECK(make_key(parts, bytes("module")) == key);
  const auto is_new = [&](const auto& change, std::string_view module = "module") {
    KeyParts other = parts;
    change(other);
    return keys.insert(make_key(other, bytes(module))).second;
  };
  CHECK(is_new([](KeyParts& other) { other.uid = 1001; }));
  CHECK(is_new([](KeyParts& other) { other.compiler = "compiler 2"; }));
  CHECK(is_new([](KeyParts& other) { other.processor = "another"; }));
  CHECK(is_new([](KeyParts& other) { other.request = bytes("wish"); }));
  CHECK(is_new([](KeyParts&) {}, "modula"));
  // Nothing of one part can pass for another's.
  CHECK(is_new([](KeyParts& other) { other.compiler = "compilerprocessor", other.processor = ""; }));
  CHECK(is_new([](KeyParts& other) { other.request = bytes("requestm"); }, "odule"));

  KeyMaker in_pieces(parts, Bytes(6));
  for (const auto piece : {"m", "odu", "", "le"}) in_pieces.add(bytes(piece));
  CHECK(in_pieces.key() == key);
}

TEST_CASE("of the processor counts what code is chosen by, not what changes by the moment") {
  const std::string first =
      "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: A Processor\n"
      "cpu MHz\t\t: 2500.000\nflags\t\t: fpu sse avx2\n\n";
  CHECK(cpu_identity(first + "processor\t: 1\nflags\t\t: fpu\n") ==
        "vendor_id:GenuineIntel\ncpu family:6\nmodel:85\nmodel name:A Processor\nflags:fpu sse avx2\n");
  CHECK(cpu_identity("processor\t: 0\nvendor_id\t: x\n").empty());
  CHECK(cpu_identity("").empty());
  CHECK_FALSE(cpu_identity().empty());
}

TEST_CASE("the cache lies where systemd or the user's session says") {
  std::map<std::string, std::string> variables;
  const auto environment = [&](const char* name) { return variables[name]; };
  CHECK(choose_location(false, environment) == "/var/cache/slackd");
  CHECK(choose_location(true, environment).error().code == ENOENT);
  variables["HOME"] = "/home/a";
  CHECK(choose_location(true, environment) == "/home/a/.cache/slackd");
  variables["XDG_CACHE_HOME"] = "here";  // relative: to be ignored
  CHECK(choose_location(true, environment) == "/home/a/.cache/slackd");
  variables["XDG_CACHE_HOME"] = "/cache";
  CHECK(choose_location(true, environment) == "/cache/slackd");
  CHECK(choose_location(false, environment) == "/var/cache/slackd");
  variables["CACHE_DIRECTORY"] = "/var/cache/one:/var/cache/two";
  CHECK(choose_location(true, environment) == "/var/cache/one");
}

}  // namespace
}  // namespace slack::cache
