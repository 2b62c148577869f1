// Compilation: one module on its way through a compiler process to a sealed image.
#pragma once

#include <functional>
#include <memory>

#include <tl/expected.hpp>
#include "daemon/run/child.hpp"
#include "daemon/run/early_end.hpp"
#include "daemon/run/host.hpp"
#include "daemon/wire/compiler_protocol.hpp"
#include "daemon/wire/run_options.hpp"

namespace slack::run {

struct Compiled {
  std::shared_ptr<const image::ImageView> image;
  Fd image_file;  // sealed against every change
  Bytes size;     // of it
  Micros time;    // from the start of the compiler to the opened image
};

// What a compiler is asked for.
[[nodiscard]] wire::CompileRequest compile_request(const RunOptions& options, std::uint32_t slot = 0);

class Compilation {
 public:
  using Result = tl::expected<Compiled, EarlyEnd>;
  // Called once, from the reactor, unless the Compilation is destroyed before: that ends the compiler.
  using Done = std::function<void(Result)>;
  // `name`: of the compiler's control group. `entry`: the export that must be a function; empty: none.
  [[nodiscard]] static Expected<std::unique_ptr<Compilation>> start(Reactor& reactor, Host& host, Reaper& reaper,
                                                                    const std::string& name, const Fd& module,
                                                                    const wire::CompileRequest& request,
                                                                    std::string_view entry,
                                                                    std::shared_ptr<const void> charge, Done done);

 private:
  Compilation(Reactor& reactor, Host& host, Done done) : reactor_(reactor), host_(host), done_(std::move(done)) {}
  void on_message(const Datagram& datagram);
  void on_end(const Exit& exit);
  [[nodiscard]] Result take_image();
  void finish(Result result);

  Reactor& reactor_;
  Host& host_;
  Done done_;
  Nanos started_;
  Fd image_;
  std::unique_ptr<Child> compiler_;
  Reactor::Handle deadline_;
  bool compiled_ = false;
};

}  // namespace slack::run
