// Tracer: stops generated code at every safepoint, as a monitor parks it at one, and notes what a monitor would say.
#pragma once

#include <signal.h>
#include <ucontext.h>

#include <array>
#include <memory>

#include "daemon/base/address_map.hpp"
#include "jit/image/image_view.hpp"
#include "tests/reference/watch.hpp"
#include "tests/spec-run/store.hpp"

namespace slack::reference {

// The page is read-only while generated code runs: each publication faults, is noted from the registers that it faults
// with, and is then let through alone, by the processor's single-step flag. One a process; what it notes is shared with
// children that are forked after it was made.
class Tracer final : public spec::Observer {
 public:
  // Room for `most` sights, and no more than `most_of_a_call` of one call; later ones are not stopped.
  [[nodiscard]] static Expected<std::unique_ptr<Tracer>> make(std::size_t most, std::size_t most_of_a_call);
  ~Tracer() override;

  void loaded(int image, std::uint32_t slot) override;
  void before_code() override;
  void after_code() override;

  // Forgets everything, so that there is room.
  void clear() { book_->used = book_->first = 0; }
  [[nodiscard]] std::span<const Sight> sights() const { return {book_->sights(), book_->used}; }
  // Of the latest call, also when a child made it: where its sights begin, and whether they are all.
  [[nodiscard]] std::size_t first_of_call() const { return book_->first; }
  [[nodiscard]] bool is_complete() const { return book_->is_complete; }

 private:
  struct alignas(Sight) Book {
    std::size_t used = 0;
    std::size_t first = 0;
    bool is_complete = true;
    [[nodiscard]] Sight* sights() { return reinterpret_cast<Sight*>(this + 1); }
  };

  Tracer() = default;
  static void on_fault(int signal, siginfo_t* info, void* context);
  static void on_step(int signal, siginfo_t* info, void* context);
  [[nodiscard]] Sight sight_at(const ucontext_t& context) const;

  Book* book_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t most_ = 0;
  std::size_t most_of_a_call_ = 0;
  struct sigaction workers_{};  // the worker's own handler
  std::array<std::shared_ptr<const image::ImageView>, address_map::kSlots> images_;
};

}  // namespace slack::reference
