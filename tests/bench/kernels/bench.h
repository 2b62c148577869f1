// What a kernel of the benchmark shares: the marks around its measured region, and random numbers that are the same
// everywhere.
#pragma once

#include <stdint.h>
#include <stdio.h>

__attribute__((import_module("bench"), import_name("start"))) void bench_start(void);
__attribute__((import_module("bench"), import_name("end"))) void bench_end(void);

// Marsaglia's xorshift64 (Journal of Statistical Software 8/14, 2003).
static inline uint64_t next_random(uint64_t* state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}
