// Key: names an image by everything that it depends on, and by whose it is.
#pragma once

#include <sys/types.h>

#include <span>
#include <string_view>

#include "daemon/base/units.hpp"
#include "daemon/cache/digest.hpp"

namespace slack::cache {

using Key = Digest;

// What an image depends on beside the module. A compiler is deterministic: the same parts, the same image.
struct KeyParts {
  uid_t uid = 0;                       // whose image: nobody is given what another one's module made a compiler write
  std::string_view compiler;           // the build of the compiler and of its libraries
  std::string_view processor;          // cpu_identity()
  std::span<const std::byte> request;  // what the compiler is asked for, as it is asked
};

// Takes a module in piece by piece, so that none has to be in memory as a whole.
class KeyMaker {
 public:
  KeyMaker(const KeyParts& parts, Bytes module);
  // The module's next bytes: in all, as many as were announced.
  void add(std::span<const std::byte> bytes) { hasher_.add(bytes); }
  // Once, at the end.
  [[nodiscard]] Key key() { return hasher_.digest(); }

 private:
  Hasher hasher_;
};

[[nodiscard]] Key make_key(const KeyParts& parts, std::span<const std::byte> module);

}  // namespace slack::cache
