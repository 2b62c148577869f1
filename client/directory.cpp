// Reads and opens the directories of --dir.
#include "client/directory.hpp"

#include <fcntl.h>

namespace slack::client {

Expected<DirectorySpec> parse_directory(std::string_view text) {
  DirectorySpec spec;
  std::string_view rest = text;
  if (rest.ends_with(":ro") || rest.ends_with(":rw")) {
    spec.read_only = rest.ends_with(":ro");
    rest.remove_suffix(3);
  }
  // Rights that were meant and are not understood must not become part of a name, with all rights.
  for (const std::string_view typo : {":RO", ":Ro", ":RW", ":Rw", ":r", ":w", ":rx", ":wr", ":rwx"}) {
    if (rest.ends_with(typo)) {
      return fail(Fault{EINVAL, "'" + std::string(text) + "' ends in no rights that there are: write :ro or :rw"});
    }
  }
  const auto cut = rest.find("::");
  spec.host = rest.substr(0, cut);
  spec.guest = cut == std::string_view::npos ? rest : rest.substr(cut + 2);
  if (spec.host.empty() || spec.guest.empty())
    return fail(
        Fault{EINVAL, "'" + std::string(text) + "' is not a directory for the module: write HOST[::GUEST][:ro|:rw]"});
  return spec;
}

Expected<OpenDirectory> open_directory(const DirectorySpec& spec) {
  Fd fd(::open(spec.host.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return fail("open directory " + spec.host);
  return OpenDirectory{std::move(fd), spec.guest, spec.read_only};
}

}  // namespace slack::client
