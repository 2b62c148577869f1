// Quicksort with insertion sort for short ranges, then binary searches in the result.
#include "bench.h"

enum { kSize = 400000, kRounds = 8 };
static int32_t values[kSize];

static void sort(int32_t* from, int32_t* to) {
  while (to - from > 16) {
    const int32_t pivot = from[(to - from) / 2];
    int32_t *low = from, *high = to - 1;
    while (low <= high) {
      while (*low < pivot) ++low;
      while (*high > pivot) --high;
      if (low > high) break;
      const int32_t swap = *low;
      *low++ = *high;
      *high-- = swap;
    }
    sort(from, high + 1);
    from = low;
  }
  for (int32_t* each = from + 1; each < to; ++each) {
    const int32_t value = *each;
    int32_t* hole = each;
    for (; hole > from && hole[-1] > value; --hole) *hole = hole[-1];
    *hole = value;
  }
}

int main(void) {
  uint64_t state = 362436069u;
  uint32_t result = 0;
  bench_start();
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kSize; ++i) values[i] = (int32_t)next_random(&state);
    sort(values, values + kSize);
    for (int i = 0; i < kSize; ++i) {
      const int32_t wanted = (int32_t)next_random(&state);
      int low = 0, high = kSize;
      while (low < high) {
        const int middle = (low + high) / 2;
        if (values[middle] < wanted)
          low = middle + 1;
        else
          high = middle;
      }
      result = result * 31 + (uint32_t)low;
    }
  }
  bench_end();
  printf("sort %u\n", result);
}
