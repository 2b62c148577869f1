// ImageCache: the images of earlier compilations, as runs ask for them: in memory, on disk, or not there.
//
// Everything that may block (a client's file, the disk) is done in errands, never on the reactor's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/cache/image_store.hpp"
#include "daemon/run/admission.hpp"
#include "daemon/run/client_rights.hpp"
#include "daemon/run/compilation.hpp"
#include "daemon/run/errand_queue.hpp"
#include "daemon/run/fair_share.hpp"
#include "daemon/run/host.hpp"
#include "daemon/run/residents.hpp"

namespace slack::run {

// What a look told.
struct LookUp {
  std::shared_ptr<const Resident> image;  // null: it is not there
  // Under which name to keep it once it is compiled. None: the module could not be read here, or is none; the compiler
  // will say why.
  std::optional<cache::Key> key;
  // After look_up_and_copy() and without an image: the bytes that the key names, sealed, for the compiler.
  Fd module;
  std::shared_ptr<const void> room;  // their charge, to be held for as long as the module is
};

class ImageCache {
 public:
  struct Config {
    std::shared_ptr<cache::ImageStore> store;  // null: nothing is kept, and nobody looks
    std::string off_reason;                    // why not
    std::function<void(const std::string&)> notice = [](const std::string&) {};
  };
  ImageCache(Reactor& reactor, Host& host, Config config);

  [[nodiscard]] bool on() const { return config_.store != nullptr; }

  // Reads a module with its client's rights and looks for the image that this request would make of it. Nothing of the
  // module stays in memory. `done` is called once, from the reactor, unless the errand is destroyed before; trouble
  // with the client's file ends the look, trouble of ours is a miss. `charge` is held until the thread has ended.
  using Done = std::function<void(tl::expected<LookUp, EarlyEnd>)>;
  [[nodiscard]] Expected<std::unique_ptr<Errand>> look_up(const Identity& client, const Fd& module,
                                                          const wire::CompileRequest& request,
                                                          std::shared_ptr<Admission::Charge> charge, Done done);
  // The same for a run that has its turn at a compiler: what was read is what is compiled, so it is copied on the way.
  // The client's file may change meanwhile, and the image would be kept under the name of another module.
  [[nodiscard]] Expected<std::unique_ptr<Errand>> look_up_and_copy(const Identity& client, const Fd& module,
                                                                   const wire::CompileRequest& request,
                                                                   std::shared_ptr<Admission::Charge> charge,
                                                                   Done done);
  // The image of a small module that is itself in memory (a memfd), if it is in memory too: what takes no thread to
  // find, since nothing can block. Null: look_up() may know more. At most `budget` is read, which gets less by that.
  [[nodiscard]] std::shared_ptr<const Resident> find_now(uid_t uid, const Fd& module,
                                                         const wire::CompileRequest& request, Bytes& budget);
  // The image if it has come to be in memory since.
  [[nodiscard]] std::shared_ptr<const Resident> resident(const cache::Key& key);
  // Keeps what a compiler made, in memory at once and on disk in a while, until which its bytes are charged to its
  // user; the image as it is to be handed on. A disk that does not answer costs this one its place there, and a notice.
  [[nodiscard]] std::shared_ptr<const Resident> keep(uid_t uid, const cache::Key& key, Compiled compiled,
                                                     const Admission::Charge& charge);
  void count_hit() { ++hits_; }
  void count_miss() { ++misses_; }

  // Removes a user's images, or everybody's, those that wait for the disk included, and tells how many there were on
  // it. A fault: too many calls wait for their answers (EAGAIN), or the disk failed. `done` is called once, perhaps
  // from within the call. `caller` has their share of the calls.
  using Pruned = std::function<void(Expected<std::uint64_t>)>;
  void prune(uid_t caller, std::optional<uid_t> uid, Pruned done);
  // What `slackctl status` shows; counters since slackd started, and what is on disk now: where the disk failed it is
  // in the facility's words, and no figure. EAGAIN as above.
  struct Status {
    sandbox::Facility facility;
    std::map<std::string, std::uint64_t> counters;
  };
  using Told = std::function<void(Expected<Status>)>;
  void tell(uid_t caller, Told done);

  // No thread of ours is at work; and whom to tell when that comes about.
  [[nodiscard]] bool idle() const { return saves_.idle() && questions_.idle(); }
  void on_idle(std::function<void()> handler) { idle_ = std::move(handler); }

 private:
  struct Look;
  struct Saving;
  struct Sweep;
  [[nodiscard]] Expected<std::unique_ptr<Errand>> start_look(const Identity& client, const Fd& module,
                                                             const wire::CompileRequest& request, bool copy,
                                                             std::shared_ptr<Admission::Charge> charge, Done done);
  static std::string look_for(Look& look, const Errand::Road& road);
  void answer(Look& look, const Done& done);
  void on_saved(const std::string& problem);
  void answer(Sweep& sweep, const Expected<cache::StoreUse>& use);
  [[nodiscard]] Fault no_answer(const std::string& problem) const;
  [[nodiscard]] Status status(const Expected<cache::StoreUse>& use) const;

  Reactor& reactor_;
  Host& host_;
  Config config_;
  std::string processor_;
  std::shared_ptr<Residents> residents_;
  // Apart, so that nobody's question waits for a large image to be on disk.
  ErrandQueue saves_;
  std::vector<std::weak_ptr<Saving>> saving_;  // those of saves_, the ones that were given up on included
  bool skips_saves_ = false;                   // has said so
  FairShare share_;                            // of the calls that wait for an answer, who hold places of it
  ErrandQueue questions_;
  std::shared_ptr<Sweep> sweep_;  // the latest of questions_, for as long as nothing came after it
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
  std::function<void()> idle_;
};

}  // namespace slack::run
