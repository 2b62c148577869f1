// SHA-256 by libgcrypt.
#include "daemon/cache/digest.hpp"

#include <gcrypt.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace slack::cache {
namespace {

// What the manual asks of an application before its first other call; harmless if a library of ours was first.
void initialise_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (::gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P) != 0) return;
    (void)::gcry_check_version(nullptr);
    ::gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
    ::gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
  });
}

}  // namespace

struct Hasher::State {
  gcry_md_hd_t handle = nullptr;
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  initialise_once();
  if (const gcry_error_t error = ::gcry_md_open(&state_->handle, GCRY_MD_SHA256, 0); error != 0) {
    // SHA-256 is in every libgcrypt, in FIPS mode too: only memory can bring us here.
    std::fprintf(stderr, "slackd: SHA-256: %s\n", ::gcry_strerror(error));
    std::abort();
  }
}

Hasher::~Hasher() { ::gcry_md_close(state_->handle); }

void Hasher::add(std::span<const std::byte> bytes) { ::gcry_md_write(state_->handle, bytes.data(), bytes.size()); }

Digest Hasher::digest() {
  Digest digest;
  std::memcpy(digest.data(), ::gcry_md_read(state_->handle, GCRY_MD_SHA256), digest.size());
  return digest;
}

std::string hexadecimal(const Digest& digest) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.size());
  for (const std::byte byte : digest) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4];
    text += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

}  // namespace slack::cache
