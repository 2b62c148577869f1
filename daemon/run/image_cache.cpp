// Sends the errands of the cache and takes their answers in.
#include "daemon/run/image_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "daemon/cache/cpu_identity.hpp"
#include "daemon/run/limits.hpp"

namespace slack::run {
namespace {

// Read and hashed in 0.2 ms.
constexpr std::uint64_t kSmallModule = 256 * 1024;

// What a look needs and finds, shared with its thread.
struct Look {
  Fd module;
  Identity client;
  std::string compiler;
  std::string processor;
  wire::CompileRequest request{};
  std::shared_ptr<cache::ImageStore> store;
  std::shared_ptr<Residents> residents;

  LookUp found;
  Fd loaded;            // from disk, not yet opened
  std::string trouble;  // of ours: worth a notice
};

// The whole module; empty if it cannot be read, is empty or too large: the compiler will find the same and say so.
std::vector<std::byte> read_module(const Look& look, const Errand::Road& road) {
  const auto rights = ClientRights::take(look.client);
  struct stat status{};
  if (!rights || ::fstat(look.module.get(), &status) < 0 || status.st_size <= 0) return {};
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > limits::kModuleBytes.count()) return {};
  std::vector<std::byte> bytes(size);
  for (std::size_t done = 0; done < size;) {
    if (road.cancelled()) return {};
    const ssize_t got = ::pread(look.module.get(), bytes.data() + done, size - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {};
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::string look_for(Look& look, const Errand::Road& road) {
  const std::vector<std::byte> module = read_module(look, road);
  if (road.cancelled()) return "interrupted";
  if (module.empty()) return {};
  const cache::Key key =
      cache::make_key({look.client.uid, look.compiler, look.processor, bytes_of(look.request), module});
  look.found.key = key;
  look.found.image = look.residents->find(key);
  if (look.found.image != nullptr) return {};
  auto loaded = look.store->load(look.client.uid, key);
  if (!loaded) look.trouble = loaded.error().what;
  if (loaded && *loaded) {
    look.loaded = std::move(**loaded);
    return {};
  }
  // What was read is what is compiled: the client's file may change meanwhile, and the image would be kept under the
  // name of another module.
  if (auto copy = make_sealed_memfd("slack-module", module.data(), Bytes(module.size())); copy)
    look.found.module = std::move(*copy);
  else
    look.found.key.reset();
  return {};
}

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
      residents_(std::make_shared<Residents>(limits::kResidentBytes, limits::kResidentImages)) {
  if (!on() || !processor_.empty()) return;
  config_.store.reset();
  config_.off_reason = "/proc/cpuinfo does not tell the processor, which images depend on";
}

Expected<std::unique_ptr<Errand>> ImageCache::look_up(const Identity& client, const Fd& module,
                                                      const wire::CompileRequest& request,
                                                      std::shared_ptr<const void> charge, Done done) {
  auto compiler = host_.compiler_build();
  if (!compiler) return fail(compiler.error());
  auto copy = module.duplicate();
  if (!copy) return fail(copy.error());
  auto look = std::make_shared<Look>();
  look->module = std::move(*copy);
  look->client = client;
  look->compiler = std::move(*compiler);
  look->processor = processor_;
  look->request = request;
  look->store = config_.store;
  look->residents = residents_;
  auto work = [look](Errand::Road& road) { return look_for(*look, road); };
  auto answer = [this, look, done = std::move(done)](const std::string& problem) {
    // The file is the client's, and so is its slowness.
    if (!problem.empty())
      return done(tl::unexpected(EarlyEnd{Verdict::refused, "reading the module: " + problem, {}, {}}));
    if (!look->trouble.empty()) config_.notice("cache: " + look->trouble);
    if (look->loaded.valid()) {
      auto view = host_.open_image(look->loaded.get());
      if (view) look->found.image = resident_of(std::move(look->loaded), std::move(*view));
      // It was opened before it was kept, and it is the same bit by bit: only memory can be lacking.
      if (look->found.image != nullptr)
        residents_->keep(*look->found.key, look->found.image);
      else
        look->found.key.reset();
    }
    done(std::move(look->found));
  };
  Errand::Patience patience;
  patience.wall = limits::kLookUpWall;
  return Errand::start(reactor_, patience, std::move(charge), std::move(work), std::move(answer));
}

std::shared_ptr<const Resident> ImageCache::find_now(uid_t uid, const Fd& module, const wire::CompileRequest& request) {
  // Only files of tmpfs have seals, memfds among them: reading one waits for nobody, and checks no rights.
  struct stat status{};
  if (::fcntl(module.get(), F_GET_SEALS) < 0 || ::fstat(module.get(), &status) < 0) return nullptr;
  if (status.st_size <= 0 || static_cast<std::uint64_t>(status.st_size) > kSmallModule) return nullptr;
  std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
  if (::pread(module.get(), bytes.data(), bytes.size(), 0) != status.st_size) return nullptr;
  const auto compiler = host_.compiler_build();
  if (!compiler) return nullptr;
  return residents_->find(cache::make_key({uid, *compiler, processor_, bytes_of(request), bytes}));
}

std::shared_ptr<const Resident> ImageCache::resident(const cache::Key& key) { return residents_->find(key); }

std::shared_ptr<const Resident> ImageCache::keep(uid_t uid, const cache::Key& key, Compiled compiled) {
  auto resident = std::make_shared<const Resident>(
      Resident{std::move(compiled.image), std::move(compiled.image_file), compiled.size});
  residents_->keep(key, resident);
  const bool sent = send(
      [store = config_.store, uid, key, resident](Errand::Road&) {
        const auto saved = store->save(uid, key, resident->file.get(), resident->size);
        return saved ? std::string() : saved.error().what;
      },
      [this](const std::string& problem) {
        if (!problem.empty()) config_.notice("cache: an image was not kept: " + problem);
      });
  if (!sent) config_.notice("cache: an image was not kept: there is no thread to be had");
  return resident;
}

bool ImageCache::send(Errand::Work work, Errand::Done done) {
  const std::uint64_t id = ++last_errand_;
  auto errand = Errand::start(reactor_, {}, nullptr, std::move(work),
                              [this, id, done = std::move(done)](const std::string& problem) {
                                // The errand is still at work below us: it goes at the end of this call.
                                const auto node = errands_.extract(id);
                                done(problem);
                                if (errands_.empty() && idle_ != nullptr) idle_();
                              });
  if (!errand) return false;
  errands_.emplace(id, std::move(*errand));
  return true;
}

void ImageCache::prune(std::optional<uid_t> uid, std::function<void(std::uint64_t)> done) {
  if (!on()) return done(0);
  residents_->clear();  // other users' too: they are on disk
  auto count = std::make_shared<std::uint64_t>(0);
  const bool sent = send(
      [store = config_.store, uid, count](Errand::Road&) {
        *count = store->prune(uid);
        return std::string();
      },
      [count, done](const std::string&) { done(*count); });
  if (!sent) done(0);
}

void ImageCache::tell(std::function<void(Status)> done) {
  if (!on()) return done(status({}));
  auto use = std::make_shared<cache::StoreUse>();
  const bool sent = send(
      [store = config_.store, use](Errand::Road&) {
        *use = store->sweep();
        return std::string();
      },
      [this, use, done](const std::string&) { done(status(*use)); });
  if (!sent) done(status({}));
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
