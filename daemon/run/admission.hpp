// Admission: what each user, and all together, may have going at once. Pure accounting; no run starts without its
// charge.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <tl/expected.hpp>
#include "daemon/base/units.hpp"
#include "daemon/run/limits.hpp"

namespace slack::run {

// What one run takes while it lives.
struct Demand {
  uid_t uid = 0;
  Bytes held;       // held output; counted from Charge::hold_output on
  Bytes memory;     // checked against its limit, not summed: memory is the control group's to share out
  Bytes arguments;  // checked alone
  Bytes environment;
  std::size_t name_bytes = 0;
  std::size_t directories = 0;
  std::size_t links = 0;
};

// Why not: "live runs of user 1000: 257 asked for, 256 allowed".
struct Excess {
  std::string limit;
  std::uint64_t asked = 0;
  std::uint64_t allowed = 0;
  bool passing = false;  // it is what others' runs take that is in the way, not the demand itself
};
[[nodiscard]] std::string describe(const Excess& excess);

class Admission {
 public:
  struct Limits {
    std::size_t runs_per_user = limits::kRunsPerUser;
    std::size_t runs = limits::kRuns;
    Bytes held_per_user = limits::kHeldPerUser;
    Bytes held = limits::kHeld;
    Bytes images_per_user = limits::kImagesPerUser;
    Bytes images = limits::kImages;
    std::size_t directories_per_user = limits::kDirectoriesPerUser;
    std::size_t links_per_user = limits::kLinksPerUser;
    // Fewer runs where the daemon may have but few descriptors.
    [[nodiscard]] static Limits for_descriptors(std::uint64_t descriptors);
  };

  Admission() : Admission(Limits{}) {}
  explicit Admission(const Limits& limits);

 private:
  struct Use {
    std::size_t runs = 0;
    Bytes held;
    Bytes images;
    std::size_t directories = 0;
    std::size_t links = 0;
  };
  struct Ledger {
    Limits limits;
    std::mutex mutex;  // a charge may be given back by the last thread that held something of its run
    Use total;
    std::map<uid_t, Use> users;

    // All with the mutex held.
    [[nodiscard]] tl::expected<void, Excess> add_image(uid_t uid, Bytes size);
    void remove_image(uid_t uid, Bytes size);
    void forget_idle(uid_t uid);  // who has nothing going takes no place
  };

 public:
  // Held by a live run; its destruction, in any thread, gives everything back. May outlive the Admission.
  class [[nodiscard]] Charge {
   public:
    Charge() = default;
    Charge(Charge&& other) noexcept = default;
    Charge& operator=(Charge&& other) noexcept;
    ~Charge() { give_back(); }
    // Takes room for the run's held output: when it is to begin, not while it waits. False: there is none now.
    [[nodiscard]] bool hold_output();
    // Counts a code image of the run, once its size is known.
    [[nodiscard]] tl::expected<void, Excess> add_image(Bytes size);
    // Counts the bytes of an image that is there for longer than the run is: among its user's, until what is returned
    // is let go, and without the run's other room.
    [[nodiscard]] tl::expected<std::shared_ptr<const void>, Excess> lasting_image(Bytes size) const;
    // Counts the copy of a module on its way to a compiler, before it is made, with the images; in any thread. What is
    // returned gives the bytes back with its end, and holds the charge.
    [[nodiscard]] static tl::expected<std::shared_ptr<const void>, Excess> add_copy(std::shared_ptr<Charge> charge,
                                                                                    Bytes size);

   private:
    friend class Admission;
    Charge(std::shared_ptr<Ledger> ledger, const Demand& demand);
    void give_back();
    void remove_image(Bytes size);
    std::shared_ptr<Ledger> ledger_;
    Demand demand_;
    bool holds_output_ = false;
    Bytes images_;
  };

  // A run may have to wait for its turn after that: room for held output is not part of it.
  [[nodiscard]] tl::expected<Charge, Excess> admit(const Demand& demand);

 private:
  std::shared_ptr<Ledger> ledger_;
};

}  // namespace slack::run
