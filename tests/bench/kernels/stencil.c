// Jacobi iteration of a five-point stencil over a square grid.
#include "bench.h"

enum { kSize = 1000, kSteps = 120 };
static float grid[2][kSize][kSize];

int main(void) {
  for (int i = 0; i < kSize; ++i) grid[0][0][i] = grid[1][0][i] = (float)(i % 100);
  bench_start();
  for (int step = 0; step < kSteps; ++step) {
    const float(*from)[kSize] = grid[step & 1];
    float(*to)[kSize] = grid[(step + 1) & 1];
    for (int y = 1; y < kSize - 1; ++y) {
      for (int x = 1; x < kSize - 1; ++x) {
        to[y][x] = 0.2f * (from[y][x] + from[y - 1][x] + from[y + 1][x] + from[y][x - 1] + from[y][x + 1]);
      }
    }
  }
  bench_end();
  double sum = 0;
  for (int y = 0; y < kSize; ++y) sum += grid[0][y][(y * 31) % kSize];
  printf("stencil %.6f\n", sum);
}
