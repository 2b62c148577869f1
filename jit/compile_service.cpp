// The life of one confined compiler.
#include "jit/compile_service.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "daemon/base/socket.hpp"
#include "daemon/wire/compiler_protocol.hpp"
#include "jit/llvm/compiler.hpp"
#include "jit/module_file.hpp"

namespace slack::jit {

namespace {

wire::CompileReply make_reply(wire::CompileStatus status, std::string_view text, std::uint64_t offset) {
  wire::CompileReply reply{};
  reply.status = status;
  reply.offset = offset;
  reply.text_bytes = static_cast<std::uint32_t>(std::min(text.size(), sizeof reply.text));
  std::memcpy(reply.text, text.data(), reply.text_bytes);
  return reply;
}

wire::CompileReply refused(std::string_view reason) {
  return make_reply(wire::CompileStatus::refused, reason, wire::kNoOffset);
}

// The limits of this process are met by what the module asks for; everything else is ours.
wire::CompileReply fault(const Fault& fault) {
  if (fault.code == ENOMEM) out_of_memory();
  rlimit limit{};
  if (fault.code == EFBIG && ::getrlimit(RLIMIT_FSIZE, &limit) == 0) {
    return refused(fmt::format("its code and data take more than {} bytes (limit image-bytes)", limit.rlim_cur));
  }
  return make_reply(wire::CompileStatus::fault, fault.what, wire::kNoOffset);
}

wire::CompileReply answer(const Datagram& datagram, const std::string& scratch, Crew& crew) {
  wire::CompileRequest request{};
  if (datagram.bytes.size() < sizeof request || datagram.fds.size() != 2) {
    return fault(Fault{EPROTO, "compile request of the wrong form"});
  }
  std::memcpy(&request, datagram.bytes.data(), sizeof request);
  CompileOptions options;
  options.metering = static_cast<Metering>(request.metering);
  options.canonical_nans = request.deterministic != 0;
  options.slot = request.slot;
  const auto name = std::span(datagram.bytes).subspan(sizeof request);
  options.entry.assign(reinterpret_cast<const char*>(name.data()), name.size());
  if (request.metering > static_cast<std::uint32_t>(Metering::epoch)) {
    return fault(Fault{EPROTO, "compile request with a metering mode that does not exist"});
  }
  // Whatever is wrong with the descriptor is the client's affair.
  const auto module = read_module(datagram.fds[0].get(), Bytes(request.module_bytes_max));
  if (!module) return refused(module.error().what);
  const auto image = compile(*module, options, scratch, &crew);
  if (!image) {
    if (const auto* ours = std::get_if<Fault>(&image.error())) return fault(*ours);
    const auto& refusal = std::get<wasm::Refusal>(image.error());
    return make_reply(wire::CompileStatus::refused, refusal.reason, refusal.offset.count());
  }
  if (const auto written = write_all(datagram.fds[1].get(), *image, "write image"); !written)
    return fault(written.error());
  auto reply = make_reply(wire::CompileStatus::compiled, {}, wire::kNoOffset);
  reply.image_bytes = image->size();
  return reply;
}

}  // namespace

int serve_compile_request(Fd socket, const std::function<Expected<void>()>& enter_sandbox, const std::string& scratch) {
  wire::CompileReply reply{};
  Crew crew(std::min(available_processors(), wire::kCompilerThreads));  // the sandbox allows no new threads
  if (const auto entered = enter_sandbox(); !entered) {
    reply = fault(entered.error());
  } else {
    const auto datagram = receive_datagram(socket.get(), wire::kCompileRequestBytes);
    if (!datagram || datagram->bytes.empty()) return 1;  // nobody is left to tell
    reply = answer(*datagram, scratch, crew);
  }
  return send_datagram(socket.get(), bytes_of(reply)) ? 0 : 1;
}

}  // namespace slack::jit
