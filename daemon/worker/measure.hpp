// Measurement: wall time and fuel of the regions between bench.start and bench.end.
#pragma once

#include <optional>

#include "daemon/base/units.hpp"

namespace slack::worker {

// Several regions add up; an end without a start counts nothing.
class Measurement {
 public:
  void start(Nanos now, Fuel fuel) { open_ = Point{now, fuel}; }
  void end(Nanos now, Fuel fuel) {
    if (!open_) return;
    time_ += now - open_->time;
    fuel_ += fuel - open_->fuel;
    open_.reset();
    complete_ = true;
  }
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] Nanos time() const { return time_; }
  [[nodiscard]] Fuel fuel() const { return fuel_; }

 private:
  struct Point {
    Nanos time;
    Fuel fuel;
  };
  std::optional<Point> open_;
  Nanos time_;
  Fuel fuel_;
  bool complete_ = false;
};

}  // namespace slack::worker
