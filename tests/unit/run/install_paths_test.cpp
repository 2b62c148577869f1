// Programs of slackd are found where the environment, the running program or the build says, in that order.
#include "daemon/base/install_paths.hpp"

#include <catch2/catch.hpp>

#include <set>

namespace slack {
namespace {

std::string found(Program program, const std::string& directory, const std::string& self, std::set<std::string> files) {
  const auto path =
      find_program(program, directory, self, [&](const std::string& name) { return files.contains(name); });
  return path ? *path : path.error().what;
}

TEST_CASE("what the environment says goes before all else") {
  CHECK(found(Program::slackd, "/e", "/b/client/slackctl", {"/e/slackd", "/b/client/slackd"}) == "/e/slackd");
  CHECK(found(Program::slackd, "/e", "/b/client/slackctl", {"/b/client/slackd"}) ==
        "program slackd not found (looked for /e/slackd); install slackd or set SLACKD_LIBEXECDIR");
}

TEST_CASE("installed programs lie side by side") {
  CHECK(found(Program::slack_worker, "", "/usr/libexec/slackd/slackd", {"/usr/libexec/slackd/slack-worker"}) ==
        "/usr/libexec/slackd/slack-worker");
}

TEST_CASE("a build tree is known by Meson's mark and searched by its folders") {
  const std::string mark = "/b/meson-private/coredata.dat";
  CHECK(found(Program::slack_worker, "", "/b/daemon/bus/slackd", {mark, "/b/daemon/worker/slack-worker"}) ==
        "/b/daemon/worker/slack-worker");
  CHECK(found(Program::slack_compile, "", "/b/tests/unit/run/unit-run", {mark, "/b/jit/llvm/slack-compile"}) ==
        "/b/jit/llvm/slack-compile");
  CHECK(found(Program::slackd, "", "/b/client/slackctl", {mark, "/b/daemon/bus/slackd"}) == "/b/daemon/bus/slackd");
  // Without the mark the same folders mean nothing.
  CHECK(found(Program::slackd, "", "/b/client/slackctl", {"/b/daemon/bus/slackd"}).starts_with("program slackd not"));
}

TEST_CASE("the compiled-in folder is the last resort") {
  const std::string fault = found(Program::slackd, "", "", {});
  const std::string place = fault.substr(fault.find('/'), fault.find(')') - fault.find('/'));
  CHECK(place.ends_with("/slackd/slackd"));
  CHECK(found(Program::slackd, "", "", {place}) == place);
}

}  // namespace
}  // namespace slack
