// The linker: object files to a position-dependent executable at the addresses of its slot.
#include "jit/llvm/linker.hpp"

#include <fcntl.h>
#include <lld/Common/CommonLinkerContext.h>
#include <lld/Common/Driver.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include <llvm/Object/ArchiveWriter.h>
#include <llvm/Support/raw_ostream.h>

#include "daemon/base/address_map.hpp"
#include "daemon/base/fd.hpp"
#include "daemon/base/file_io.hpp"
#include "jit/llvm/environment.hpp"
#include "jit/llvm/safepoint_lowering.hpp"

LLD_HAS_DRIVER(elf)

namespace slack::jit {

namespace {

// Two segments: what is only read, and what is executed. Anything writable would be an orphan in a third, which
// post_link refuses. The safepoint records stay in the file but are not loaded (INFO).
std::string linker_script(std::uint32_t slot) {
  const auto number = [](std::uint64_t value) { return std::to_string(value); };
  std::string script =
      "PHDRS { constants PT_LOAD FILEHDR PHDRS FLAGS(4); text PT_LOAD FLAGS(5); "
      "stack PT_GNU_STACK FLAGS(6); }\n";
  script += std::string(kSafepointSymbol) + " = " + number(address_map::kSafepoint) + ";\n";
  script += std::string(kContextSymbol) + " = " + number(address_map::context_of(slot).begin) + ";\n";
  script += std::string(kMemorySymbol) + " = " + number(address_map::memory_of(slot).begin) + ";\n";
  script += "SECTIONS {\n  . = " + number(address_map::image_of(slot).begin) + " + SIZEOF_HEADERS;\n";
  script += "  .rodata : { *(.rodata .rodata.* .data.rel.ro .data.rel.ro.*) } :constants\n";
  script += "  . = ALIGN(" + number(address_map::kPageBytes) + ");\n";
  script += std::string("  .text : { ") + kTextBeginSymbol + " = .; *(.text .text.*) " + kTextEndSymbol + " = .; *(" +
            kAdapterSection + ") } :text\n";
  script += std::string("  ") + kRecordSection + " 0 (INFO) : { *(" + kRecordSection + ") }\n";
  script += "  /DISCARD/ : { *(.comment) *(.note.*) *(.eh_frame) *(.debug_frame) }\n}\n";
  return script;
}

constexpr char kWriteInput[] = "write linker input";

constexpr char kReadImage[] = "read linked image";

Expected<llvm::SmallVector<char, 0>> read_all(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) < 0) return fail(kReadImage);
  llvm::SmallVector<char, 0> content;
  content.resize_for_overwrite(static_cast<std::size_t>(status.st_size));
  const auto bytes = std::as_writable_bytes(std::span(content.data(), content.size()));
  if (const auto read = read_exactly_at(fd, bytes, 0, kReadImage); !read) return fail(read.error());
  return content;
}

// One of the linker's files: by name in a scratch directory and removed with this object, or without one in memory,
// where nothing is left of it however the process ends.
class LinkFile {
 public:
  static Expected<LinkFile> make(const std::string& scratch, const char* name) {
    LinkFile file;
    if (scratch.empty()) {
      file.fd_ = Fd(::memfd_create(name, MFD_CLOEXEC));
      if (!file.fd_.valid()) return fail("memfd_create");
      file.path_ = "/proc/self/fd/" + std::to_string(file.fd_.get());
      return file;
    }
    file.path_ = scratch + "/" + name;
    file.fd_ = Fd(::open(file.path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.fd_.valid()) return fail("open " + file.path_);
    file.named_ = true;
    return file;
  }
  LinkFile(LinkFile&& other) noexcept
      : fd_(std::move(other.fd_)), path_(std::move(other.path_)), named_(std::exchange(other.named_, false)) {}
  LinkFile& operator=(LinkFile&&) = delete;
  LinkFile(const LinkFile&) = delete;
  LinkFile& operator=(const LinkFile&) = delete;
  ~LinkFile() {
    if (named_) ::unlink(path_.c_str());
  }

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  LinkFile() = default;
  Fd fd_;
  std::string path_;
  bool named_ = false;
};

// While it lives, what is written to standard output goes to `fd`.
class StandardOutput {
 public:
  explicit StandardOutput(int fd) : kept_(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)) {
    ::dup2(fd, STDOUT_FILENO);
  }
  StandardOutput(const StandardOutput&) = delete;
  StandardOutput& operator=(const StandardOutput&) = delete;
  ~StandardOutput() {
    if (kept_.valid()) {
      ::dup2(kept_.get(), STDOUT_FILENO);
    } else {
      ::close(STDOUT_FILENO);  // it was closed before
    }
  }

 private:
  Fd kept_;
};

bool run_lld(const LinkFile& object, const LinkFile& script, const std::string& output, std::string& messages) {
  const char* arguments[] = {"ld.lld",
                             "-static",
                             "-e",
                             kHeaderSymbol,
                             "-T",
                             script.path().c_str(),
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
                             "--whole-archive",
                             "-o",
                             output.c_str(),
                             object.path().c_str()};
  llvm::raw_string_ostream stream(messages);
  const bool linked = lld::elf::link(arguments, stream, stream, false, false);
  lld::CommonLinkerContext::destroy();
  return linked;
}

// Several as an archive, so that they are one file whatever their number.
Expected<void> write_objects(int fd, llvm::ArrayRef<ObjectFile> objects) {
  if (objects.size() == 1) return write_all(fd, objects.front(), kWriteInput);
  std::vector<llvm::NewArchiveMember> members;
  for (const auto& object : objects) {
    const llvm::StringRef bytes(object.data(), object.size());
    members.emplace_back(llvm::MemoryBufferRef(bytes, "partition.o"));
  }
  llvm::SmallVector<char, 0> archive;
  llvm::raw_svector_ostream stream(archive);
  auto error = llvm::writeArchiveToStream(stream, members, llvm::SymtabWritingMode::NoSymtab,
                                          llvm::object::Archive::K_GNU, true, false);
  if (error) return fail(Fault{EIO, "archive of objects: " + llvm::toString(std::move(error))});
  return write_all(fd, archive, kWriteInput);
}

}  // namespace

Expected<llvm::SmallVector<char, 0>> link(llvm::ArrayRef<ObjectFile> objects, std::uint32_t slot,
                                          const std::string& scratch) {
  auto object_file = LinkFile::make(scratch, "in.a");
  auto script_file = LinkFile::make(scratch, "link.ld");
  auto image_file = LinkFile::make(scratch, "out.elf");
  for (const auto* file : {&object_file, &script_file, &image_file}) {
    if (!*file) return tl::unexpected(file->error());
  }
  const auto script = linker_script(slot);
  if (auto written = write_objects(object_file->fd(), objects); !written) return tl::unexpected(written.error());
  if (auto written = write_all(script_file->fd(), script, kWriteInput); !written) {
    return tl::unexpected(written.error());
  }
  std::string messages;
  if (scratch.empty()) {
    // An output file by name would be put in the place of what has that name; standard output is written to as it is.
    const StandardOutput redirected(image_file->fd());
    if (!run_lld(*object_file, *script_file, "-", messages)) return fail(Fault{EIO, "lld: " + messages});
    return read_all(image_file->fd());
  }
  if (!run_lld(*object_file, *script_file, image_file->path(), messages)) return fail(Fault{EIO, "lld: " + messages});
  const Fd image(::open(image_file->path().c_str(), O_RDONLY | O_CLOEXEC));  // lld has replaced the file
  if (!image.valid()) return fail("open " + image_file->path());
  return read_all(image.get());
}

}  // namespace slack::jit
