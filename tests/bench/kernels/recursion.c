// Calls: the queens problem by backtracking, Takeuchi's function, binomials by their recurrence.
#include "bench.h"

static int queens(unsigned all, unsigned columns, unsigned left, unsigned right) {
  if (columns == all) return 1;
  int found = 0;
  for (unsigned open = all & ~(columns | left | right); open != 0;) {
    const unsigned place = open & (0u - open);
    open ^= place;
    found += queens(all, columns | place, (left | place) << 1, (right | place) >> 1);
  }
  return found;
}

static int takeuchi(int x, int y, int z) {
  return y < x ? takeuchi(takeuchi(x - 1, y, z), takeuchi(y - 1, z, x), takeuchi(z - 1, x, y)) : z;
}

static int binomial(int n, int k) { return k == 0 || k == n ? 1 : binomial(n - 1, k - 1) + binomial(n - 1, k); }

int main(void) {
  volatile int size = 12;
  bench_start();
  const int found = queens((1u << size) - 1, 0, 0, 0);
  const int tak = takeuchi(size + 6, size, size - 6);
  const int choose = binomial(2 * size + 2, size);
  bench_end();
  printf("recursion %d %d %d\n", found, tak, choose);
}
