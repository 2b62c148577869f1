// slack-worker: the zygote from which slackd has its workers forked.
#include <cstdio>
#include <string_view>

#include "daemon/worker/child.hpp"

int main(int count, char** arguments) {
  using namespace slack;
  const std::string_view option = count > 1 ? arguments[1] : "";
  if (option == "--version" && count == 2) {
    std::puts("slack-worker " SLACK_VERSION);
    return 0;
  }
  if (option == "--help" && count == 2) {
    std::puts(
        "usage: slack-worker --zygote\n"
        "Serves slackd's requests for workers on descriptor 3. slackd starts it; it is of no use by hand.");
    return 0;
  }
  if (option != wire::kZygoteArgument || count != 2) {
    std::fputs("slack-worker: started by slackd only; see slack-worker --help\n", stderr);
    return 64;
  }
  worker::prepare_heap();
  const auto filters = worker::compile_filters();
  if (!filters) {
    std::fprintf(stderr, "slack-worker: %s\n", filters.error().what.c_str());
    return 70;
  }
  return sandbox::serve(Fd(wire::kZygoteControl),
                        [&filters](sandbox::Confined confined) { return worker::live(std::move(confined), *filters); });
}
