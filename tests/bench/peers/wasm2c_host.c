// A host for programs that wabt's wasm2c made C of: the WASI functions that the benchmark programs import, and the
// marks.
//
// Built together with the generated C (module name `program`). Prints one JSON line with the measured region on the
// descriptor that the environment variable BENCH_REPORT names. INSTANTIATE is the call that makes the instance. It
// trusts the program: this is a yardstick, not a sandbox.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

struct Z_wasi_snapshot_preview1_instance_t {
  wasm_rt_memory_t* memory;
};
struct Z_bench_instance_t {
  int unused;
};
struct Z_env_instance_t {
  int unused;
};
typedef struct Z_wasi_snapshot_preview1_instance_t Wasi;
typedef struct Z_bench_instance_t Bench;
typedef struct Z_env_instance_t Env;
#define WASI(name) Z_wasi_snapshot_preview1Z_##name

enum { kSuccess = 0, kBadDescriptor = 8, kInvalid = 28, kNotFound = 44, kFirstDirectory = 3 };
static struct timespec start, end;

static u64 nanoseconds(struct timespec time) { return (u64)time.tv_sec * 1000000000u + (u64)time.tv_nsec; }
static void* at(Wasi* wasi, u32 address) { return wasi->memory->data + address; }
static void put32(Wasi* wasi, u32 address, u32 value) { memcpy(at(wasi, address), &value, 4); }
static void put64(Wasi* wasi, u32 address, u64 value) { memcpy(at(wasi, address), &value, 8); }
static u32 get32(Wasi* wasi, u32 address) {
  u32 value;
  memcpy(&value, at(wasi, address), 4);
  return value;
}

static _Noreturn void leave(int code) {
  const char* report = getenv("BENCH_REPORT");
  if (report) dprintf(atoi(report), "{\"bench_usec\": %.3f}\n", (double)(nanoseconds(end) - nanoseconds(start)) / 1e3);
  _exit(code);
}

void Z_benchZ_start(Bench* bench) {
  (void)bench;
  clock_gettime(CLOCK_MONOTONIC, &start);
}
void Z_benchZ_end(Bench* bench) {
  (void)bench;
  clock_gettime(CLOCK_MONOTONIC, &end);
}
u32 Z_envZ_clock_ms(Env* env) {
  (void)env;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (u32)(nanoseconds(now) / 1000000);
}

void WASI(proc_exit)(Wasi* wasi, u32 code) {
  (void)wasi;
  leave((int)code);
}
u32 WASI(args_sizes_get)(Wasi* wasi, u32 count, u32 bytes) {
  put32(wasi, count, 1);
  put32(wasi, bytes, sizeof "program");
  return kSuccess;
}
u32 WASI(args_get)(Wasi* wasi, u32 pointers, u32 bytes) {
  put32(wasi, pointers, bytes);
  memcpy(at(wasi, bytes), "program", sizeof "program");
  return kSuccess;
}
u32 WASI(environ_sizes_get)(Wasi* wasi, u32 count, u32 bytes) {
  put32(wasi, count, 0);
  put32(wasi, bytes, 0);
  return kSuccess;
}
u32 WASI(environ_get)(Wasi* wasi, u32 pointers, u32 bytes) {
  (void)wasi, (void)pointers, (void)bytes;
  return kSuccess;
}
u32 WASI(clock_time_get)(Wasi* wasi, u32 clock, u64 precision, u32 result) {
  (void)precision;
  struct timespec now;
  clock_gettime(clock == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
  put64(wasi, result, nanoseconds(now));
  return kSuccess;
}
u32 WASI(random_get)(Wasi* wasi, u32 buffer, u32 length) {
  return getrandom(at(wasi, buffer), length, 0) == (ssize_t)length ? kSuccess : kInvalid;
}

// The working directory is preopened as ".", at the first descriptor after the standard ones; others are the host's,
// one up.
static int host_descriptor(u32 fd) { return fd < kFirstDirectory ? (int)fd : (int)fd + 100; }

u32 WASI(fd_prestat_get)(Wasi* wasi, u32 fd, u32 result) {
  if (fd != kFirstDirectory) return kBadDescriptor;
  put32(wasi, result, 0);
  put32(wasi, result + 4, 1);
  return kSuccess;
}
u32 WASI(fd_prestat_dir_name)(Wasi* wasi, u32 fd, u32 path, u32 length) {
  if (fd != kFirstDirectory || length < 1) return kBadDescriptor;
  memcpy(at(wasi, path), ".", 1);
  return kSuccess;
}
u32 WASI(fd_fdstat_get)(Wasi* wasi, u32 fd, u32 result) {
  struct stat status;
  if (fd != kFirstDirectory && fstat(host_descriptor(fd), &status) != 0) return kBadDescriptor;
  memset(at(wasi, result), 0, 24);
  const int type = fd == kFirstDirectory ? 3 : fd < kFirstDirectory ? 2 : 4;
  memcpy(at(wasi, result), &type, 1);
  put64(wasi, result + 8, ~(u64)0);
  put64(wasi, result + 16, ~(u64)0);
  return kSuccess;
}
static void put_status(Wasi* wasi, u32 result, const struct stat* status) {
  memset(at(wasi, result), 0, 64);
  put64(wasi, result, status->st_dev);
  put64(wasi, result + 8, status->st_ino);
  const char type = S_ISDIR(status->st_mode) ? 3 : S_ISREG(status->st_mode) ? 4 : 2;
  memcpy(at(wasi, result + 16), &type, 1);
  put64(wasi, result + 24, status->st_nlink);
  put64(wasi, result + 32, (u64)status->st_size);
  put64(wasi, result + 48, nanoseconds(status->st_mtim));
}
u32 WASI(fd_filestat_get)(Wasi* wasi, u32 fd, u32 result) {
  struct stat status;
  if (fstat(host_descriptor(fd), &status) != 0) return kBadDescriptor;
  put_status(wasi, result, &status);
  return kSuccess;
}
static void copy_path(Wasi* wasi, u32 path, u32 length, char out[4096]) {
  if (length > 4095) length = 4095;
  memcpy(out, at(wasi, path), length);
  out[length] = 0;
}
u32 WASI(path_filestat_get)(Wasi* wasi, u32 fd, u32 flags, u32 path, u32 length, u32 result) {
  (void)fd, (void)flags;
  char name[4096];
  copy_path(wasi, path, length, name);
  struct stat status;
  if (stat(name, &status) != 0) return kNotFound;
  put_status(wasi, result, &status);
  return kSuccess;
}
u32 WASI(path_open)(Wasi* wasi, u32 fd, u32 lookup, u32 path, u32 length, u32 open_flags, u64 rights, u64 inheriting,
                    u32 flags, u32 result) {
  (void)fd, (void)lookup, (void)inheriting, (void)flags;
  char name[4096];
  copy_path(wasi, path, length, name);
  const int writing = (rights & 64) != 0;
  const int mode = (writing ? O_RDWR : O_RDONLY) | (open_flags & 1 ? O_CREAT : 0) | (open_flags & 2 ? O_DIRECTORY : 0) |
                   (open_flags & 4 ? O_EXCL : 0) | (open_flags & 8 ? O_TRUNC : 0);
  const int opened = open(name, mode | O_CLOEXEC, 0666);
  if (opened < 0) return kNotFound;
  const int moved = fcntl(opened, F_DUPFD_CLOEXEC, 100 + kFirstDirectory + 1);
  close(opened);
  put32(wasi, result, (u32)moved - 100);
  return kSuccess;
}
u32 WASI(fd_close)(Wasi* wasi, u32 fd) {
  (void)wasi;
  return fd > kFirstDirectory && close(host_descriptor(fd)) != 0 ? kBadDescriptor : kSuccess;
}
u32 WASI(fd_sync)(Wasi* wasi, u32 fd) {
  (void)wasi;
  return fsync(host_descriptor(fd)) == 0 ? kSuccess : kBadDescriptor;
}
u32 WASI(fd_seek)(Wasi* wasi, u32 fd, u64 offset, u32 whence, u32 result) {
  const off_t place = lseek(host_descriptor(fd), (off_t)offset, (int)whence);
  if (place < 0) return kInvalid;
  put64(wasi, result, (u64)place);
  return kSuccess;
}
static u32 transfer(Wasi* wasi, u32 fd, u32 vectors, u32 count, u32 result, int writing) {
  u32 total = 0;
  for (u32 i = 0; i < count; ++i) {
    void* buffer = at(wasi, get32(wasi, vectors + 8 * i));
    const u32 length = get32(wasi, vectors + 8 * i + 4);
    const ssize_t done =
        writing ? write(host_descriptor(fd), buffer, length) : read(host_descriptor(fd), buffer, length);
    if (done < 0) return kBadDescriptor;
    total += (u32)done;
    if ((u32)done < length) break;
  }
  put32(wasi, result, total);
  return kSuccess;
}
u32 WASI(fd_write)(Wasi* wasi, u32 fd, u32 vectors, u32 count, u32 result) {
  return transfer(wasi, fd, vectors, count, result, 1);
}
u32 WASI(fd_read)(Wasi* wasi, u32 fd, u32 vectors, u32 count, u32 result) {
  return transfer(wasi, fd, vectors, count, result, 0);
}

int main(void) {
  static Z_program_instance_t instance;
  static Wasi wasi;
  static Bench bench;
  static Env env;
  (void)wasi, (void)bench, (void)env;
  wasm_rt_init();
  Z_program_init_module();
#ifdef BENCH_COREMARK
  Z_program_instantiate(&instance, &env);
  printf("%f\n", (double)Z_programZ_run(&instance));
  fflush(stdout);
#else
  INSTANTIATE;
  wasi.memory = Z_programZ_memory(&instance);
  Z_programZ__start(&instance);
#endif
  leave(0);
}
