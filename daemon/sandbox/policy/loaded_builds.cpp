// Reads the notes of loaded ELF objects (elf(5): PT_NOTE, NT_GNU_BUILD_ID).
#include "daemon/sandbox/policy/loaded_builds.hpp"

#include <elf.h>
#include <link.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstring>
#include <string_view>

namespace slack::sandbox {
namespace {

constexpr std::size_t aligned(std::size_t size) { return (size + 3) / 4 * 4; }

// The build id among the notes of one segment, empty if there is none.
std::string_view build_id_in(std::string_view notes) {
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes.data(), sizeof header);
    const std::size_t name = sizeof header;
    const std::size_t content = name + aligned(header.n_namesz);
    const std::size_t end = content + aligned(header.n_descsz);
    if (end > notes.size()) return {};
    if (header.n_type == NT_GNU_BUILD_ID && notes.substr(name, header.n_namesz) == std::string_view("GNU\0", 4))
      return notes.substr(content, header.n_descsz);
    notes.remove_prefix(end);
  }
  return {};
}

// For an object without a build id: the file that its path names now.
std::string stand_in(const char* path) {
  struct stat status{};
  if (::stat(*path == '\0' ? "/proc/self/exe" : path, &status) < 0) return path;
  return std::to_string(status.st_dev) + " " + std::to_string(status.st_ino) + " " + std::to_string(status.st_size) +
         " " + std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + " " + path;
}

int add_object(dl_phdr_info* object, std::size_t, void* text) {
  // The kernel's own, which generated code does not depend on.
  if (std::string_view(object->dlpi_name).starts_with("linux-vdso")) return 0;
  std::string_view id;
  for (int i = 0; i < object->dlpi_phnum && id.empty(); ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    const auto* notes = reinterpret_cast<const char*>(object->dlpi_addr + segment.p_vaddr);
    id = build_id_in({notes, segment.p_memsz});
  }
  *static_cast<std::string*>(text) += id.empty() ? stand_in(object->dlpi_name) : std::string(id);
  return 0;
}

}  // namespace

std::string loaded_builds() {
  std::string builds;
  ::dl_iterate_phdr(add_object, &builds);
  return builds;
}

}  // namespace slack::sandbox
