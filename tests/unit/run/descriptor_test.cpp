// Descriptors from clients: each is checked for what it is to serve for, and the complaint names it.
#include "daemon/bus/descriptor.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace slack::bus {
namespace {

std::string complaint(int fd, Use use) {
  const Fd own(fd);
  const auto taken = take_descriptor(own.get(), use, "it");
  return taken ? "" : taken.error().what;
}

int file(int flags) { return ::open("/proc/self/exe", flags | O_CLOEXEC); }
int memory() { return make_memfd("test")->release(); }

TEST_CASE("a module is a file that can be read") {
  CHECK(complaint(file(O_RDONLY), Use::module).empty());
  CHECK(complaint(memory(), Use::module).empty());
  CHECK(complaint(::open("/", O_RDONLY | O_DIRECTORY), Use::module) == "it is a directory, expected a file");
  CHECK(complaint(::open("/dev/zero", O_RDONLY), Use::module) == "it is a character device, expected a file");
  CHECK(complaint(file(O_PATH), Use::module) == "it is open as a path only (O_PATH)");
  CHECK(complaint(::eventfd(0, 0), Use::module) == "it is no file, expected a file");
}

TEST_CASE("standard streams are open for what they are to do") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const Fd reader(ends[0]);
  const Fd writer(ends[1]);
  CHECK(take_descriptor(reader.get(), Use::input, "it"));
  CHECK(take_descriptor(writer.get(), Use::output, "it"));
  CHECK(take_descriptor(reader.get(), Use::output, "option 'stdout'").error().what ==
        "option 'stdout' is not open for writing");
  CHECK(take_descriptor(writer.get(), Use::input, "option 'stdin'").error().what ==
        "option 'stdin' is not open for reading");
  CHECK(complaint(::open("/dev/null", O_RDWR), Use::input).empty());
  CHECK(complaint(::open("/dev/null", O_RDWR), Use::output).empty());
}

TEST_CASE("a directory may be open as a path only, and nothing else is one") {
  CHECK(complaint(::open("/", O_PATH | O_DIRECTORY), Use::directory).empty());
  CHECK(complaint(file(O_RDONLY), Use::directory) == "it is a file, expected a directory");
}

TEST_CASE("a descriptor that is not open is told as such") {
  CHECK(complaint(-1, Use::module) == "it: Bad file descriptor");
}

TEST_CASE("the descriptor taken is another than the client's, and close-on-exec") {
  const Fd client(file(O_RDONLY));
  const auto own = take_descriptor(client.get(), Use::module, "it");
  REQUIRE(own);
  CHECK(own->get() != client.get());
  CHECK((::fcntl(own->get(), F_GETFD) & FD_CLOEXEC) != 0);
}

}  // namespace
}  // namespace slack::bus
