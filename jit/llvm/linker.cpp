// The linker: one object file to a position-dependent executable at address_map::kImage.
#include "jit/llvm/linker.hpp"

#include <fcntl.h>
#include <lld/Common/CommonLinkerContext.h>
#include <lld/Common/Driver.h>
#include <unistd.h>

#include <llvm/Support/raw_ostream.h>

#include "daemon/base/address_map.hpp"
#include "daemon/base/fd.hpp"
#include "jit/llvm/environment.hpp"
#include "jit/llvm/safepoint_lowering.hpp"

LLD_HAS_DRIVER(elf)

namespace slack::jit {

namespace {

// Two segments: what is only read, and what is executed. Anything writable would be an orphan in a third, which
// post_link refuses. The safepoint records stay in the file but are not loaded (INFO).
std::string linker_script() {
  const auto number = [](std::uint64_t value) { return std::to_string(value); };
  std::string script =
      "PHDRS { constants PT_LOAD FILEHDR PHDRS FLAGS(4); text PT_LOAD FLAGS(5); "
      "stack PT_GNU_STACK FLAGS(6); }\n";
  script += std::string(kSafepointSymbol) + " = " + number(address_map::kSafepoint) + ";\n";
  script += std::string(kContextSymbol) + " = " + number(address_map::kContext) + ";\n";
  script += std::string(kMemorySymbol) + " = " + number(address_map::kMemory) + ";\n";
  script += "SECTIONS {\n  . = " + number(address_map::kImage) + " + SIZEOF_HEADERS;\n";
  script += "  .rodata : { *(.rodata .rodata.* .data.rel.ro .data.rel.ro.*) } :constants\n";
  script += "  . = ALIGN(" + number(address_map::kPageBytes) + ");\n";
  script +=
      std::string("  .text : { ") + kTextBeginSymbol + " = .; *(.text .text.*) " + kTextEndSymbol + " = .; } :text\n";
  script += std::string("  ") + kRecordSection + " 0 (INFO) : { *(" + kRecordSection + ") }\n";
  script += "  /DISCARD/ : { *(.comment) *(.note.*) *(.eh_frame) *(.debug_frame) }\n}\n";
  return script;
}

Expected<void> write_file(const std::string& path, llvm::ArrayRef<char> content) {
  Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.valid()) return fail("open " + path);
  while (!content.empty()) {
    const auto written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail("write " + path, written < 0 ? errno : ENOSPC);
    content = content.drop_front(static_cast<std::size_t>(written));
  }
  return {};
}

Expected<llvm::SmallVector<char, 0>> read_file(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return fail("open " + path);
  llvm::SmallVector<char, 0> content;
  constexpr std::size_t kChunk = 1 << 20;
  for (;;) {
    const auto old = content.size();
    content.resize_for_overwrite(old + kChunk);
    const auto count = ::read(file.get(), content.data() + old, kChunk);
    content.truncate(old + static_cast<std::size_t>(count > 0 ? count : 0));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail("read " + path);
    if (count == 0) return content;
  }
}

// Removes the files of a link however it ends.
struct ScratchFiles {
  std::string object, script, image;
  ~ScratchFiles() {
    for (const auto* path : {&object, &script, &image}) ::unlink(path->c_str());
  }
};

}  // namespace

Expected<llvm::SmallVector<char, 0>> link(llvm::ArrayRef<char> object, const std::string& scratch) {
  const ScratchFiles files{scratch + "/in.o", scratch + "/link.ld", scratch + "/out.elf"};
  const auto script = linker_script();
  if (auto written = write_file(files.object, object); !written) return tl::unexpected(written.error());
  if (auto written = write_file(files.script, {script.data(), script.size()}); !written) {
    return tl::unexpected(written.error());
  }
  const char* arguments[] = {"ld.lld",
                             "-static",
                             "-e",
                             kHeaderSymbol,
                             "-T",
                             files.script.c_str(),
                             "-z",
                             "max-page-size=4096",
                             "-z",
                             "norelro",
                             "--build-id=none",
                             "--no-dynamic-linker",
                             "--no-gc-sections",
                             "--orphan-handling=place",
                             "--no-warnings",
                             "--threads=1",
                             "-o",
                             files.image.c_str(),
                             files.object.c_str()};
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  const bool linked = lld::elf::link(arguments, stream, stream, false, false);
  lld::CommonLinkerContext::destroy();
  if (!linked) return fail(Fault{EIO, "lld: " + stream.str()});
  return read_file(files.image);
}

}  // namespace slack::jit
