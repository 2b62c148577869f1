#!/usr/bin/env python3
"""The benchmark: programs x engines, interleaved in one run, with the ratios that slackd promises.

Everything is compiled first. slackd's own modes are compiled `--layouts` times with functions at other places, so that the luck of
code placement averages out: the ratio of two modes is the geometric mean, over the layouts, of the ratio of their least times.
Every image of every engine runs equally often: short programs many times, long ones seldom, so that all of it takes `--minutes`,
in passes in which each program has one round. Every engine must print what the first one prints, and every mode of slackd that
counts fuel must count the same.

A run that was cut off has measured all programs alike. It goes on with --resume and the same --json and --scratch. Images in
--scratch are used again if the compiler and the module are the same, so --prepare-only can compile while the machine is still busy.

exit status: 0 all was measured, and every promise that was tested is kept (or --no-verdict); 1 something was not measured, or only
when it was tried again, it is said what and why; 2 wrong usage; 3 all was measured, and a promise is not kept; 4 none is broken,
but the noise leaves one undecided; 74 output cannot be written; 130 interrupted
"""
import argparse
import concurrent.futures
import errno
import math
import os
import pathlib
import signal
import sys
import tempfile
import time

import chart
import figures
import plan
import report
import whole_file
from document import Journal, Unusable, load
from engines import Daemon, Events, Failed, Slackd, V8, Wasm2c, Wasmtime, digest
from machine import Watch
from measure import Measurement
from priority import Priority
from programs import archive_programs, kernel_programs
from whole_file import Unwritten

MODES = ["none", "counted", "slacked", "checked", "epoch"]
PEERS = ["wasmtime:none", "wasmtime:epoch", "wasmtime:fuel", "v8", "wasm2c"]
SERVICE = "service"
PROGRESS_SECONDS = 60  # at the least, between two lines that stay
DEFAULTS = {"engines": ",".join(MODES), "minutes": 30.0, "least_rounds": 2, "layouts": 5, "events": "instructions:u,cycles:u",
            "jobs": os.cpu_count()}
SHOWS = {"show", "svg", "no_verdict"}  # the options that --show looks at
UNWRITABLE = 74  # EX_IOERR of sysexits.h, as slackctl has it


def make_parser():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, help="the build directory of slackd")
    parser.add_argument("--data", type=pathlib.Path, help="the unpacked benchmark archive; without: the kernels alone")
    parser.add_argument("--engines", help=f"modes of slackd ({', '.join(MODES)}), peers ({', '.join(PEERS)}), `all` of these, or "
                        f"{SERVICE}: slacked by way of slackctl and slackd, with its monitor; default: the modes")
    parser.add_argument("--minutes", type=float, help="how long measuring may take; compiling comes on top (30)")
    parser.add_argument("--rounds", type=int, help="run everything so often instead")
    parser.add_argument("--least-rounds", type=int, help="of programs that take less than a second (2)")
    parser.add_argument("--layouts", type=int, help="how many placements of the code each mode of slackd has (5)")
    parser.add_argument("--cpu", type=int, help="pin everything measured to this CPU")
    parser.add_argument("--no-realtime", action="store_true", help="measure at the priority this was started with")
    parser.add_argument("--events", metavar="EVENTS", help="count these with `perf stat`, in runs of their own, where perf and "
                        "processor offer them (instructions:u,cycles:u); '' for none")
    parser.add_argument("--jobs", type=int, help="compilations at a time, before anything is measured")
    parser.add_argument("--json", type=pathlib.Path, help="write every time here, as they come")
    parser.add_argument("--svg", type=pathlib.Path, help="draw the ratios to the first engine")
    parser.add_argument("--scratch", type=pathlib.Path, help="keep compiled programs here (default: a directory that goes)")
    parser.add_argument("--resume", action="store_true", help="keep what --json holds of the same images, of all programs")
    parser.add_argument("--prepare-only", action="store_true", help="compile to --scratch, measure nothing")
    parser.add_argument("--no-verdict", action="store_true", help="a promise that is not kept does not change the exit status")
    parser.add_argument("--show", type=pathlib.Path, metavar="JSON", help="print what an earlier run found, and nothing else")
    parser.add_argument("programs", nargs="*", help="names; all without")
    return parser


def parse():
    """The parser, the arguments, and the document to show or to go on with."""
    parser = make_parser()
    arguments = parser.parse_args()
    given = {name for name, value in vars(arguments).items() if value is not None and value is not False and value != []}
    for name, value in DEFAULTS.items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)
    if arguments.show and given - SHOWS:
        ignored = ", ".join("names of programs" if name == "programs" else "--" + name.replace("_", "-") for name in sorted(given - SHOWS))
        parser.error(f"--show prints an earlier run as it was; it takes --svg and --no-verdict, not {ignored}")
    if not arguments.show:
        check_measuring(parser, arguments)
    for name in "json", "svg":
        if (path := getattr(arguments, name)) and (why := whole_file.why_not(path)):
            parser.error(f"--{name} {path}: {why}")
    found = arguments.show or (arguments.resume and arguments.json.exists() and arguments.json)
    try:
        return parser, arguments, load(found) if found else None
    except Unusable as error:
        return parser.error(f"{found} is no document of --json: {error}")


def check_measuring(parser, arguments):
    if not arguments.build:
        parser.error("--build or --show is needed")
    for name in "layouts", "jobs", "rounds", "least-rounds":
        value = getattr(arguments, name.replace("-", "_"))
        if value is not None and value < 1:
            parser.error(f"--{name} {value}: it takes at least 1")
    if not 0 < arguments.minutes < math.inf:  # nor nan
        parser.error(f"--minutes {arguments.minutes}: it takes more than 0, and an end")
    if arguments.data and not arguments.data.is_dir():
        parser.error(f"--data {arguments.data}: there is no such folder; tests/fetch-data BUILD prints where the data is")
    if arguments.resume and not arguments.json:
        parser.error("--resume goes on with the file of --json")
    if arguments.prepare_only and not arguments.scratch:
        parser.error("--prepare-only needs --scratch")
    if arguments.cpu is not None and arguments.cpu not in os.sched_getaffinity(0):
        parser.error(f"there is no CPU {arguments.cpu} to pin to; there are {sorted(os.sched_getaffinity(0))}")
    arguments.build = arguments.build.resolve()
    for needed in ("jit/llvm/slack-compile", "daemon/worker/slack-worker", "tests/system/worker-host"):
        if not (arguments.build / needed).exists():
            parser.error(f"{arguments.build / needed} is missing: build it with ninja first (meson setup -Dtests=true)")


def make_engines(arguments, scratch):
    """{name: [engine of each layout]}"""
    wanted = [*MODES, *PEERS] if arguments.engines == "all" else arguments.engines.split(",")
    engines = {}
    for name in wanted:
        if name in MODES:
            variants = [Slackd(arguments.build, scratch, name, layout) for layout in range(arguments.layouts)]
        elif name == SERVICE:
            variants = [Daemon(arguments.build)]
        elif name not in PEERS:
            raise Failed(f"no engine {name}: {', '.join([*MODES, *PEERS, SERVICE])}")
        elif name.startswith("wasmtime:"):
            variants = [Wasmtime(scratch, name.split(":")[1])]
        else:
            variants = [V8() if name == "v8" else Wasm2c(scratch)]
        engines[variants[0].name] = variants
    return engines


def progress(text, keep=False):
    """On a terminal the line is written over; elsewhere only what is kept is printed. Measuring goes on when nobody reads it."""
    try:
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="\n" if keep else "", file=sys.stderr, flush=True)
        elif keep:
            print(text, file=sys.stderr, flush=True)
    except OSError:
        pass


def clock(seconds):
    return f"{seconds // 60:.0f} min {seconds % 60:02.0f} s" if seconds >= 60 else f"{seconds:.0f} s"


def prepare(engines, programs, jobs):
    """Compiles everything. Returns what cannot be measured: {program: {engine: why}}."""
    broken = {program.name: {} for program in programs}
    begin = time.monotonic()
    pool = concurrent.futures.ThreadPoolExecutor(jobs)
    try:
        tasks = {pool.submit(variant.prepare, program): (name, program.name)
                 for program in programs for name, variants in engines.items() for variant in variants}
        for done, task in enumerate(concurrent.futures.as_completed(tasks), 1):
            name, program = tasks[task]
            try:
                task.result()
            except (Failed, OSError, ValueError) as error:
                broken[program].setdefault(name, str(error))
            keep = done % max(len(tasks) // 10, 1) == 0 and time.monotonic() - begin > 10
            progress(f"compiled {done} of {len(tasks)}, {clock(time.monotonic() - begin)}", keep)
    finally:
        pool.shutdown(cancel_futures=True)
    return broken


def key_of(engines, program, without):
    """The digest of all that is run; `without` are engines that cannot be."""
    return digest(*(variant.key(program) for name, variants in engines.items() for variant in variants if name not in without))


def possible_keys(engines, program, failed):
    """What the key of a row may be in which the engines `failed` were not measured: they could not be prepared, or did not run."""
    for without in (), failed:
        try:
            yield key_of(engines, program, without)
        except (Failed, OSError):
            pass


def measure_all(arguments, engines, programs, broken, priority, events, journal):
    keys = {program.name: key_of(engines, program, broken[program.name]) for program in programs}
    rows = {program.name: journal.resume(program.name, keys[program.name]) for program in programs}
    wanted = [program for program in programs if not (rows[program.name] and rows[program.name].done)]
    measurements = [Measurement(engines, program, broken[program.name], priority, rows[program.name]) for program in wanted]
    for place, each in enumerate(measurements, 1):
        progress(f"trying out {each.program.name}, {place} of {len(measurements)}")
        each.try_out()
    if arguments.rounds:
        order = plan.turns_of(measurements, arguments.rounds)
        estimate = sum(max(arguments.rounds - each.rounds, 0) * each.cost for each in measurements)
    else:
        order = plan.turns(measurements, 60 * arguments.minutes, arguments.least_rounds)
        estimate = plan.expected_seconds(measurements, 60 * arguments.minutes, arguments.least_rounds)
    progress(f"{report.plural(len(wanted), 'program')} to measure on {report.plural(len(engines), 'engine')}, "
             f"{len(programs) - len(wanted)} taken over: about {clock(estimate if wanted else 0)}; priority: {priority}", True)
    if wanted:
        journal.begin_session(priority=str(priority), counters=str(events))
    watch, begin = Watch(), time.monotonic()
    try:
        told = begin
        for each in order:
            name, place = each.program.name, wanted.index(each.program) + 1

            def tell(done, of, name=name, place=place, each=each):
                progress(f"{name} ({place} of {len(wanted)}), round {each.rounds + 1}: run {done + 1} of {of}; "
                         f"{clock(time.monotonic() - begin)} of about {clock(estimate)}")
            each.round(tell)
            if events.names:
                each.count_events(events.names)
            journal.add(name, keys[name], each.found())
            journal.keep_up(engines, watch)
            keep = each.rounds == 1 or time.monotonic() - told > PROGRESS_SECONDS
            told = time.monotonic() if keep else told
            progress(f"{name} ({place} of {len(wanted)}): round {each.rounds}, {each.row.priority}, {clock(each.cost)}; "
                     f"{clock(time.monotonic() - begin)} of about {clock(estimate)}", keep)
        for each in measurements:
            each.row.done = True
            journal.add(each.program.name, keys[each.program.name], each.found())
    finally:
        journal.write(engines, watch.conditions())
        progress(f"{report.plural(len(wanted), 'program')} in {clock(time.monotonic() - begin)}", True)


def finish(arguments, document, interrupted):
    names, lines = document["engines"], []
    report.print_header(names, lines.append)
    for program, row in document["programs"].items():
        report.print_row(program, row["runs"], names, lines.append)
    complete, verdict = report.print_rest(document, names, lines.append)
    whole_file.print_all(lines)
    if arguments.svg:
        whole_file.write(arguments.svg, chart.bar_chart(
            f"time relative to {names[0]}", report.series_of(document, names),
            [name for name in document["wanted"] if name in document["programs"]]))
    if interrupted:
        return 130
    if not complete:
        return 1
    return 0 if arguments.no_verdict else {figures.KEPT: 0, figures.BROKEN: 3, figures.UNDECIDED: 4}[verdict]


def run(parser, arguments, scratch, earlier):
    known = {program.name: program for program in [*(archive_programs(arguments.data) if arguments.data else []),
                                                   *kernel_programs(scratch)]}
    if unknown := set(arguments.programs) - set(known):
        parser.error(f"no program {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    programs = [program for name, program in known.items() if not arguments.programs or name in arguments.programs]
    try:
        engines = make_engines(arguments, scratch)
    except Failed as error:
        parser.error(str(error))
    journal = Journal(arguments.json, [program.name for program in programs], engines, arguments.layouts, earlier)
    if lost := journal.keep_others(list(known), lambda name: possible_keys(
            engines, known[name], journal.earlier["programs"][name]["not_measured"])):
        parser.error(f"--resume: {arguments.json} has {report.plural(len(lost), 'program')} measured with other images, or not known "
                     f"without --data: {', '.join(lost)}. Name them, to measure them again, or give another --json")
    priority, events = Priority(not arguments.no_realtime, arguments.cpu), Events(arguments.events)
    interrupted = False
    try:
        broken = prepare(engines, programs, arguments.jobs)
        if arguments.prepare_only:
            whole_file.print_all(f"not prepared: {engine}: {program}: {why}"
                                 for program, row in broken.items() for engine, why in row.items())
            return 1 if any(broken.values()) else 0
        measure_all(arguments, engines, programs, broken, priority, events, journal)
    except KeyboardInterrupt:
        interrupted = True
        progress("interrupted", True)
    return finish(arguments, journal.document, interrupted)


def measure(parser, arguments, earlier):
    with tempfile.TemporaryDirectory(prefix="slackd-bench.") as temporary:
        scratch = (arguments.scratch or pathlib.Path(temporary)).resolve()
        try:
            scratch.mkdir(parents=True, exist_ok=True)
            os.chmod(scratch, scratch.stat().st_mode | 0o755)  # workers are another user
            tempfile.TemporaryFile(dir=scratch).close()
        except OSError as error:
            parser.error(f"--scratch {scratch}: {error.strerror}")
        try:
            return run(parser, arguments, scratch, earlier)
        except KeyboardInterrupt:
            progress("interrupted", True)
            return 130


def end_by_pipe():
    """As other programs end whose reader has left; nothing more is to be written then, at this program's end either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)


def main():
    parser, arguments, document = parse()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what runs is ended too
    try:
        return finish(arguments, document, False) if arguments.show else measure(parser, arguments, document)
    except Unwritten as error:
        if error.__cause__.errno == errno.EPIPE:
            end_by_pipe()
        print(f"bench.py: {error}: {error.__cause__.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNWRITABLE


if __name__ == "__main__":
    sys.exit(main())
