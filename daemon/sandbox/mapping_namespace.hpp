// MappingNamespace: a user namespace that holds nothing but an id map, for idmapped mounts.
#pragma once

#include <sys/types.h>

#include "daemon/base/fd.hpp"

namespace slack::sandbox {

// `inside` is what the file system has on disk, `outside` what processes see through the mount. Needs CAP_SETUID and
// CAP_SETGID in the initial user namespace. The result keeps the namespace alive by itself.
struct IdPair {
  uid_t uid;
  gid_t gid;
  friend auto operator<=>(const IdPair&, const IdPair&) = default;
};
[[nodiscard]] Expected<Fd> make_mapping_namespace(IdPair inside, IdPair outside);

}  // namespace slack::sandbox
