// A process of its own for each store: compiles modules, instantiates them, and serves the script's actions on them.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "daemon/base/fd.hpp"
#include "jit/llvm/options.hpp"

namespace slack::spec {

// An image of the suite's module spectest, for the slot that stores have for it.
[[nodiscard]] Expected<Fd> compile_spectest(jit::CompileOptions options);

class StoreProcess {
 public:
  [[nodiscard]] static Expected<std::unique_ptr<StoreProcess>> start(const jit::CompileOptions& options,
                                                                     const Fd& spectest);
  StoreProcess(const StoreProcess&) = delete;
  StoreProcess& operator=(const StoreProcess&) = delete;
  ~StoreProcess();

  // How the instantiation ended: {"outcome": "ready" | "trapped" | "unlinkable" | "refused" | "skipped" | "fault",
  // "text", "fuel", "instance"}; with an instance it stays in the store.
  [[nodiscard]] nlohmann::json load(const std::filesystem::path& module);
  // Performs an action: {"outcome": "returned" | "trapped" | "fault", "text", "values", "fuel", "published"}, and
  // "by_signal" of a trap that no operator told of.
  [[nodiscard]] nlohmann::json perform(unsigned instance, const nlohmann::json& action);
  // Others may import from it by `name`.
  void enter(unsigned instance, const std::string& name);
  // No name of the script leads to it any more.
  void release(unsigned instance);

 private:
  StoreProcess() = default;
  [[nodiscard]] nlohmann::json ask(const nlohmann::json& request);

  Fd socket_;
  pid_t pid_ = -1;
};

}  // namespace slack::spec
