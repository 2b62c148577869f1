// Sends the errands of the cache and takes their answers in.
#include "daemon/run/image_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "daemon/base/file_io.hpp"
#include "daemon/cache/cpu_identity.hpp"
#include "daemon/run/limits.hpp"

namespace slack::run {
namespace {

// Small enough for the second-level cache of the core that hashes it.
constexpr std::size_t kChunk = 256 * 1024;
constexpr std::array kMagic{std::byte{0}, std::byte{'a'}, std::byte{'s'}, std::byte{'m'}};

std::shared_ptr<const Resident> resident_of(Fd file, std::shared_ptr<const image::ImageView> view) {
  struct stat status{};
  if (::fstat(file.get(), &status) < 0) return nullptr;
  return std::make_shared<const Resident>(
      Resident{std::move(view), std::move(file), Bytes(static_cast<std::uint64_t>(status.st_size))});
}

constexpr char kTooMany[] = "too many calls wait to look at the cache's disk; try again later";

std::string mebibytes(Bytes bytes) { return std::to_string(bytes.count() / limits::kMiB) + " MiB"; }

}  // namespace

ImageCache::ImageCache(Reactor& reactor, Host& host, Config config)
    : reactor_(reactor),
      host_(host),
      config_(std::move(config)),
      processor_(cache::cpu_identity()),
      residents_(std::make_shared<Residents>(limits::kResidentBytes, limits::kResidentImages)),
      saves_(reactor, {limits::kSavesWaiting, limits::kSaveWall, limits::kSaveQueued, limits::kSavesHung}),
      share_(limits::kQuestionsWaiting, limits::kQuestionsPerUser),
      // The share bounds what waits.
      questions_(reactor, {std::numeric_limits<std::size_t>::max(), limits::kQuestionWall, limits::kQuestionWall,
                           limits::kQuestionsHung}) {
  for (ErrandQueue* queue : {&saves_, &questions_})
    queue->on_idle([this] {
      if (idle() && idle_ != nullptr) idle_();
    });
  if (!on() || !processor_.empty()) return;
  config_.store.reset();
  config_.off_reason = "/proc/cpuinfo does not tell the processor, which images depend on";
}

// What a look needs and finds, shared with its thread.
struct ImageCache::Look {
  Fd module;
  Identity client;
  std::string compiler;
  std::string processor;
  wire::CompileRequest request{};
  std::shared_ptr<cache::ImageStore> store;
  std::shared_ptr<Residents> residents;
  std::shared_ptr<Admission::Charge> charge;
  bool copy = false;

  LookUp found;
  Fd loaded;                     // from disk, not yet opened
  std::string trouble;           // of ours: worth a notice
  std::optional<Excess> excess;  // no room for the copy

  [[nodiscard]] cache::KeyParts key_parts() const { return {client.uid, compiler, processor, bytes_of(request)}; }
  // Reads the module with its client's rights: its key, and its copy if one is wanted. Nothing if it cannot be read, is
  // empty or too large, or does not begin as a module does: the compiler will find the same and say so.
  void read_module(const Errand::Road& road);
};

void ImageCache::Look::read_module(const Errand::Road& road) {
  const auto rights = ClientRights::take(client);
  struct stat status{};
  if (!rights || ::fstat(module.get(), &status) < 0) return;
  const Bytes size(static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0)));
  if (size < Bytes(kMagic.size()) || size > limits::kModuleBytes) return;
  const GiveUp give_up = [&road] { return road.cancelled(); };
  std::vector<std::byte> buffer(std::min<std::uint64_t>(kChunk, size.count()));
  cache::KeyMaker maker(key_parts(), size);
  Fd copied;
  for (std::uint64_t done = 0; done < size.count();) {
    const auto chunk = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), size.count() - done));
    if (!read_exactly_at(module.get(), chunk, done, "read the module", give_up) || road.cancelled()) return;
    if (done == 0 && !std::ranges::equal(chunk.first(kMagic.size()), kMagic)) return;
    if (done == 0 && copy) {
      auto room = Admission::Charge::add_copy(charge, size);
      if (!room) {
        excess = room.error();
        return;
      }
      found.room = std::move(*room);
      auto memfd = make_memfd("slack-module");
      if (!memfd) return;
      copied = std::move(*memfd);
    }
    maker.add(chunk);
    if (copy && !write_all_at(copied.get(), chunk, done, "copy the module")) return;
    done += chunk.size();
  }
  if (copy) {
    if (!seal(copied)) return;
    found.module = std::move(copied);
  }
  found.key = maker.key();
}

std::string ImageCache::look_for(Look& look, const Errand::Road& road) {
  look.read_module(road);
  if (road.cancelled()) return "interrupted";
  if (!look.found.key) {
    look.found.room.reset();
    return {};
  }
  look.found.image = look.residents->find(*look.found.key);
  if (look.found.image == nullptr) {
    auto loaded = look.store->load(look.client.uid, *look.found.key);
    if (!loaded) look.trouble = loaded.error().what;
    if (loaded && *loaded) look.loaded = std::move(**loaded);
  }
  if (look.found.image != nullptr || look.loaded.valid()) {
    look.found.module.reset();
    look.found.room.reset();
  }
  return {};
}

void ImageCache::answer(Look& look, const Done& done) {
  if (look.excess) return done(tl::unexpected(EarlyEnd{Verdict::limit, describe(*look.excess), {}, {}}));
  if (!look.trouble.empty()) config_.notice("cache: " + look.trouble);
  if (look.loaded.valid()) {
    auto view = host_.open_image(look.loaded.get());
    if (view) look.found.image = resident_of(std::move(look.loaded), std::move(*view));
    // It was opened before it was kept, and it is the same bit by bit: only memory can be lacking.
    if (look.found.image != nullptr)
      residents_->keep(look.client.uid, *look.found.key, look.found.image);
    else
      look.found.key.reset();
  }
  done(std::move(look.found));
}

Expected<std::unique_ptr<Errand>> ImageCache::start_look(const Identity& client, const Fd& module,
                                                         const wire::CompileRequest& request, bool copy,
                                                         std::shared_ptr<Admission::Charge> charge, Done done) {
  auto compiler = host_.compiler_build();
  if (!compiler) return fail(compiler.error());
  auto duplicate = module.duplicate();
  if (!duplicate) return fail(duplicate.error());
  auto look = std::make_shared<Look>();
  look->module = std::move(*duplicate);
  look->client = client;
  look->compiler = std::move(*compiler);
  look->processor = processor_;
  look->request = request;
  look->store = config_.store;
  look->residents = residents_;
  look->charge = charge;
  look->copy = copy;
  auto work = [look](Errand::Road& road) { return look_for(*look, road); };
  auto told = [this, look, done = std::move(done)](const std::string& problem) {
    if (problem.empty()) return answer(*look, done);
    // The file is the client's, and so is its slowness.
    done(tl::unexpected(EarlyEnd{Verdict::refused, "reading the module: " + problem, {}, {}}));
  };
  Errand::Patience patience;
  patience.wall = limits::kLookUpWall;
  return Errand::start(reactor_, patience, std::move(charge), std::move(work), std::move(told));
}

Expected<std::unique_ptr<Errand>> ImageCache::look_up(const Identity& client, const Fd& module,
                                                      const wire::CompileRequest& request,
                                                      std::shared_ptr<Admission::Charge> charge, Done done) {
  return start_look(client, module, request, false, std::move(charge), std::move(done));
}

Expected<std::unique_ptr<Errand>> ImageCache::look_up_and_copy(const Identity& client, const Fd& module,
                                                               const wire::CompileRequest& request,
                                                               std::shared_ptr<Admission::Charge> charge, Done done) {
  return start_look(client, module, request, true, std::move(charge), std::move(done));
}

std::shared_ptr<const Resident> ImageCache::find_now(uid_t uid, const Fd& module, const wire::CompileRequest& request,
                                                     Bytes& budget) {
  // Only files of tmpfs have seals, memfds among them: reading one waits for nobody, and checks no rights.
  struct stat status{};
  if (::fcntl(module.get(), F_GET_SEALS) < 0 || ::fstat(module.get(), &status) < 0) return nullptr;
  const Bytes size(static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0)));
  if (size == Bytes(0) || size > budget) return nullptr;
  budget = budget - size;
  std::vector<std::byte> bytes(size.count());
  if (!read_exactly_at(module.get(), bytes, 0, "read the module")) return nullptr;
  const auto compiler = host_.compiler_build();
  if (!compiler) return nullptr;
  return residents_->find(cache::make_key({uid, *compiler, processor_, bytes_of(request)}, bytes));
}

std::shared_ptr<const Resident> ImageCache::resident(const cache::Key& key) { return residents_->find(key); }

// An image on its way to the disk, as its thread sees it.
struct ImageCache::Saving {
  explicit Saving(uid_t its_uid) : uid(its_uid) {}
  uid_t uid;
  std::atomic<bool> unwanted = false;  // was pruned meanwhile
};

std::shared_ptr<const Resident> ImageCache::keep(uid_t uid, const cache::Key& key, Compiled compiled,
                                                 const Admission::Charge& charge) {
  auto resident = std::make_shared<const Resident>(
      Resident{std::move(compiled.image), std::move(compiled.image_file), compiled.size});
  residents_->keep(uid, key, resident);
  auto room = charge.lasting_image(resident->size);
  if (!room) {
    config_.notice("cache: an image was not kept on disk: " + describe(room.error()));
    return resident;
  }
  const auto saving = std::make_shared<Saving>(uid);
  const auto sent = saves_.send(
      uid,
      [store = config_.store, key, resident, saving](Errand::Road&) {
        if (saving->unwanted) return std::string();
        const auto saved = store->save(saving->uid, key, resident->file.get(), resident->size);
        // One that prune() comes to after this look has its name by now, and is found.
        if (saving->unwanted) store->remove(saving->uid, key);
        return saved ? std::string() : saved.error().what;
      },
      [this](const std::string& problem) { on_saved(problem); }, std::move(*room));
  if (!sent) {
    on_saved(sent.error().what);
  } else {
    std::erase_if(saving_, [](const auto& other) { return other.expired(); });
    saving_.push_back(saving);
  }
  return resident;
}

// Said once, not for each image, until one is kept again.
void ImageCache::on_saved(const std::string& problem) {
  if (problem.empty()) {
    if (std::exchange(skips_saves_, false)) config_.notice("cache: images are kept on disk again");
  } else if (!std::exchange(skips_saves_, true)) {
    config_.notice("cache: images are not kept in " + config_.store->path() + ": " + problem);
  }
}

void ImageCache::prune(uid_t caller, std::optional<uid_t> uid, Pruned done) {
  if (!on()) return done(0);
  auto place = share_.take(caller);
  if (place == nullptr) return done(fail(Fault{EAGAIN, kTooMany}));
  saves_.drop(uid);
  for (const auto& other : saving_)
    if (const auto saving = other.lock(); saving != nullptr && (!uid || saving->uid == *uid)) saving->unwanted = true;
  sweep_.reset();  // who asks from now on is to be told what is left
  const auto count = std::make_shared<Expected<std::size_t>>(0);
  const auto answer = [this, count, done = std::move(done), place = std::move(place)](const std::string& problem) {
    if (!problem.empty()) return done(fail(no_answer(problem)));
    if (!*count) return done(fail(count->error()));
    done(**count);
  };
  const auto sent = questions_.send(
      caller,
      [store = config_.store, residents = residents_, uid, count](Errand::Road&) {
        residents->clear(uid);
        *count = store->prune(uid);
        return std::string();
      },
      answer);
  if (!sent) answer(sent.error().what);
}

// One look at the disk, for all who asked before it began.
struct ImageCache::Sweep {
  // What its thread shares.
  struct Look {
    std::atomic<bool> begun = false;
    Expected<cache::StoreUse> use;
  };
  std::shared_ptr<Look> look = std::make_shared<Look>();
  std::vector<std::pair<std::shared_ptr<const void>, Told>> asked;
};

void ImageCache::tell(uid_t caller, Told done) {
  if (!on()) return done(status(cache::StoreUse{}));
  auto place = share_.take(caller);
  if (place == nullptr) return done(fail(Fault{EAGAIN, kTooMany}));
  if (sweep_ != nullptr && !sweep_->look->begun) {
    sweep_->asked.emplace_back(std::move(place), std::move(done));
    return;
  }
  const auto sweep = std::make_shared<Sweep>();
  sweep->asked.emplace_back(std::move(place), std::move(done));
  sweep_ = sweep;
  const auto sent = questions_.send(
      caller,
      [store = config_.store, look = sweep->look](Errand::Road&) {
        look->begun = true;
        look->use = store->sweep();
        return std::string();
      },
      [this, sweep](const std::string& problem) {
        answer(*sweep, problem.empty() ? std::move(sweep->look->use) : fail(no_answer(problem)));
      });
  if (!sent) answer(*sweep, fail(no_answer(sent.error().what)));
}

void ImageCache::answer(Sweep& sweep, const Expected<cache::StoreUse>& use) {
  if (sweep_.get() == &sweep) sweep_.reset();
  for (const auto& [place, told] : std::exchange(sweep.asked, {})) told(status(use));
}

Fault ImageCache::no_answer(const std::string& problem) const {
  return Fault{ETIMEDOUT, "the cache's folder " + config_.store->path() + " gave no answer: " + problem};
}

ImageCache::Status ImageCache::status(const Expected<cache::StoreUse>& use) const {
  Status status;
  if (!on()) {
    status.facility = {"cache", false, "every module is compiled each time: " + config_.off_reason};
    return status;
  }
  const cache::StoreCounts counts = config_.store->counts();
  status.counters = {{"hits", hits_},           {"misses", misses_},
                     {"stored", counts.stored}, {"evicted", counts.evicted},
                     {"bad", counts.bad},       {"resident_bytes", residents_->bytes().count()}};
  if (!use) {
    status.facility = {"cache", false, "images are in memory alone: " + use.error().what};
    return status;
  }
  status.counters.emplace("images", use->entries);
  status.counters.emplace("image_bytes", use->bytes.count());
  status.facility = {"cache", true,
                     config_.store->path() + ": " + std::to_string(use->entries) + " images, " + mebibytes(use->bytes) +
                         " of " + mebibytes(config_.store->limits().total) + "; " + std::to_string(hits_) +
                         " hits and " + std::to_string(misses_) + " misses since slackd started"};
  return status;
}

}  // namespace slack::run
