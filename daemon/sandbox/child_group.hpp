// ChildGroup: the control group of one child, where the machine lets slackd have any.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "daemon/base/fault.hpp"
#include "daemon/base/units.hpp"
#include "daemon/sandbox/facilities.hpp"

namespace slack::sandbox {

// Removed by the destructor, which must come after the child has been reaped.
class ChildGroup {
 public:
  ChildGroup() = default;
  // Moves `child` into a group of its own that bounds its memory and lets it have no more than `threads`. `memory`
  // counts everything the kernel charges: page tables, page cache, memfds and tmpfs too. Where there are no control
  // groups the result is empty. `name` is unique among this daemon's children.
  [[nodiscard]] static Expected<ChildGroup> create(const Facilities& facilities, const std::string& name, pid_t child,
                                                   Bytes memory, std::uint32_t threads = 1);
  // The same in two steps: the group, empty yet, which takes as long as a clone and can be made meanwhile; the child.
  [[nodiscard]] static Expected<ChildGroup> prepare(const Facilities& facilities, const std::string& name, Bytes memory,
                                                    std::uint32_t threads = 1);
  [[nodiscard]] Expected<void> take_in(pid_t child) const;
  ChildGroup(ChildGroup&& other) noexcept;
  ChildGroup& operator=(ChildGroup&& other) noexcept;
  ~ChildGroup();

  // True if the kernel ended something in the group because its memory was used up.
  [[nodiscard]] bool out_of_memory() const;

 private:
  void remove();

  std::vector<std::string> paths_;
};

}  // namespace slack::sandbox
