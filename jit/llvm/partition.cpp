// Which functions are lowered, optimised and generated together.
#include "jit/llvm/partition.hpp"

#include <algorithm>
#include <numeric>

#include "jit/wasm/operator.hpp"

namespace slack::jit {

namespace {

// Bodies up to this are copied to where they are called from, to be inlined there: the inliner's threshold is 15
// instructions, to which a body of this length may boil down.
constexpr std::size_t kCopiedBytes = 96;

template <typename Visit>
void for_each_callee(const wasm::Function& function, const Visit& visit) {
  wasm::OperatorReader reader(function.body, function.body_offset);
  wasm::Instruction instruction;
  while (!reader.at_end() && reader.read(instruction)) {
    if (instruction.op == wasm::Operator::call) visit(instruction.index);
  }
}

// Where the whole module is too much, full effort goes to where most loops are.
void spare_effort(std::vector<Partition>& partitions, const std::vector<Bulk>& bulks) {
  struct Claim {
    Partition* partition;
    std::uint64_t whole = 0;
    std::uint64_t loops = 0;
  };
  std::vector<Claim> claims;
  std::uint64_t total = 0;
  for (auto& partition : partitions) {
    if (partition.effort != Effort::full) continue;
    Claim claim{&partition};
    for (std::uint32_t i = partition.first; i < partition.end; ++i) {
      claim.whole += bulks[i].whole;
      claim.loops += bulks[i].loops;
    }
    total += claim.whole;
    claims.push_back(claim);
  }
  if (total <= kFullEffortBulk) return;
  std::sort(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) {
    const auto dense_a = a.loops * (b.whole + 1);
    const auto dense_b = b.loops * (a.whole + 1);
    return dense_a != dense_b ? dense_a > dense_b : a.partition < b.partition;  // pointers into one vector
  });
  std::uint64_t spent = 0;
  for (const auto& claim : claims) {
    spent += claim.whole;
    if (spent > kFullEffortBulk) claim.partition->effort = Effort::quick;
  }
}

// Equal shares, each function in the one that its middle falls into; functions of one effort in each.
std::vector<Partition> cut(const wasm::Module& wasm, std::size_t partition_bytes, bool always_quick) {
  std::vector<Bulk> bulks(wasm.functions.size());
  for (std::uint32_t i = wasm.imported_functions; i < wasm.functions.size(); ++i) {
    bulks[i] = bulk_of(wasm, wasm.functions[i]);
  }
  std::size_t total = 0;
  for (const auto& function : wasm.functions) total += function.body.size();
  const std::size_t count = std::max<std::size_t>(1, total / partition_bytes);
  std::vector<Partition> partitions;
  const auto begin = [&](std::uint32_t function) { partitions.push_back({function, function, 0, Effort::full, {}}); };
  begin(wasm.imported_functions);
  std::size_t share = 0;
  std::size_t before = 0;
  for (std::uint32_t i = wasm.imported_functions; i < wasm.functions.size(); ++i) {
    const auto bytes = wasm.functions[i].body.size();
    const auto its_share = total == 0 ? 0 : (2 * before + bytes) * count / (2 * total);
    const auto effort = always_quick ? Effort::quick : effort_for(bulks[i]);
    const bool is_other = its_share != share || effort != partitions.back().effort;
    if (is_other && partitions.back().bytes != 0) begin(i);
    share = its_share;
    before += bytes;
    partitions.back().effort = effort;
    partitions.back().end = i + 1;
    partitions.back().bytes += bytes;
  }
  spare_effort(partitions, bulks);
  return partitions;
}

}  // namespace

std::vector<std::size_t> Partitioning::by_size() const {
  std::vector<std::size_t> order(partitions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return partitions[a].bytes != partitions[b].bytes ? partitions[a].bytes > partitions[b].bytes : a < b;
  });
  return order;
}

Partitioning partition(const wasm::Module& wasm, std::size_t partition_bytes, bool always_quick) {
  Partitioning made{cut(wasm, partition_bytes, always_quick), std::vector<bool>(wasm.functions.size())};
  if (made.is_single()) return made;
  // The image's constants refer to these.
  for (std::uint32_t i = wasm.imported_functions; i < wasm.functions.size(); ++i) {
    made.shared[i] = wasm.functions[i].referenced;
  }
  if (wasm.start) made.shared[*wasm.start] = true;
  for (auto& partition : made.partitions) {
    const auto foreign = [&](std::uint32_t callee) {
      return callee >= wasm.imported_functions && !partition.contains(callee);
    };
    for (std::uint32_t i = partition.first; i < partition.end; ++i) {
      for_each_callee(wasm.functions[i], [&](std::uint32_t callee) {
        if (!foreign(callee)) return;
        made.shared[callee] = true;
        if (partition.effort == Effort::full && wasm.functions[callee].body.size() <= kCopiedBytes)
          partition.copies.push_back(callee);
      });
    }
    std::sort(partition.copies.begin(), partition.copies.end());
    partition.copies.erase(std::unique(partition.copies.begin(), partition.copies.end()), partition.copies.end());
    for (const auto copy : partition.copies) {
      for_each_callee(wasm.functions[copy], [&](std::uint32_t callee) {
        if (foreign(callee)) made.shared[callee] = true;
      });
    }
  }
  return made;
}

}  // namespace slack::jit
