// Watch: holds what generated code was seen to publish against the places that the program really passes.
#pragma once

#include <cstdint>
#include <span>

namespace slack::reference {

// One publication of fuel, with the exact figure that a monitor would make of it.
struct Sight {
  static constexpr std::uint32_t kHost = 0xffff'ffff;     // function: the worker's own code published
  static constexpr std::uint32_t kUnknown = 0xffff'fffe;  // function: no safepoint is there
  static constexpr std::uint32_t kSome = 0xffff'fffd;     // function: at one safepoint or other

  std::uint32_t slot = 0;      // of the instance
  std::uint32_t function = 0;  // index
  std::uint32_t offset = 0;    // in the module
  std::uint32_t reserved = 0;
  std::uint64_t exact = 0;
  std::uint64_t published = 0;
};

// Sights must come up in their order, each at its own place with its own figure; places between them may be unseen,
// since the optimiser leaves safepoints out.
class Watch {
 public:
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  Watch() = default;
  explicit Watch(std::span<const Sight> sights) : sights_(sights) { advance(); }

  // The program is at `offset` of a function and has consumed `fuel`. `may_park`: functions and rounds of loops begin
  // here.
  void pass(std::uint32_t slot, std::uint32_t function, std::uint32_t offset, std::uint64_t fuel, bool may_park) {
    if (fuel != awaited_) return;
    const Sight& sight = sights_[next_];
    if (sight.slot == slot && sight.function == function && sight.offset == offset)
      advance();
    else if (sight.function == Sight::kSome && may_park)
      advance();
  }
  // The same for work that the worker does.
  void pass_host(std::uint64_t fuel) {
    if (fuel != awaited_) return;
    const auto function = sights_[next_].function;
    if (function == Sight::kHost || function == Sight::kSome) advance();
  }

  // The first that did not come up; null if all did that lie within `reached`, the fuel that the program was followed
  // to.
  [[nodiscard]] const Sight* missed(std::uint64_t reached = kNever) const {
    return next_ >= sights_.size() || sights_[next_].exact > reached ? nullptr : &sights_[next_];
  }

 private:
  void advance() {
    ++next_;
    awaited_ = next_ < sights_.size() ? sights_[next_].exact : kNever;
  }

  std::span<const Sight> sights_;
  std::size_t next_ = ~std::size_t{0};
  std::uint64_t awaited_ = kNever;
};

}  // namespace slack::reference
