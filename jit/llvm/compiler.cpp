// The compiler: decode, validate, lower, optimise, generate, link.
#include "jit/llvm/compiler.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <mutex>
#include <optional>

#include <llvm/Config/llvm-config.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/ErrorHandling.h>
#include <llvm/Support/raw_ostream.h>

#include "daemon/base/address_map.hpp"
#include "daemon/wire/compiler_protocol.hpp"
#include "jit/llvm/code_layout.hpp"
#include "jit/llvm/linker.hpp"
#include "jit/llvm/module_lowering.hpp"
#include "jit/llvm/pipeline.hpp"
#include "jit/llvm/post_link.hpp"
#include "jit/llvm/safepoint_lowering.hpp"
#include "jit/llvm/slot_fit.hpp"
#include "jit/llvm/source.hpp"
#include "jit/llvm/target.hpp"
#include "jit/wasm/decode.hpp"
#include "jit/wasm/entry_point.hpp"

namespace slack::jit {

namespace {

constexpr int kExitLlvmError = 70;  // sysexits.h: EX_SOFTWARE, as for faults of our own

tl::unexpected<CompileError> failed(CompileError error) { return tl::unexpected<CompileError>(std::move(error)); }

std::vector<char> bytes_in(llvm::ArrayRef<char> content) { return {content.begin(), content.end()}; }

ObjectFile print(const llvm::Module& module) {
  ObjectFile text;
  llvm::raw_svector_ostream stream(text);
  module.print(stream, nullptr);
  return text;
}

std::vector<char> print(const LinkedImage& image, const wasm::Module& wasm) {
  static constexpr const char* kRegisters[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                               "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
  std::string text = "pc         register potential offset   function\n";
  for (const auto& entry : image.safepoints) {
    const bool immediate = entry.fuel_register == image::kImmediate;
    const auto source = immediate ? fmt::format("{:#x}", entry.immediate)
                                  : std::string(kRegisters[entry.fuel_register % std::size(kRegisters)]);
    fmt::format_to(std::back_inserter(text), "{:#010x} {:8} {:<9} {:#08x} {} {}\n", entry.pc, source, entry.potential,
                   entry.offset, entry.function, wasm.functions[entry.function].name);
  }
  return bytes_in({text.data(), text.size()});
}

// LLVM has come upon something that it cannot go on from. Nothing of this process is worth keeping then, and of what
// its destructors touch nothing is known to be sound.
[[noreturn]] void give_up(const char* reason) {
  std::fflush(stdout);
  fmt::print(stderr, "slack-compile: LLVM: {}\n", reason);
  std::fflush(stderr);
  ::_exit(kExitLlvmError);
}

void on_bad_alloc(void*, const char*, bool) { out_of_memory(); }

void on_fatal_error(void*, const char* reason, bool) { give_up(reason); }

void on_diagnostic(const llvm::DiagnosticInfo* diagnostic, void*) {
  if (diagnostic->getSeverity() != llvm::DS_Error) return;
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::DiagnosticPrinterRawOStream printer(stream);
  diagnostic->print(printer);
  give_up(text.c_str());
}

void install_error_handlers() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::install_fatal_error_handler(on_fatal_error);
    llvm::install_bad_alloc_error_handler(on_bad_alloc);
  });
}

// An object file, or the text of the stage that was asked for.
using Piece = tl::expected<ObjectFile, CompileError>;

Piece compile_partition(const Source& source, std::size_t partition) {
  const auto& options = source.options;
  auto target = make_target(options.cpu);
  if (!target) return failed(target.error());
  llvm::LLVMContext context;
  context.setDiagnosticHandlerCallBack(on_diagnostic);
  context.setDiscardValueNames(options.stage != Stage::ir && options.stage != Stage::optimised_ir);
  auto lowered =
      lower_partition(context, source, partition, (*target)->getTargetTriple(), (*target)->createDataLayout());
  if (!lowered) return failed(lowered.error());
  auto& module = **lowered;
  std::string broken;
  llvm::raw_string_ostream broken_stream(broken);
  if (llvm::verifyModule(module, &broken_stream)) return failed(Fault{EIO, "lowering made invalid IR: " + broken});
  if (options.stage == Stage::ir) return print(module);

  if (source.partitioning.partitions[partition].effort == Effort::full) {
    if (options.optimise == 1) (*target)->setOptLevel(llvm::CodeGenOptLevel::Less);
    if (options.optimise == 3) (*target)->setOptLevel(llvm::CodeGenOptLevel::Aggressive);
    optimise(module, **target, options);
  } else {
    leave_as_it_is(module, options.metering);
    (*target)->setOptLevel(llvm::CodeGenOptLevel::None);
  }
  lower_safepoints(module, options.metering);
  vary_layout(module, options.layout_seed == 0 ? 0 : options.layout_seed + partition);
  if (options.stage == Stage::optimised_ir) return print(module);
  const bool assembly = options.stage == Stage::assembly;
  auto object =
      generate(module, **target, assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile);
  if (!object) return failed(object.error());
  return std::move(*object);
}

// A large body takes several hundred times its size of memory, which all threads share: such parts are compiled one
// after the other, so that whether a module can be compiled does not depend on how many processors there are.
constexpr std::size_t kShareBytes = 512 * 1024;

// By partition. Of several that fail the first one says why, whichever was done first.
tl::expected<std::vector<ObjectFile>, CompileError> compile_partitions(const Source& source, Crew& crew) {
  const auto order = source.partitioning.by_size();
  std::vector<std::optional<Piece>> pieces(order.size());
  const auto compile_piece = [&](std::size_t i) { pieces[i] = compile_partition(source, i); };
  const auto is_large = [&](std::size_t i) { return source.partitioning.partitions[i].bytes > kShareBytes; };
  const auto begin = std::find_if_not(order.begin(), order.end(), is_large);  // the largest come first
  std::for_each(order.begin(), begin, compile_piece);
  crew.work({begin, order.end()}, compile_piece);
  std::vector<ObjectFile> objects;
  for (auto& piece : pieces) {
    if (!*piece) return failed(std::move(piece->error()));
    objects.push_back(std::move(**piece));
  }
  return objects;
}

}  // namespace

Compiled compile(std::span<const std::uint8_t> bytes, const CompileOptions& options, const std::string& scratch,
                 Crew* crew) {
  if (options.slot >= address_map::kSlots) {
    return failed(Fault{EINVAL, fmt::format("slot {} is beyond the last, {}", options.slot, address_map::kSlots - 1)});
  }
  auto wasm = wasm::decode(bytes);
  if (!wasm) return failed(wasm.error());
  if (auto valid = wasm::validate(*wasm); !valid) return failed(valid.error());
  if (!options.entry.empty()) {
    if (auto has = wasm::check_entry_point(*wasm, options.entry); !has) return failed(has.error());
  }

  auto target = make_target(options.cpu);
  if (!target) return failed(target.error());
  install_error_handlers();
  set_options();
  const Source source(*wasm, options);
  Crew alone(1);
  auto objects = compile_partitions(source, crew ? *crew : alone);
  if (!objects) return failed(objects.error());
  if (options.stage == Stage::ir || options.stage == Stage::optimised_ir || options.stage == Stage::assembly) {
    std::vector<char> text;
    for (const auto& each : *objects) text.insert(text.end(), each.begin(), each.end());
    return text;
  }
  auto linked = link(*objects, options.slot, scratch);
  if (!linked) return failed(linked.error());
  auto image = post_link(*linked, *wasm, **target);
  if (!image) return failed(image.error());
  if (auto fits = check_image(image->end, options.slot); !fits) return failed(fits.error());
  return options.stage == Stage::table ? print(*image, *wasm) : bytes_in(image->elf);
}

void out_of_memory() {
  constexpr char kMessage[] = "slack-compile: out of memory\n";
  (void)!::write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
  ::_exit(wire::kCompilerOutOfMemory);
}

Expected<void> warm_up(const std::string& scratch) {
  // (module (memory 1) (func (export "f") (param i32) (loop (br_if 0 (i32.load (local.get 0))))))
  static constexpr std::uint8_t kModule[] = {0x00, 'a',  's',  'm',  0x01, 0x00, 0x00, 0x00, 0x01, 0x05, 0x01, 0x60,
                                             0x01, 0x7f, 0x00, 0x03, 0x02, 0x01, 0x00, 0x05, 0x03, 0x01, 0x00, 0x01,
                                             0x07, 0x05, 0x01, 0x01, 'f',  0x00, 0x00, 0x0a, 0x0e, 0x01, 0x0c, 0x00,
                                             0x03, 0x40, 0x20, 0x00, 0x28, 0x02, 0x00, 0x0d, 0x00, 0x0b, 0x0b};
  auto compiled = compile(kModule, CompileOptions{}, scratch);
  if (compiled) return {};
  if (auto* fault = std::get_if<Fault>(&compiled.error())) return fail(std::move(*fault));
  return fail(Fault{EIO, "warm-up module refused: " + std::get<wasm::Refusal>(compiled.error()).reason});
}

std::string describe_target() { return fmt::format("LLVM {}, {}", LLVM_VERSION_STRING, describe_host()); }

}  // namespace slack::jit
