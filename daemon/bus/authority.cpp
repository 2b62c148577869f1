// Calls org.freedesktop.PolicyKit1.Authority.CheckAuthorization.
#include "daemon/bus/authority.hpp"

#include <utility>

namespace slack::bus {
namespace {

// A caller can ask without end: more than this many unanswered are refused.
constexpr std::size_t kWaitingMost = 64;
// A person may have to type a password.
constexpr std::uint64_t kAnswerMicros = 120'000'000;
constexpr std::uint32_t kAllowInteraction = 1;  // polkit's CheckAuthorizationFlags

}  // namespace

Authority::~Authority() { *open_ = false; }

Expected<void> Authority::ask(sd_bus_message* call, const char* action, std::function<void(bool)> decided) {
  if (*waiting_ >= kWaitingMost) return fail("ask polkit: too many questions are unanswered", EBUSY);
  const char* sender = sd_bus_message_get_sender(call);
  if (sender == nullptr) return fail("ask polkit about a nameless caller", EBADMSG);

  sd_bus_message* raw = nullptr;
  int result =
      sd_bus_message_new_method_call(bus_, &raw, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
                                     "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization");
  const Message question(raw);
  const bool interactive = sd_bus_message_get_allow_interactive_authorization(call) > 0;
  if (result >= 0)
    result = sd_bus_message_append(raw, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s", sender, action, 0,
                                   interactive ? kAllowInteraction : 0, "");
  if (result < 0) return bus_fault("ask polkit", result);

  auto state = std::make_unique<Question>(Question{waiting_, [open = open_, decided = std::move(decided)](bool yes) {
                                                     if (*open) decided(yes);
                                                   }});
  sd_bus_slot* slot = nullptr;
  result = sd_bus_call_async(bus_, &slot, raw, on_answer, state.get(), kAnswerMicros);
  if (result < 0) return bus_fault("ask polkit", result);
  ++*waiting_;
  (void)sd_bus_slot_set_destroy_callback(slot, [](void* userdata) {
    const std::unique_ptr<Question> own(static_cast<Question*>(userdata));
    --*own->waiting;
  });
  (void)state.release();  // the slot's now
  (void)sd_bus_slot_set_floating(slot, 1);
  sd_bus_slot_unref(slot);
  return {};
}

int Authority::on_answer(sd_bus_message* reply, void* userdata, sd_bus_error*) {
  int authorized = 0;
  int challenge = 0;
  const bool yes = sd_bus_message_is_method_error(reply, nullptr) == 0 &&
                   sd_bus_message_enter_container(reply, 'r', "bba{ss}") > 0 &&
                   sd_bus_message_read(reply, "bb", &authorized, &challenge) > 0 && authorized != 0;
  static_cast<Question*>(userdata)->decided(yes);
  return 0;
}

}  // namespace slack::bus
