// Pointer chasing: a list in random order, and a binary search tree.
#include "bench.h"

enum { kNodes = 1 << 17, kRounds = 60 };
struct Node {
  struct Node *next, *left, *right;
  uint32_t key;
};
static struct Node nodes[kNodes];
static uint32_t order[kNodes];

static void insert(struct Node** place, struct Node* node) {
  while (*place) place = node->key < (*place)->key ? &(*place)->left : &(*place)->right;
  *place = node;
}

int main(void) {
  uint64_t state = 521288629u;
  for (uint32_t i = 0; i < kNodes; ++i) order[i] = i;
  for (uint32_t i = kNodes - 1; i > 0; --i) {
    const uint32_t other = (uint32_t)(next_random(&state) % (i + 1)), swap = order[i];
    order[i] = order[other];
    order[other] = swap;
  }
  for (uint32_t i = 0; i < kNodes; ++i) {
    nodes[order[i]].next = &nodes[order[(i + 1) % kNodes]];
    nodes[i].key = (uint32_t)next_random(&state);
  }
  bench_start();
  const struct Node* at = nodes;
  uint32_t sum = 0;
  for (int i = 0; i < kNodes * kRounds; ++i) {
    sum = sum * 5 + at->key;
    at = at->next;
  }
  struct Node* root = 0;
  for (uint32_t i = 0; i < kNodes; ++i) insert(&root, &nodes[i]);
  for (uint32_t i = 0; i < kNodes; ++i) {
    const uint32_t wanted = (uint32_t)next_random(&state);
    for (const struct Node* each = root; each; each = wanted < each->key ? each->left : each->right) ++sum;
  }
  bench_end();
  printf("chase %u\n", sum);
}
