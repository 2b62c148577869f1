// Search for strings in a text, by Horspool's skip table (Software: Practice and Experience 10, 1980) and byte by byte.
#include <string.h>

#include "bench.h"

enum { kText = 1 << 20, kRounds = 24 };
static char text[kText + 1];

static int horspool(const char* word, int length) {
  int skip[256], found = 0;
  for (int i = 0; i < 256; ++i) skip[i] = length;
  for (int i = 0; i + 1 < length; ++i) skip[(unsigned char)word[i]] = length - 1 - i;
  for (int at = 0; at + length <= kText;) {
    int i = length - 1;
    while (i >= 0 && text[at + i] == word[i]) --i;
    found += i < 0;
    at += skip[(unsigned char)text[at + length - 1]];
  }
  return found;
}

static int naive(const char* word, int length) {
  int found = 0;
  for (int at = 0; at + length <= kText; ++at) {
    int i = 0;
    while (i < length && text[at + i] == word[i]) ++i;
    found += i == length;
  }
  return found;
}

int main(void) {
  uint64_t state = 2463534242u;
  for (int i = 0; i < kText; ++i) text[i] = "etaoinshrdlu "[next_random(&state) % 13];
  static const char* const kWords[] = {"note", "the", "insular", "re", "a", "riot ", "londonstreet"};
  bench_start();
  int found = 0;
  for (int round = 0; round < kRounds; ++round) {
    for (int word = 0; word < 7; ++word) {
      const int length = (int)strlen(kWords[word]);
      found += horspool(kWords[word], length) + (round % 3 == 0 ? naive(kWords[word], length) : 0);
    }
  }
  bench_end();
  printf("search %d\n", found);
}
