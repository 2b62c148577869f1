// Admission: what each user, and all together, may have going at once. Pure accounting; no run starts without its
// charge.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>

#include <tl/expected.hpp>
#include "daemon/base/units.hpp"
#include "daemon/run/limits.hpp"

namespace slack::run {

// What one run takes while it lives.
struct Demand {
  uid_t uid = 0;
  Bytes held;       // held output
  Bytes memory;     // checked against its limit, not summed: memory is the control group's to share out
  Bytes arguments;  // checked alone
  Bytes environment;
  std::size_t name_bytes = 0;
  std::size_t directories = 0;
};

// Why not: "live runs of user 1000: 257 asked for, 256 allowed".
struct Excess {
  std::string limit;
  std::uint64_t asked = 0;
  std::uint64_t allowed = 0;
};
[[nodiscard]] std::string describe(const Excess& excess);

class Admission {
 public:
  struct Limits {
    std::size_t runs_per_user = limits::kRunsPerUser;
    std::size_t runs = limits::kRuns;
    Bytes held_per_user = limits::kHeldPerUser;
    Bytes held = limits::kHeld;
    std::size_t directories_per_user = limits::kDirectoriesPerUser;
    // Fewer runs where the daemon may have but few descriptors.
    [[nodiscard]] static Limits for_descriptors(std::uint64_t descriptors);
  };

  Admission() : Admission(Limits{}) {}
  explicit Admission(const Limits& limits);

 private:
  struct Use {
    std::size_t runs = 0;
    Bytes held;
    std::size_t directories = 0;
  };
  struct Ledger {
    Use total;
    std::map<uid_t, Use> users;
  };

 public:
  // Held by a live run; its destruction gives everything back. May outlive the Admission.
  class [[nodiscard]] Charge {
   public:
    Charge() = default;
    Charge(Charge&& other) noexcept = default;
    Charge& operator=(Charge&& other) noexcept;
    ~Charge() { give_back(); }

   private:
    friend class Admission;
    Charge(std::shared_ptr<Ledger> ledger, const Demand& demand);
    void give_back();
    std::shared_ptr<Ledger> ledger_;
    Demand demand_;
  };

  [[nodiscard]] tl::expected<Charge, Excess> admit(const Demand& demand);

 private:
  Limits limits_;
  std::shared_ptr<Ledger> ledger_;
};

}  // namespace slack::run
