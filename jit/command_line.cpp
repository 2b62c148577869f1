// The command line of slack-compile.
#include "jit/command_line.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <span>
#include <string>

#include "daemon/base/address_map.hpp"
#include "daemon/base/fd.hpp"
#include "jit/llvm/compiler.hpp"
#include "jit/module_file.hpp"
#include "jit/wasm/limits.hpp"

namespace slack::jit {

namespace {

constexpr unsigned kMostJobs = 1024;  // a typing error beyond that

struct Arguments {
  std::string input;
  std::string output;
  std::string stage = "elf";
  std::string metering = "slacked";
  unsigned jobs = available_processors();
  CompileOptions options;
};

void complain(const std::string& what) { fmt::print(stderr, "slack-compile: {}\n", what); }

Expected<void> write_output(const std::string& path, bool executable, std::span<const char> bytes) {
  if (path.empty() || path == "-") return write_all(STDOUT_FILENO, bytes, "write");
  Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, executable ? 0777 : 0666));
  if (!file.valid()) return fail("open " + path);
  auto written = write_all(file.get(), bytes, "write");
  if (!written) return fail(Fault{written.error().code, path + ": " + written.error().what});
  return {};
}

int report(const std::string& input, const CompileError& error) {
  if (const auto* fault = std::get_if<Fault>(&error)) {
    complain(input + ": " + fault->what);
    return fault->code == EINVAL ? kExitUsage : kExitFault;  // EINVAL: of an option
  }
  const auto& refusal = std::get<wasm::Refusal>(error);
  fmt::print(stderr, "{}: refused at offset {:#x}: {}\n", input, refusal.offset.count(), refusal.reason);
  return kExitRefused;
}

int compile_file(const Arguments& arguments) {
  auto module = read_module_file(arguments.input, Bytes(wasm::limits::kModuleBytes.most));
  if (!module) {
    complain(module.error().what);
    return kExitUnreadable;
  }
  Crew crew(arguments.jobs);
  const auto compiled = compile(*module, arguments.options, kNoScratch, &crew);
  if (!compiled) return report(arguments.input, compiled.error());
  const auto written = write_output(arguments.output, arguments.options.stage == Stage::elf, *compiled);
  if (!written) {
    complain(written.error().what);
    return kExitFault;
  }
  return EXIT_SUCCESS;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("slack-compile: compiles a WebAssembly module to an image for slack-worker");
  app.set_version_flag("--version", fmt::format("slack-compile {} ({})", SLACK_VERSION, describe_target()));
  app.add_option("module", arguments.input, "the module, in WebAssembly's binary format")
      ->required()
      ->type_name("FILE.wasm");
  app.add_option("-o,--output", arguments.output, "where the result goes; \"-\": standard output")->type_name("FILE");
  app.add_option("--emit", arguments.stage, "the stage to stop at: ir, opt-ir, asm, table (of safepoints) or elf")
      ->capture_default_str()
      ->check(CLI::IsMember({"ir", "opt-ir", "asm", "table", "elf"}))
      ->type_name("STAGE");
  app.add_option("--metering", arguments.metering, "none, counted, slacked, checked or epoch")
      ->capture_default_str()
      ->check(CLI::IsMember({"none", "counted", "slacked", "checked", "epoch"}))
      ->type_name("MODE");
  app.add_flag("--deterministic", arguments.options.canonical_nans, "make every NaN the canonical one");
  app.add_option("--layout-seed", arguments.options.layout_seed,
                 "vary where functions stand by this seed, for benchmarks; 0: do not");
  app.add_option("--slot", arguments.options.slot,
                 fmt::format("the addresses to compile for: 0 the module that is run, 1 to {} a linked module",
                             address_map::kLinkedSlots))
      ->capture_default_str()
      ->check(CLI::Range(std::uint32_t{0}, address_map::kLinkedSlots))
      ->type_name("NUMBER");
  app.add_flag("--quick", arguments.options.always_quick,
               "compile as functions beyond measure are, with an effort that grows with their length only");
  app.add_option("--cpu", arguments.options.cpu, "LLVM's name of the processor to compile for; default: this one")
      ->type_name("NAME");
  app.add_option("--jobs", arguments.jobs, "threads to compile with at the most; the image is the same")
      ->capture_default_str()
      ->check(CLI::Range(1u, kMostJobs))
      ->type_name("NUMBER");
  app.add_option("--partition", arguments.options.partition_bytes,
                 "bytes of function bodies that are compiled together, for tests; slackd takes the default")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1u << 30))
      ->type_name("BYTES");
  app.add_option("--optimise", arguments.options.optimise,
                 "1: no vectorisers, no unrolling; 3: inlines and unrolls more; for measurements")
      ->capture_default_str()
      ->check(CLI::Range(1u, 3u))
      ->type_name("LEVEL");
  app.add_option("--without", arguments.options.without, "a pass to leave out, for measurements")
      ->check(CLI::IsMember({"loop-vectorize", "slp-vectorizer", "loop-unroll", "loop-load-elim"}))
      ->type_name("PASS");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == EXIT_SUCCESS ? EXIT_SUCCESS : kExitUsage;
  }
  const std::map<std::string, Stage> stages = {{"ir", Stage::ir},
                                               {"opt-ir", Stage::optimised_ir},
                                               {"asm", Stage::assembly},
                                               {"table", Stage::table},
                                               {"elf", Stage::elf}};
  arguments.options.stage = stages.at(arguments.stage);
  arguments.options.metering = metering_named(arguments.metering).value_or(Metering::slacked);
  if (arguments.output.empty() && arguments.options.stage == Stage::elf) {
    complain("an image needs -o FILE (or -o - for standard output)");
    return kExitUsage;
  }
  return compile_file(arguments);
}

}  // namespace slack::jit
