// A process of its own for each instance: compiles the module, instantiates it, and serves the script's actions on it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "daemon/base/fd.hpp"
#include "jit/llvm/options.hpp"

namespace slack::spec {

class InstanceProcess {
 public:
  [[nodiscard]] static Expected<std::unique_ptr<InstanceProcess>> start(const std::filesystem::path& module,
                                                                        const jit::CompileOptions& options);
  InstanceProcess(const InstanceProcess&) = delete;
  InstanceProcess& operator=(const InstanceProcess&) = delete;
  ~InstanceProcess();

  // How the instantiation ended: {"outcome": "ready" | "trapped" | "refused" | "skipped" | "fault", "text", "fuel"}.
  [[nodiscard]] const nlohmann::json& started() const { return started_; }
  // Performs an action: {"outcome": "returned" | "trapped" | "fault", "text", "values", "fuel", "published"}.
  [[nodiscard]] nlohmann::json perform(const nlohmann::json& action);

 private:
  InstanceProcess() = default;
  [[nodiscard]] nlohmann::json receive();

  Fd socket_;
  pid_t pid_ = -1;
  nlohmann::json started_;
};

}  // namespace slack::spec
