// The quickstart's program: says hello and does a bit of work, counting the primes below its first argument.
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
  const unsigned long limit = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
  unsigned char* composite = calloc(limit + 1, 1);
  if (composite == NULL) {
    fprintf(stderr, "%s: no memory for %lu numbers\n", argv[0], limit);
    return 1;
  }
  unsigned long primes = 0;
  for (unsigned long n = 2; n < limit; ++n) {
    if (composite[n]) continue;
    ++primes;
    for (unsigned long multiple = n * 2; multiple < limit; multiple += n) composite[multiple] = 1;
  }
  free(composite);
  printf("Hello from WebAssembly: %lu primes below %lu\n", primes, limit);
  return 0;
}
