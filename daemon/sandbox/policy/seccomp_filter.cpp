// Compiles a role's policy to a seccomp program (libseccomp) and puts programs in force (seccomp(2), without it).
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <string>

#include "daemon/base/fd.hpp"
#include "daemon/base/kernel_abi.hpp"
#include "daemon/sandbox/policy/seccomp.hpp"

namespace slack::sandbox {
namespace {

struct ContextRelease {
  void operator()(void* context) const { ::seccomp_release(context); }
};
using Context = std::unique_ptr<void, ContextRelease>;

// Debian 12's libseccomp 2.5.4 does not know the names of younger calls.
int number_of(std::string_view name) {
  static const std::map<std::string_view, long> younger = {{"mseal", kernel_abi::kSysMseal}};
  if (const auto found = younger.find(name); found != younger.end()) return static_cast<int>(found->second);
  return ::seccomp_syscall_resolve_name(std::string(name).c_str());
}

Expected<void> allow(scmp_filter_ctx context, const AllowedCall& call) {
  const int number = number_of(call.name);
  if (number < 0) return fail(Fault{ENOSYS, "seccomp policy: unknown system call " + std::string(call.name)});
  scmp_arg_cmp condition{};
  condition.arg = call.rule.index;
  condition.op = SCMP_CMP_MASKED_EQ;
  condition.datum_a = call.rule.mask;
  condition.datum_b = call.rule.value;
  const unsigned conditions = call.rule.mask == 0 ? 0 : 1;
  // _exact: a rule that libseccomp could not express as asked must not become a wider one.
  const int error = ::seccomp_rule_add_exact_array(context, SCMP_ACT_ALLOW, number, conditions, &condition);
  if (error < 0) return fail("seccomp policy: " + std::string(call.name), -error);
  return {};
}

Expected<FilterProgram> export_program(scmp_filter_ctx context) {
  auto memfd = make_memfd("slack-seccomp");
  if (!memfd) return fail(memfd.error());
  if (const int error = ::seccomp_export_bpf(context, memfd->get()); error < 0)
    return fail("export a seccomp program", -error);
  struct stat status{};
  if (::fstat(memfd->get(), &status) < 0) return fail("size of a seccomp program");
  const auto bytes = static_cast<std::size_t>(status.st_size);
  FilterProgram program(bytes / sizeof(sock_filter));
  if (program.empty() || program.size() > BPF_MAXINSNS || bytes % sizeof(sock_filter) != 0)
    return fail("size of a seccomp program", EINVAL);
  const ssize_t got = ::pread(memfd->get(), program.data(), bytes, 0);
  if (got != static_cast<ssize_t>(bytes)) return fail("read a seccomp program", got < 0 ? errno : EIO);
  return program;
}

}  // namespace

Expected<FilterProgram> compile_filter(Role role) {
  const Context context(::seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (!context) return fail("seccomp_init", ENOMEM);
  // Calls of the i386 and x32 interfaces die as well; their filter architectures are never added.
  if (const int error = ::seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS); error < 0)
    return fail("seccomp: action for foreign architectures", -error);
  // A binary tree over the call numbers in place of a list.
  if (const int error = ::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2); error < 0)
    return fail("seccomp: optimize", -error);
  for (const AllowedCall& call : policy_of(role))
    if (auto added = allow(context.get(), call); !added) return fail(added.error());
  return export_program(context.get());
}

Expected<void> load_filter(const FilterProgram& program) {
  if (program.empty() || program.size() > BPF_MAXINSNS) return fail("load a seccomp program", EINVAL);
  sock_fprog raw{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
  const long stray = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &raw);
  if (stray < 0) return fail("load a seccomp program");
  // The id of a thread that has filters of its own.
  if (stray > 0) return fail(Fault{ESRCH, "load a seccomp program: not all threads have the same"});
  return {};
}

}  // namespace slack::sandbox
