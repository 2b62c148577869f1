// Sums, dot products and extremes over arrays of integers: loops a vectoriser takes.
#include "bench.h"

enum { kSize = 1 << 16, kRounds = 3000 };
static int32_t left[kSize], right[kSize];

int main(void) {
  uint64_t state = 88172645463325252u;
  for (int i = 0; i < kSize; ++i) {
    left[i] = (int32_t)(next_random(&state) % 1000);
    right[i] = (int32_t)(next_random(&state) % 1000) - 500;
  }
  bench_start();
  uint32_t result = 0;
  for (int round = 0; round < kRounds; ++round) {
    int32_t dot = 0, largest = -1000000, odd = 0;
    for (int i = 0; i < kSize; ++i) dot += left[i] * right[i];
    for (int i = 0; i < kSize; ++i) largest = right[i] > largest ? right[i] : largest;
    for (int i = 0; i < kSize; ++i) odd += left[i] & 1;
    result = result * 31 + (uint32_t)(dot ^ largest ^ odd);
    right[round % kSize] = round;
  }
  bench_end();
  printf("reduction %u\n", result);
}
