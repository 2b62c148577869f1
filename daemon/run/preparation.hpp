// Preparation: a worker on its way from its clone to the point where it waits for go.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <tl/expected.hpp>
#include "daemon/run/child.hpp"
#include "daemon/run/early_end.hpp"
#include "daemon/run/host.hpp"
#include "daemon/wire/brief.hpp"

namespace slack::run {

// What a worker is started with. The descriptors are borrowed for the call that starts it.
struct WorkerParts {
  std::string name;  // of its control group
  sandbox::ChildLimits limits;
  Bytes group_memory;  // limits.memory and what else the kernel charges to a group
  wire::Brief brief;
  int image = -1;
  std::vector<Fd> links;  // images of the linked modules, in the order of their slots
  int standard_input = -1;
  int standard_output = -1;
  int standard_error = -1;
  std::vector<Fd> directories;
};

struct Prepared {
  Process worker;
  Fd userfaultfd;
};

class Preparation {
 public:
  using Result = tl::expected<Prepared, EarlyEnd>;
  // Called once, from the reactor, unless the Preparation is destroyed before: that ends the worker.
  using Done = std::function<void(Result)>;

  [[nodiscard]] static Expected<std::unique_ptr<Preparation>> start(Reactor& reactor, Host& host, Reaper& reaper,
                                                                    WorkerParts parts,
                                                                    std::shared_ptr<const void> charge, Done done);

 private:
  Preparation(Reactor& reactor, Done done) : reactor_(reactor), done_(std::move(done)) {}
  [[nodiscard]] Expected<void> make_start_message(const WorkerParts& parts);
  void on_message(Datagram datagram);
  void on_ready(Datagram datagram);
  void expect(wire::Stage stage, Micros within);
  void finish(Result result);

  Reactor& reactor_;
  Done done_;
  wire::Stage awaited_ = wire::Stage::ready;
  std::vector<Fd> start_fds_;  // what Start carries: image, brief, standard streams, linked images, directories
  std::size_t links_ = 0;
  Fd userfaultfd_;
  std::unique_ptr<Child> worker_;
  Reactor::Handle deadline_;
};

}  // namespace slack::run
