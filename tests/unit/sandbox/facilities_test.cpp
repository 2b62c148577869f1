// Facilities: probed for real, worded for a person, and as many as `slackctl status` promises.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <set>

#include "daemon/sandbox/facilities.hpp"
#include "tests/unit/sandbox/daemon_process.hpp"

namespace slack::sandbox::test {

TEST_CASE("every facility has a name of its own and says what is in use") {
  for (const Facilities& facilities : {probe_facilities(), Facilities{}}) {
    std::set<std::string> names;
    for (const Facility& facility : describe(facilities)) {
      CHECK(names.insert(facility.name).second);
      CHECK(facility.in_use.size() > 8);
    }
    CHECK(names == std::set<std::string>{"namespaces", "userfaultfd", "landlock", "cgroup", "idmapped mounts",
                                         "openat2", "worker user", "mseal", "fifo"});
  }
}

TEST_CASE("the user that workers run as is told, and nobody is said to be shared") {
  const auto told = [](std::optional<Identity> children) {
    Facilities facilities;
    facilities.children = children;
    for (const Facility& facility : describe(facilities))
      if (facility.name == "worker user") return facility;
    return Facility{};
  };
  CHECK(told(Identity{997, 997, true}).available);
  CHECK(told(Identity{997, 997, true}).in_use == "slackd-run, uid 997");
  CHECK_FALSE(told(Identity{}).available);
  CHECK(told(Identity{}).in_use.find("slackd-run") != std::string::npos);
  CHECK(told(Identity{1000, 1000, false}).available);
  CHECK_FALSE(told(std::nullopt).available);
}

TEST_CASE("this machine's facilities, for the record") {
  const Facilities facilities = probe_facilities();
  for (const Facility& facility : describe(facilities))
    std::printf("%-16s %-3s %s\n", facility.name.c_str(), facility.available ? "yes" : "no", facility.in_use.c_str());
  // slackd does not start without these two, so neither do the tests make sense.
  CHECK(facilities.user_namespaces);
  CHECK(facilities.userfaultfd);
}

TEST_CASE("nobody in particular is offered what needs no privilege, and nothing that does") {
  if (::geteuid() != 0) {
    WARN("SKIPPED: needs root to become somebody else");
    return;
  }
  CHECK(in_process(54321, [] {
          const Facilities found = probe_facilities();
          if (found.privileged || found.idmapped_mounts) return "privileged";
          if (!found.user_namespaces || !found.userfaultfd) return "nothing offered";
          return found.cgroup == Facilities::Cgroup::v1 ? "groups of a v1 hierarchy" : "";
        }) == "");
}

}  // namespace slack::sandbox::test
