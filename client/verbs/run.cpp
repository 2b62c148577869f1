// `slackctl run FILE.wasm`: runs a module; its output and exit code become slackctl's own.
#include "client/verbs/run.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <tuple>

#include "client/bus_client.hpp"
#include "client/exit_code.hpp"
#include "client/format.hpp"
#include "client/link.hpp"
#include "client/quantity.hpp"
#include "client/report.hpp"
#include "client/run_call.hpp"
#include "client/verbs/verb.hpp"
#include "daemon/wire/run_options.hpp"

namespace slack::client {
namespace {

struct CommandLine {
  Service service = Service::automatic;
  std::vector<std::pair<Option, OptionValue>> options;
  std::vector<std::string> environment;
  std::vector<DirectorySpec> directories;
  std::vector<LinkSpec> links;
  bool stats = false;
  std::string report;
  std::vector<std::string> module_and_arguments;
};

Expected<Fd> open_module(const std::string& path) {
  const std::string operation = "open module " + path;
  // Non-blocking: a FIFO that nobody writes to, or a device, must not hang the open.
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status{};
  if (!fd.valid() || ::fstat(fd.get(), &status) < 0) return fail(operation);
  if (S_ISDIR(status.st_mode)) return fail(operation, EISDIR);
  // A pipe is read to its end, by a compiler whose time is limited.
  if (::fcntl(fd.get(), F_SETFL, 0) < 0) return fail(operation);
  return fd;
}

bool is_open_for(int fd, int access) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_PATH) != 0) return false;
  const int mode = flags & O_ACCMODE;
  return mode == O_RDWR || mode == access;
}

// A standard input that cannot be read (nohup leaves one that only writes) is an empty one. Output must have a place to
// go to: without one it would be lost in silence.
Expected<void> pass_streams(RunRequest& request) {
  if (is_open_for(STDIN_FILENO, O_RDONLY)) request.options.emplace_back(Option::stdin, BorrowedFd{STDIN_FILENO});
  for (const auto& [option, fd, name] : {std::tuple{Option::stdout, STDOUT_FILENO, "standard output"},
                                         std::tuple{Option::stderr, STDERR_FILENO, "standard error"}}) {
    if (!is_open_for(fd, O_WRONLY))
      return fail(Fault{EBADF, std::string(name) +
                                   " is closed or not open for writing, and the module's output would be lost; "
                                   "/dev/null drops it"});
    request.options.emplace_back(option, BorrowedFd{fd});
  }
  return {};
}

// Whether the reader of our output has gone, as `head` goes when it has seen enough.
bool reader_left() {
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    pollfd end{fd, 0, 0};
    if (::poll(&end, 1, 0) > 0 && (end.revents & (POLLERR | POLLHUP)) != 0) return true;
  }
  return false;
}

int end_as(int exit_code, const Fault& fault) {
  (void)end_with(fault);
  return exit_code;
}

bool is_same_file(const std::string& one, const std::string& other) {
  struct stat first{};
  struct stat second{};
  return ::stat(one.c_str(), &first) == 0 && ::stat(other.c_str(), &second) == 0 && S_ISREG(first.st_mode) &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

Fault report_is_input(const std::string& path) {
  return Fault{EINVAL,
               "--report: " + path + " is a module of this run, which the report would replace; name another file"};
}

// The connection is closed, and a private slackd gone, when this returns.
Expected<RunResult> carry_out(const CommandLine& line, const RunRequest& request) {
  auto client = BusClient::connect(line.service);
  if (!client) return fail(client.error());
  return run_to_its_end(*client, request);
}

// Whether `end` says that all went well but for the reader of our output, who did not want it all. Ends slackctl as the
// signal would have ended a program that wrote there itself, unless the caller has it ignored.
void end_if_reader_left(const RunResult& end) {
  if (end.verdict == Verdict::ok && end.reason && reader_left()) ::raise(SIGPIPE);
}

int run(CommandLine& line) {
  const std::string& path = line.module_and_arguments.front();
  const std::string name = path.substr(path.rfind('/') + 1);
  for (const auto& link : line.links) {
    if (is_same_file(line.report, link.path)) return end_as(kExitUsage, report_is_input(line.report));
  }
  if (is_same_file(line.report, path)) return end_as(kExitUsage, report_is_input(line.report));
  // First of all: whatever happens from here on, no report of an earlier run is left.
  std::optional<ReportFile> report;
  if (!line.report.empty()) {
    auto file = ReportFile::open(line.report);
    if (!file) return end_as(kExitOutput, file.error());
    report.emplace(std::move(*file));
  }
  RunRequest request;
  auto module = open_module(path);
  if (!module) return end_as(kExitNoInput, module.error());
  request.module = std::move(*module);
  for (const auto& spec : line.directories) {
    auto directory = open_directory(spec);
    if (!directory) return end_as(kExitNoInput, directory.error());
    request.directories.push_back(std::move(*directory));
  }
  for (const auto& spec : line.links) {
    auto link = open_module(spec.path);
    if (!link) return end_as(kExitNoInput, link.error());
    request.links.push_back({spec.name, std::move(*link)});
  }
  request.arguments.assign(line.module_and_arguments.begin() + 1, line.module_and_arguments.end());
  request.options = std::move(line.options);
  // As argv[0] it goes over D-Bus; the path itself does not.
  constexpr std::size_t kNameMost = 255;
  request.options.emplace_back(Option::name, as_utf8(name, kNameMost));
  if (!line.environment.empty()) request.options.emplace_back(Option::env, line.environment);
  if (const auto streams = pass_streams(request); !streams) return end_as(kExitOutput, streams.error());

  const auto result = carry_out(line, request);
  if (!result) return end_with(result.error());
  if (report) {
    if (const auto written = report->write(report_json(*result)); !written) return end_as(kExitOutput, written.error());
  }
  end_if_reader_left(*result);
  if (const std::string text = verdict_line(name, *result); !text.empty()) std::fprintf(stderr, "%s\n", text.c_str());
  if (line.stats) std::fputs(stats_text(name, *result).c_str(), stderr);
  return exit_code_of(*result);
}

// CLI11 knows nothing of what follows the options here.
class RunFormatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App*, std::string) const override {
    return "Usage: slackctl run [OPTIONS] FILE.wasm [ARGS...]\n";
  }
};

std::string footer() {
  return "Everything after FILE.wasm goes to the module untouched. Its output is slackctl's output, and its exit code "
         "too\n"
         "when the verdict is ok; another verdict is told on stderr.\n"
         "\n"
         "FUEL      a number of Wasm operators: 1000000, 1e6, or with K, M, G or T (powers of 1000): 5M, 2.5G; or\n"
         "          unlimited\n"
         "DURATION  a number with us, ms, s, min or h, never without: 500us, 1.5s, 1h; or unlimited\n"
         "SIZE      bytes, or a number with K, M, G or T (powers of 1024): 64K, 1M, 2GiB\n"
         "          K, M, G and T may be small letters; a number may have decimals and a power of ten: 1.5, 2.5e3\n"
         "\n"
         "Without --private or --system, the slackd service is used if its name on the system bus is owned or\n"
         "activatable, else a private slackd. Ctrl-C stops the run, as do SIGTERM and SIGHUP; a second one ends "
         "slackctl at\n"
         "once.\n"
         "\n" +
         exit_code_help();
}

// An option of RunModule that `parse` reads from text.
template <typename Quantity>
void add_quantity(CLI::App& verb, CommandLine& line, const std::string& flag, const char* type, Option option,
                  Expected<Quantity> (*parse)(std::string_view), const std::string& help) {
  verb.add_option_function<std::string>(
          flag,
          [&line, flag, option, parse](const std::string& text) {
            const auto value = parse(text);
            if (!value) throw CLI::ValidationError(flag, value.error().what);
            line.options.emplace_back(option, *value);
          },
          help)
      ->take_last()
      ->type_name(type);
}

void add_switch(CLI::App& verb, CommandLine& line, const std::string& flag, Option option, OptionValue value,
                const std::string& help) {
  verb.add_flag_callback(
      flag, [&line, option, value = std::move(value)] { line.options.emplace_back(option, value); }, help);
}

void add_limits(CLI::App& verb, CommandLine& line) {
  add_quantity(verb, line, "--fuel", "FUEL", Option::fuel, parse_fuel, "Fuel limit (default: unlimited)");
  add_quantity(verb, line, "--wall", "DURATION", Option::wall_usec, parse_duration,
               "Wall-clock deadline (default: 60s)");
  add_quantity(verb, line, "--cpu", "DURATION", Option::cpu_usec, parse_duration,
               "CPU-time deadline (default: unlimited)");
  add_quantity(verb, line, "--memory", "SIZE", Option::memory_bytes, parse_size, "Limit of memory (default: 1G)");
  add_quantity(verb, line, "--slack", "DURATION", Option::slack_usec, parse_duration,
               "CPU time the run may burn past its fuel limit before it is stopped (default: 10ms, least: 1ms)");
  add_quantity(verb, line, "--output", "SIZE", Option::output_bytes, parse_size,
               "Limit of standard output and error together (default: 64M)");
}

void add_surroundings(CLI::App& verb, CommandLine& line) {
  verb.add_option_function<std::vector<std::string>>(
          "--dir",
          [&line](const std::vector<std::string>& texts) {
            for (const auto& text : texts) {
              auto spec = parse_directory(text);
              if (!spec) throw CLI::ValidationError("--dir", spec.error().what);
              for (const auto& other : line.directories)
                if (other.guest == spec->guest)
                  throw CLI::ValidationError("--dir", "two directories are '" + spec->guest + "' to the module");
              line.directories.push_back(std::move(*spec));
            }
          },
          "Directory HOST for the module, under the name GUEST (default: HOST); :ro for read-only; repeatable")
      ->type_name("HOST[::GUEST][:ro|:rw]")
      ->allow_extra_args(false);
  verb.add_option_function<std::vector<std::string>>(
          "--link",
          [&line](const std::vector<std::string>& texts) {
            for (const auto& text : texts) {
              auto spec = parse_link(text);
              if (!spec) throw CLI::ValidationError("--link", spec.error().what);
              for (const auto& other : line.links)
                if (other.name == spec->name)
                  throw CLI::ValidationError("--link", "two modules are linked as '" + spec->name + "'");
              line.links.push_back(std::move(*spec));
            }
          },
          "Module FILE, whose exports FILE.wasm and later links import from module NAME; repeatable")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  verb.add_option_function<std::vector<std::string>>(
          "--env",
          [&line](const std::vector<std::string>& texts) {
            for (const auto& text : texts) {
              if (text.find('=') == std::string::npos || text.starts_with('='))
                throw CLI::ValidationError("--env", "'" + text + "' is not an environment variable: write NAME=VALUE");
              line.environment.push_back(text);
            }
          },
          "Environment variable of the module, which has no others; repeatable")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  verb.add_option_function<std::string>(
          "--invoke", [&line](const std::string& text) { line.options.emplace_back(Option::invoke, text); },
          "Call this export with ARGS by its signature; prints one result a line")
      ->take_last()
      ->type_name("FUNCTION");
  verb.add_option_function<std::string>(
          "--metering",
          [&line](const std::string& text) {
            if (!metering_named(text))
              throw CLI::ValidationError("--metering",
                                         "'" + text + "' is no mode: slacked, counted, checked, epoch, none");
            line.options.emplace_back(Option::metering, text);
          },
          "How fuel is counted: slacked (default), counted (the limit is checked at the end only), checked (by the "
          "code itself), epoch or none (not at all)")
      ->take_last()
      ->type_name("MODE");
}

void add_results(CLI::App& verb, CommandLine& line) {
  add_switch(verb, line, "--stream", Option::output, std::string("stream"),
             "Pass output on as it comes, whatever the verdict will be");
  add_switch(verb, line, "--keep-output", Option::keep_output, true,
             "After another verdict than ok, show the held output on stderr");
  add_switch(verb, line, "--no-cache", Option::cache, false, "Compile the module anew, and keep nothing of it");
  add_switch(verb, line, "--deterministic", Option::deterministic, true, "Fixed clocks, random numbers and NaNs");
  add_switch(verb, line, "--measure", Option::measure, true,
             "Offer bench.start, bench.end and env.clock_ms, and report the region between");
  verb.add_flag("--stats", line.stats, "Show what the run used on stderr");
  verb.add_option_function<std::string>(
          "--report",
          [&line](const std::string& text) {
            if (text.empty()) throw CLI::ValidationError("--report", "the name of a file is missing");
            // As a file of that name is written: into what is there, behind the module's output.
            line.report = text == "-" ? "/dev/stdout" : text;
          },
          "Write the result to FILE as one JSON object; -: to standard output, after the module's")
      ->take_last()
      // At once: an option that is wrong ends the reading of those after it, and the report's name is to be known then.
      ->trigger_on_parse()
      ->type_name("FILE");
}

}  // namespace

std::function<void()> add_run(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("run", "Run a WebAssembly module");
  auto line = std::make_shared<CommandLine>();
  // The first word that is no option ends the options. The positional is there for the help and so that CLI11 leaves
  // "--" to this verb; it takes no word itself, or CLI11 would read options after it.
  verb->prefix_command();
  verb->validate_positionals();
  verb->add_option_function<std::string>(
          "FILE.wasm", [](const std::string&) {}, "The module, and after it its arguments")
      ->type_name("[ARGS...]")
      ->check([](const std::string&) { return std::string("left to the prefix command"); });
  verb->formatter(std::make_shared<RunFormatter>());
  verb->footer(footer());
  add_limits(*verb, *line);
  add_surroundings(*verb, *line);
  add_results(*verb, *line);
  add_service_flags(*verb, line->service);
  verb->callback([&exit_code, verb, line] {
    auto& words = line->module_and_arguments;
    words = verb->remaining();
    if (!words.empty() && words.front() == "--") {
      words.erase(words.begin());
    } else if (!words.empty() && words.front().size() > 1 && words.front().starts_with('-')) {
      throw CLI::ValidationError("unknown option " + words.front(), CLI::ExitCodes::ExtrasError);
    }
    if (words.empty()) throw CLI::RequiredError("FILE.wasm");
    exit_code = run(*line);
  });
  return [line] {
    if (line->report.empty()) return;
    if (const auto removed = remove_old_report(line->report); !removed) (void)end_with(removed.error());
  };
}

}  // namespace slack::client
