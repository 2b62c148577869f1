// Dense matrix product in double precision, the loop order that lets the inner loop run over rows.
#include "bench.h"

enum { kSize = 384 };
static double a[kSize][kSize], b[kSize][kSize], c[kSize][kSize];

int main(void) {
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j) {
      a[i][j] = (double)((i * j) % 97) / 97;
      b[i][j] = (double)((i + 3 * j) % 89) / 89;
    }
  }
  bench_start();
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < kSize; ++i) {
      for (int k = 0; k < kSize; ++k) {
        const double factor = a[i][k];
        for (int j = 0; j < kSize; ++j) c[i][j] += factor * b[k][j];
      }
    }
  }
  bench_end();
  double sum = 0;
  for (int i = 0; i < kSize; ++i) sum += c[i][(i * 7) % kSize];
  printf("matrix %.6f\n", sum);
}
