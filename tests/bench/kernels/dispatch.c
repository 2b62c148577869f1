// Indirect calls: a small stack machine whose operations are functions in a table.
#include "bench.h"

enum { kSteps = 60000000 };
struct Machine {
  uint32_t stack[64];
  uint32_t top, at;
};
typedef void (*Operation)(struct Machine*);

static void push(struct Machine* m) { m->stack[m->top++ & 63] = m->at; }
static void add(struct Machine* m) { m->top--, m->stack[(m->top - 1) & 63] += m->stack[m->top & 63]; }
static void multiply(struct Machine* m) { m->top--, m->stack[(m->top - 1) & 63] *= m->stack[m->top & 63] | 1; }
static void twice(struct Machine* m) { m->stack[m->top & 63] = m->stack[(m->top - 1) & 63], m->top++; }
static void mix(struct Machine* m) { m->stack[(m->top - 1) & 63] ^= m->stack[(m->top - 1) & 63] >> 5; }

static const Operation kOperations[] = {push, add, multiply, twice, mix};
static const uint8_t kProgram[] = {0, 0, 1, 4, 3, 2, 0, 1, 4, 4, 3, 1};

int main(void) {
  struct Machine machine = {{1}, 1, 0};
  bench_start();
  unsigned place = 0;
  for (machine.at = 0; machine.at < kSteps; ++machine.at) {
    kOperations[kProgram[place]](&machine);
    place = place + 1 == sizeof kProgram ? 0 : place + 1;
  }
  bench_end();
  printf("dispatch %u %u\n", machine.top, machine.stack[(machine.top - 1) & 63]);
}
