// Runs and their images: when a compiler is skipped, what parts images, and what looking for one may take.
#include <sys/fanotify.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "daemon/run/limits.hpp"
#include "tests/scratch_folder.hpp"
#include "tests/unit/run/run_world.hpp"

namespace slack::run {
namespace {

// A folder of the test's own, and a configuration with a cache in it.
struct CacheFolder : test::ScratchFolder {
  RunTable::Config config(std::size_t compilers = 4) const {
    RunTable::Config config{{}, compilers};
    auto store = cache::ImageStore::open(path(), {Bytes(1 << 20), Bytes(1 << 20)});
    REQUIRE(store);
    config.cache.store = std::move(*store);
    return config;
  }
};

// A folder that gives no answer: whoever opens something in it hangs, beyond every signal that does not kill, as with
// a network disk that is gone. Answers again at its end.
class Deaf {
 public:
  explicit Deaf(const std::filesystem::path& folder)
      : watch_(::fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY)) {
    const auto opened = FAN_OPEN_PERM | FAN_ONDIR | FAN_EVENT_ON_CHILD;
    if (watch_.valid() && ::fanotify_mark(watch_.get(), FAN_MARK_ADD, opened, AT_FDCWD, folder.c_str()) < 0)
      watch_.reset();
  }
  [[nodiscard]] bool works() const { return watch_.valid(); }

 private:
  Fd watch_;
};

// Nothing of a module is looked at here but its first bytes.
std::string module_of(const std::string& name) { return std::string("\0asm", 4) + name; }

Fd memfd_of(const std::string& content) {
  auto memfd = make_sealed_memfd("module", content.data(), Bytes(content.size()));
  REQUIRE(memfd);
  return std::move(*memfd);
}

Request cached_request(World& world, const std::string& name) {
  auto request = world.request();
  request.module = memfd_of(module_of(name));
  return request;
}

TEST_CASE("the second run of a module skips the compiler, in memory and from disk") {
  const CacheFolder folder;
  World world;
  for (const bool anew : {false, true}) {
    // A new daemon has nothing in memory.
    world.table = std::make_unique<RunTable>(world.reactor, world.host, folder.config(), world.recorder);
    for (int i = 0; i < 2; ++i) {
      const RunId id = world.add(cached_request(world, "a module"));
      world.reach(id, State::running);
      world.conclude(id, Verdict::trap);
      const auto& result = world.finish(id);
      CHECK(result.cache == (anew || i == 1 ? "hit" : "miss"));
      CHECK(result.compile_usec == 0u);  // the clock here stands still
      REQUIRE(world.reactor.run_until([&] { return world.table->cache().idle(); }));
    }
    CHECK(world.host.compilers_started == 1);
  }
  // The image is the one that was made, sealed: the worker's script looks at the seals.
  const RunId other = world.add(cached_request(world, "another module"));
  world.reach(other, State::running);
  CHECK(world.host.compilers_started == 2);
  world.conclude(other, Verdict::trap);
  CHECK(world.finish(other).cache == "miss");
  REQUIRE(world.reactor.run_until([&] { return world.table->cache().idle(); }));
}

TEST_CASE("what an image depends on parts it: options, compiler, user; and a run may do without the cache") {
  const CacheFolder folder;
  World world;
  world.table = std::make_unique<RunTable>(world.reactor, world.host, folder.config(), world.recorder);
  std::size_t compiled = 0;
  const auto run = [&](const std::function<void(Request&)>& change) {
    auto request = cached_request(world, "a module");
    change(request);
    const RunId id = world.add(std::move(request));
    world.reach(id, State::running);
    world.conclude(id, Verdict::trap);
    const auto result = world.finish(id);
    REQUIRE(world.reactor.run_until([&] { return world.table->cache().idle(); }));
    const bool more = world.host.compilers_started > compiled;
    compiled = world.host.compilers_started;
    return std::string(more ? "compiled " : "taken ") + *result.cache;
  };
  const auto as_it_is = [](Request&) {};
  CHECK(run(as_it_is) == "compiled miss");
  CHECK(run(as_it_is) == "taken hit");
  CHECK(run([](Request& request) { request.options.deterministic = true; }) == "compiled miss");
  CHECK(run([](Request& request) { request.options.metering = Metering::none; }) == "compiled miss");
  CHECK(run([](Request& request) { request.options.cache = false; }) == "compiled off");
  CHECK(run([](Request& request) { request.options.fuel = Fuel(7); }) == "taken hit");
  if (::geteuid() == 0) CHECK(run([](Request& request) { request.uid = 12345; }) == "compiled miss");
  world.host.build = "a later compiler";
  CHECK(run(as_it_is) == "compiled miss");
}

TEST_CASE("of many runs of one module at once only as many compile as have turns") {
  const CacheFolder folder;
  World world;
  world.table = std::make_unique<RunTable>(world.reactor, world.host, folder.config(1), world.recorder);
  std::vector<RunId> runs;
  for (int i = 0; i < 5; ++i) runs.push_back(world.add(cached_request(world, "a module")));
  for (const RunId run : runs) world.reach(run, State::running);
  CHECK(world.host.compilers_started == 1);
  for (const RunId run : runs) {
    world.conclude(run, Verdict::trap);
    world.finish(run);
  }
  REQUIRE(world.reactor.run_until([&] { return world.table->cache().idle(); }));
}

TEST_CASE("a table is not idle before its images are on disk, and prune removes them") {
  const CacheFolder folder;
  World world;
  world.table = std::make_unique<RunTable>(world.reactor, world.host, folder.config(), world.recorder);
  const RunId id = world.add(cached_request(world, "a module"));
  world.reach(id, State::preparing);
  CHECK_FALSE(world.table->cache().idle());
  world.reach(id, State::running);
  REQUIRE(world.reactor.run_until([&] { return world.table->cache().idle(); }));
  std::optional<ImageCache::Status> status;
  const auto ask = [&] {
    status.reset();
    world.table->cache().tell(::getuid(), [&](const Expected<ImageCache::Status>& told) { status = *told; });
    REQUIRE(world.reactor.run_until([&] { return status.has_value(); }));
  };
  ask();
  CHECK(status->facility.available);
  CHECK(status->counters.at("images") == 1);
  CHECK(status->counters.at("misses") == 1);
  CHECK(status->counters.at("resident_bytes") == 5);
  std::optional<std::uint64_t> removed;
  world.table->cache().prune(4711, uid_t{4711}, [&](const Expected<std::uint64_t>& count) { removed = *count; });
  REQUIRE(world.reactor.run_until([&] { return removed.has_value(); }));
  CHECK(removed == 0u);
  // Another user's prune takes nothing from us, in memory neither.
  ask();
  CHECK(status->counters.at("images") == 1);
  CHECK(status->counters.at("resident_bytes") == 5);
  removed.reset();
  world.table->cache().prune(::getuid(), ::getuid(), [&](const Expected<std::uint64_t>& count) { removed = *count; });
  // Asked behind the prune, told what it left.
  ask();
  CHECK(removed == 1u);
  CHECK(status->counters.at("images") == 0);
  CHECK(status->counters.at("resident_bytes") == 0);
  world.conclude(id, Verdict::trap);
}

TEST_CASE("a flood of questions about the cache is refused, and starts no thread for each") {
  const CacheFolder folder;
  World world;
  world.table = std::make_unique<RunTable>(world.reactor, world.host, folder.config(), world.recorder);
  ImageCache& cache = world.table->cache();
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
  };
  const auto before = threads();
  std::size_t answered = 0;
  std::size_t refused = 0;
  const auto count = [&](const auto& answer) {
    if (!answer) CHECK(answer.error().code == EAGAIN);
    ++(answer ? answered : refused);
  };
  const auto flood = [&](uid_t uid) {
    for (int i = 0; i < 500; ++i) {
      cache.tell(uid, [&](const Expected<ImageCache::Status>& status) { count(status); });
      cache.prune(uid, uid, [&](const Expected<std::uint64_t>& images) { count(images); });
    }
  };
  flood(1000);
  CHECK(threads() <= before + 1);
  // One user does not get them all, and many do not keep another one out.
  CHECK(refused == 1000 - limits::kQuestionsPerUser);
  for (uid_t uid = 1001; uid < 1010; ++uid) flood(uid);
  const std::size_t before_the_last = refused;
  cache.prune(2000, uid_t{2000}, [&](const Expected<std::uint64_t>& images) { count(images); });
  CHECK(refused == before_the_last);
  REQUIRE(world.reactor.run_until([&] { return cache.idle(); }));
  // The rest had one place each.
  CHECK(answered == limits::kQuestionsWaiting + 7);
  // Who is answered has room again.
  refused = 0;
  cache.tell(1000, [&](const Expected<ImageCache::Status>& status) { count(status); });
  CHECK(refused == 0);
  REQUIRE(world.reactor.run_until([&] { return cache.idle(); }));
}

TEST_CASE("a disk that gives no answer keeps no run's room, answers questions with a fault, and is given up on") {
  const CacheFolder folder;
  World world;
  auto config = folder.config();
  config.limits.runs_per_user = 1;
  std::vector<std::string> notices;
  config.cache.notice = [&](const std::string& notice) { notices.push_back(notice); };
  world.table = std::make_unique<RunTable>(world.reactor, world.host, config, world.recorder);
  ImageCache& cache = world.table->cache();
  std::optional<Deaf> deaf(folder.path());
  if (!deaf->works()) {
    WARN("SKIPPED: no fanotify with permission events");
    return;
  }
  const auto run = [&](Request request) {
    const RunId id = world.add(std::move(request));
    world.reach(id, State::running);
    world.conclude(id, Verdict::trap);
    (void)world.finish(id);
    world.host.charges.clear();  // its worker has been reaped
    world.host.reaped();
  };
  run(cached_request(world, "a module"));
  CHECK_FALSE(cache.idle());
  // Its save hangs; its user's one place is free.
  auto other = cached_request(world, "another");
  other.options.cache = false;
  run(std::move(other));
  CHECK_FALSE(cache.idle());

  const auto give_up = [&](Micros wall, const std::function<bool()>& until) {
    world.reactor.advance(wall);
    REQUIRE(world.reactor.run_until([&] {
      world.reactor.advance(Micros(20'000));
      return until();
    }));
  };
  // The prune does not know how many there were, and says so; what waited and what is at work is taken back.
  std::optional<Fault> unanswered;
  cache.prune(::getuid(), ::getuid(), [&](const Expected<std::uint64_t>& images) {
    REQUIRE_FALSE(images);
    unanswered = images.error();
  });
  std::optional<ImageCache::Status> status;
  give_up(limits::kQuestionWall, [&] { return unanswered.has_value(); });
  CHECK(unanswered->what.find(folder.path().string() + " gave no answer") != std::string::npos);
  cache.tell(::getuid(), [&](const Expected<ImageCache::Status>& told) { status = *told; });
  give_up(limits::kQuestionWall, [&] { return status.has_value(); });
  CHECK_FALSE(status->facility.available);
  CHECK(status->facility.in_use.find("gave no answer") != std::string::npos);
  CHECK(status->counters.count("images") == 0);
  CHECK(status->counters.at("misses") == 1);
  // Enough threads hang: from now on the answer is there at once.
  status.reset();
  cache.tell(::getuid(), [&](const Expected<ImageCache::Status>& told) { status = *told; });
  REQUIRE(status);
  CHECK(status->facility.in_use.find("2 before it hang") != std::string::npos);

  give_up(limits::kSaveWall, [&] { return cache.idle(); });
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].find("images are not kept in " + folder.path().string() + ": it took more than 60 s") !=
        std::string::npos);

  world.end_workers();  // being forks of the test, they hold the watch open
  world.host.executed.clear();
  deaf.reset();
  const std::weak_ptr<cache::ImageStore> store = config.cache.store;
  config.cache.store.reset();
  for (int i = 0; i < 5'000 && store.use_count() > 1; ++i) ::usleep(1'000);
  CHECK(store.use_count() == 1);
  CHECK(folder.files().empty());  // the one that was saved after all was pruned before
  run(cached_request(world, "a third module"));
  REQUIRE(world.reactor.run_until([&] { return cache.idle(); }));
  CHECK(notices.back() == "cache: images are kept on disk again");
  CHECK(folder.files().size() == 1);
}

TEST_CASE("a module is charged before it is copied") {
  const CacheFolder folder;
  World world;
  auto config = folder.config();
  config.limits.images_per_user = Bytes(1 << 20);
  world.table = std::make_unique<RunTable>(world.reactor, world.host, config, world.recorder);
  const auto& result = world.finish(world.add(cached_request(world, std::string(2 << 20, 'x'))));
  CHECK(result.verdict == Verdict::limit);
  CHECK(result.reason->starts_with("bytes of code images of user "));
  CHECK(world.host.compilers_started == 0);
  // What one run was charged is there for the next.
  for (int i = 0; i < 3; ++i) {
    const RunId id = world.add(cached_request(world, std::string(900'000, static_cast<char>('a' + i))));
    world.reach(id, State::running);
    world.conclude(id, Verdict::trap);
    CHECK(world.finish(id).cache == "miss");
  }
  REQUIRE(world.reactor.run_until([&] { return world.table->cache().idle(); }));
}

TEST_CASE("what does not begin as a module is left to the compiler, unread and uncopied") {
  const CacheFolder folder;
  World world;
  world.table = std::make_unique<RunTable>(world.reactor, world.host, folder.config(), world.recorder);
  for (const std::string& content : {std::string("(module)"), std::string("\0as", 3), std::string(1 << 20, 'x')}) {
    auto request = world.request();
    request.module = memfd_of(content);
    const RunId id = world.add(std::move(request));
    world.reach(id, State::running);
    world.conclude(id, Verdict::trap);
    CHECK(world.finish(id).cache == "off");
  }
  REQUIRE(world.reactor.run_until([&] { return world.table->cache().idle(); }));
  CHECK(folder.files().empty());
}

TEST_CASE("a module that cannot be read here is the compiler's to refuse") {
  const CacheFolder folder;
  World world;
  world.table = std::make_unique<RunTable>(world.reactor, world.host, folder.config(), world.recorder);
  world.host.compiler = [](int socket) { reply(socket, wire::CompileStatus::refused, "unexpected end", 0); };
  const auto& result = world.finish(world.add());  // of /dev/null
  CHECK(result.verdict == Verdict::refused);
  CHECK(result.reason == "unexpected end");
}

}  // namespace
}  // namespace slack::run
