// Bulk copies and fills of all sizes, and copies byte by byte with a twist that no bulk operator can take over.
#include <string.h>

#include "bench.h"

enum { kSize = 1 << 20 };
static uint8_t from[kSize], to[kSize];

int main(void) {
  uint64_t state = 5783321u;
  for (int i = 0; i < kSize; ++i) from[i] = (uint8_t)next_random(&state);
  bench_start();
  uint32_t sum = 0;
  for (int round = 0; round < 1200; ++round) {
    memcpy(to, from, kSize - (size_t)round);
    memmove(from + 1, from, kSize / 4);
    memset(to + round, round, 4096);
    sum = sum * 17 + to[(round * 977) % kSize];
  }
  for (int round = 0; round < 400000; ++round) {
    const size_t length = (size_t)(next_random(&state) % 96);
    memcpy(to + round, from + length, length);
    sum += to[round];
  }
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < kSize; ++i) to[i] = (uint8_t)(from[i] + (to[i] >> 1));
  }
  bench_end();
  for (int i = 0; i < kSize; i += 101) sum = sum * 31 + to[i];
  printf("copy %u\n", sum);
}
