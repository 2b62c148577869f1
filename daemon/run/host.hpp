// Host: what runs need of the machine: confined children, the monitor, images. Behind it stands Machine; in tests,
// whatever a test wants to happen.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/monitor/monitor.hpp"
#include "daemon/sandbox/child_group.hpp"
#include "daemon/sandbox/facilities.hpp"
#include "daemon/sandbox/zygote.hpp"
#include "jit/image/image_view.hpp"

namespace slack::run {

using RunId = monitor::RunId;

class Host {
 public:
  virtual ~Host() = default;

  [[nodiscard]] virtual Expected<sandbox::Spawned> spawn_compiler(const sandbox::ChildLimits& limits) = 0;
  // `meanwhile` is called while the worker is being cloned, or before or after that, once or not at all.
  [[nodiscard]] virtual Expected<sandbox::Spawned> spawn_worker(const sandbox::ChildLimits& limits,
                                                                const std::function<void()>& meanwhile) = 0;
  // Which compiler it is, its libraries included; two compilers of the same build make the same images.
  [[nodiscard]] virtual Expected<std::string> compiler_build() = 0;
  // A control group around a child, for that much memory and that many threads; an empty handle where the machine has
  // none.
  [[nodiscard]] virtual Expected<sandbox::ChildGroup> make_group(const std::string& name, pid_t child, Bytes memory,
                                                                 std::uint32_t threads) = 0;
  // The same without the child, which ChildGroup::take_in puts there.
  [[nodiscard]] virtual Expected<sandbox::ChildGroup> prepare_group(const std::string& name, Bytes memory) = 0;
  [[nodiscard]] virtual Expected<Fd> hand_in_directory(int directory, uid_t uid, gid_t gid, bool read_only) = 0;
  [[nodiscard]] virtual Expected<std::shared_ptr<const image::ImageView>> open_image(int image) = 0;

  // Gives a prepared worker to the monitor; its group and its charge stay until it has been reaped. The outcome comes
  // by the handler, once, never from within this call.
  [[nodiscard]] virtual Expected<void> execute(monitor::Assignment assignment, sandbox::ChildGroup group,
                                               std::shared_ptr<const void> charge) = 0;
  virtual void stop(RunId run, Verdict verdict, std::string reason) = 0;
  [[nodiscard]] virtual std::optional<Fuel> published_fuel(RunId run) const = 0;
  virtual void on_outcome(std::function<void(monitor::Outcome)> handler) = 0;
  // Called after a worker of the monitor has been reaped and its group and charge are gone.
  virtual void on_reaped(std::function<void()> handler) = 0;
  // Workers of the monitor that have not been reaped yet.
  [[nodiscard]] virtual std::size_t unreaped() const = 0;
};

}  // namespace slack::run
