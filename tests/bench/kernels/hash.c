// A hash table with open addressing, keys hashed by FNV-1a (Fowler, Noll, Vo; RFC 9923).
#include "bench.h"

enum { kSlots = 1 << 18, kKeys = 150000, kRounds = 12 };
static uint64_t keys[kSlots];
static uint32_t counts[kSlots];

static uint32_t fnv(uint64_t key) {
  uint32_t hash = 2166136261u;
  for (int i = 0; i < 8; ++i) hash = (hash ^ (uint8_t)(key >> (8 * i))) * 16777619u;
  return hash;
}

static void add(uint64_t key) {
  uint32_t slot = fnv(key) % kSlots;
  while (keys[slot] != 0 && keys[slot] != key) slot = (slot + 1) % kSlots;
  keys[slot] = key;
  ++counts[slot];
}

int main(void) {
  bench_start();
  for (int round = 0; round < kRounds; ++round) {
    uint64_t state = 123456789u + (uint64_t)(round % 4);
    for (int i = 0; i < kKeys; ++i) add(next_random(&state) % 60000 + 1);
  }
  bench_end();
  uint64_t sum = 0;
  for (int i = 0; i < kSlots; ++i) sum = sum * 3 + counts[i] * keys[i];
  printf("hash %llu\n", (unsigned long long)sum);
}
