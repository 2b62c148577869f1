// Sends the errands of the cache and takes their answers in.
#include "daemon/run/image_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
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

std::string mebibytes(Bytes bytes) { return std::to_string(bytes.count() / limits::kMiB) + " MiB"; }

}  // namespace

ImageCache::ImageCache(Reactor& reactor, Host& host, Config config)
    : reactor_(reactor),
      host_(host),
      config_(std::move(config)),
      processor_(cache::cpu_identity()),
      residents_(std::make_shared<Residents>(limits::kResidentBytes, limits::kResidentImages)),
      saves_(reactor, limits::kSavesWaiting),
      questions_(reactor, limits::kQuestionsWaiting) {
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

std::shared_ptr<const Resident> ImageCache::keep(uid_t uid, const cache::Key& key, Compiled compiled,
                                                 std::shared_ptr<const void> charge) {
  auto resident = std::make_shared<const Resident>(
      Resident{std::move(compiled.image), std::move(compiled.image_file), compiled.size});
  residents_->keep(uid, key, resident);
  const bool sent = saves_.send(
      [store = config_.store, uid, key, resident](Errand::Road&) {
        const auto saved = store->save(uid, key, resident->file.get(), resident->size);
        return saved ? std::string() : saved.error().what;
      },
      [this](const std::string& problem) {
        if (!problem.empty()) config_.notice("cache: an image was not kept: " + problem);
      },
      std::move(charge));
  if (!sent) config_.notice("cache: an image was not kept: too many wait for the disk");
  return resident;
}

bool ImageCache::prune(std::optional<uid_t> uid, std::function<void(std::uint64_t)> done) {
  if (!on()) {
    done(0);
    return true;
  }
  auto count = std::make_shared<std::uint64_t>(0);
  const bool sent = questions_.send(
      [store = config_.store, residents = residents_, uid, count](Errand::Road&) {
        *count = store->prune(uid);
        residents->clear(uid);
        return std::string();
      },
      [count, done = std::move(done)](const std::string&) { done(*count); });
  if (sent) sweep_.reset();  // who asks from now on is to be told what is left
  return sent;
}

// One look at the disk, for all who asked before it began.
struct ImageCache::Sweep {
  std::atomic<bool> begun = false;
  cache::StoreUse use;
  std::vector<std::function<void(Status)>> asked;
};

bool ImageCache::tell(std::function<void(Status)> done) {
  if (!on()) {
    done(status({}));
    return true;
  }
  if (sweep_ != nullptr && !sweep_->begun) {
    if (sweep_->asked.size() >= limits::kQuestionsWaiting) return false;
    sweep_->asked.push_back(std::move(done));
    return true;
  }
  const auto sweep = std::make_shared<Sweep>();
  sweep->asked.push_back(std::move(done));
  sweep_ = sweep;
  const bool sent = questions_.send(
      [store = config_.store, sweep](Errand::Road&) {
        sweep->begun = true;
        sweep->use = store->sweep();
        return std::string();
      },
      [this, sweep](const std::string&) {
        if (sweep_ == sweep) sweep_.reset();
        for (const auto& tell_one : std::exchange(sweep->asked, {})) tell_one(status(sweep->use));
      });
  if (!sent) sweep_.reset();
  return sent;
}

ImageCache::Status ImageCache::status(const cache::StoreUse& use) const {
  Status status;
  if (!on()) {
    status.facility = {"cache", false, "every module is compiled each time: " + config_.off_reason};
    return status;
  }
  const cache::StoreCounts counts = config_.store->counts();
  status.facility = {"cache", true,
                     config_.store->path() + ": " + std::to_string(use.entries) + " images, " + mebibytes(use.bytes) +
                         " of " + mebibytes(config_.store->limits().total) + "; " + std::to_string(hits_) +
                         " hits and " + std::to_string(misses_) + " misses since slackd started"};
  status.counters = {{"hits", hits_},
                     {"misses", misses_},
                     {"stored", counts.stored},
                     {"evicted", counts.evicted},
                     {"bad", counts.bad},
                     {"images", use.entries},
                     {"image_bytes", use.bytes.count()},
                     {"resident_bytes", residents_->bytes().count()}};
  return status;
}

}  // namespace slack::run
