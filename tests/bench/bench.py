#!/usr/bin/env python3
"""The benchmark: programs x engines, interleaved in one run, with the ratios that slackd promises.

Everything is compiled first. slackd's own modes are compiled `--layouts` times with functions at other places, so that the luck of
code placement averages out: the ratio of two modes is the geometric mean, over the layouts, of the ratio of their least times.
Every image of every engine runs equally often: short programs many times, long ones seldom, so that all of it takes `--minutes`,
in passes in which each program has one round. Every engine must print what the first one prints.

A run that was cut off has measured all programs alike. It goes on with --resume and the same --json and --scratch. Images in
--scratch are used again if the compiler and the module are the same, so --prepare-only can compile while the machine is still busy.

exit status: 0 all was measured, and every promise that was tested is kept (or --no-verdict); 1 something was not measured, it is
said what and why; 2 wrong usage; 3 all was measured, and a promise is not kept; 130 interrupted
"""
import argparse
import concurrent.futures
import copy
import dataclasses
import json
import os
import pathlib
import platform
import re
import signal
import sys
import tempfile
import time

import chart
import plan
import report
from engines import Daemon, Failed, Measured, Slackd, V8, Wasm2c, Wasmtime, counters_missing, digest
from measure import Measurement, Row
from priority import Launch, Priority
from programs import archive_programs, kernel_programs

MODES = ["none", "counted", "slacked", "checked", "epoch"]
PEERS = ["wasmtime:none", "wasmtime:epoch", "wasmtime:fuel", "v8", "wasm2c"]
SERVICE = "service"
JOURNAL_SECONDS, PROGRESS_SECONDS = 10, 60  # at the least, between two writes of the JSON file, and two lines that stay


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, help="the build directory of slackd")
    parser.add_argument("--data", type=pathlib.Path, help="the unpacked benchmark archive; without: the kernels alone")
    parser.add_argument("--engines", default=",".join(MODES), help=f"modes of slackd ({', '.join(MODES)}), peers "
                        f"({', '.join(PEERS)}), `all` of these, or {SERVICE}: slacked by way of slackctl and slackd; default: the modes")
    parser.add_argument("--minutes", type=float, default=30, help="how long measuring may take; compiling comes on top (30)")
    parser.add_argument("--rounds", type=int, help="run everything so often instead")
    parser.add_argument("--least-rounds", type=int, default=2, help="of programs that take less than a second (2)")
    parser.add_argument("--layouts", type=int, default=5, help="how many placements of the code each mode of slackd has (5)")
    parser.add_argument("--cpu", type=int, help="pin everything measured to this CPU")
    parser.add_argument("--no-realtime", action="store_true", help="measure at the priority this was started with")
    parser.add_argument("--events", default="instructions:u,cycles:u", metavar="EVENTS", help="count these with `perf stat`, in runs "
                        "of their own, where perf and processor offer them (instructions:u,cycles:u); '' for none")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="compilations at a time, before anything is measured")
    parser.add_argument("--json", type=pathlib.Path, help="write every time here, as they come")
    parser.add_argument("--svg", type=pathlib.Path, help="draw the ratios to the first engine")
    parser.add_argument("--scratch", type=pathlib.Path, help="keep compiled programs here (default: a directory that goes)")
    parser.add_argument("--resume", action="store_true", help="keep what --json holds of the same images")
    parser.add_argument("--prepare-only", action="store_true", help="compile to --scratch, measure nothing")
    parser.add_argument("--no-verdict", action="store_true", help="a promise that is not kept does not change the exit status")
    parser.add_argument("--show", type=pathlib.Path, metavar="JSON", help="print what an earlier run found, and nothing else")
    parser.add_argument("programs", nargs="*", help="names; all without")
    arguments = parser.parse_args()
    if not arguments.show and not arguments.build:
        parser.error("--build or --show is needed")
    for name, least in ("layouts", 1), ("jobs", 1), ("minutes", 0), ("rounds", 1), ("least-rounds", 1):
        value = getattr(arguments, name.replace("-", "_"))
        if value is not None and (value < least or (least == 0 and value == 0)):
            parser.error(f"--{name} {value}: it takes {'at least 1' if least else 'more than 0'}")
    if arguments.show and not arguments.show.is_file():
        parser.error(f"--show {arguments.show}: there is no such file")
    if arguments.data and not arguments.data.is_dir():
        parser.error(f"--data {arguments.data}: there is no such folder; tests/fetch-data prints where the data is")
    if arguments.resume and not arguments.json:
        parser.error("--resume goes on with the file of --json")
    if arguments.prepare_only and not arguments.scratch:
        parser.error("--prepare-only needs --scratch")
    if arguments.cpu is not None and arguments.cpu not in os.sched_getaffinity(0):
        parser.error(f"there is no CPU {arguments.cpu} to pin to; there are {sorted(os.sched_getaffinity(0))}")
    if arguments.build:
        arguments.build = arguments.build.resolve()
        for needed in ("jit/llvm/slack-compile", "daemon/worker/slack-worker", "tests/system/worker-host"):
            if not (arguments.build / needed).exists():
                parser.error(f"{arguments.build / needed} is missing: build it with ninja first (meson setup -Dtests=true)")
    return parser, arguments


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
    """On a terminal the line is written over; elsewhere only what is kept is printed."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="\n" if keep else "", file=sys.stderr, flush=True)
    elif keep:
        print(text, file=sys.stderr, flush=True)


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


def processor_name():
    found = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return found.group(1) if found else platform.machine()


class Machine:
    """What the processors did while this program ran."""

    def __init__(self):
        self.begin = self.now()

    @staticmethod
    def now():
        ticks = [int(each) for each in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        own = sum(os.times()[:4]) * os.sysconf("SC_CLK_TCK")
        user, nice, system, idle, iowait, irq, softirq, steal = ticks
        return {"all": sum(ticks), "busy": user + nice + system, "stolen": steal, "own": own}

    def conditions(self):
        """Parts of all processors' time: what others than this program used, and what the host of a virtual machine took."""
        spent = {name: value - self.begin[name] for name, value in self.now().items()}
        every = max(spent["all"], 1)
        return {"other_work": max(0.0, spent["busy"] - spent["own"]) / every, "stolen": spent["stolen"] / every}


class Journal:
    """The document of a run, written whole now and then."""

    def __init__(self, arguments, programs, engines, priority, counters):
        self.path, self.written = arguments.json, 0.0
        self.document = {
            "wanted": [program.name for program in programs], "engines": list(engines), "layouts": arguments.layouts,
            "machine": {"processor": processor_name(), "processors": os.cpu_count(), "system": platform.platform(),
                        "priority": str(priority), "counters": counters, "begun": time.strftime("%Y-%m-%d %H:%M:%S")},
            "programs": {}, "compile_usec": {}}
        if arguments.resume and self.path.exists():
            self.earlier = json.loads(self.path.read_text())
        else:
            self.earlier = {"programs": {}, "compile_usec": {}}

    def resume(self, program, key):
        """Takes over an earlier row of the same images; None where there is none."""
        row = self.earlier["programs"].get(program.name)
        if not row or row["key"] != key or row["not_measured"]:
            return None
        self.document["programs"][program.name] = row
        # A file that does not say so was written by a bench.py that wrote no row before it was done.
        return Row(**{"done": True} | {name: copy.deepcopy(value) for name, value in row.items() if name != "key"})

    def add(self, program, key, row):
        self.document["programs"][program.name] = {"key": key, **dataclasses.asdict(row)}

    def keep_up(self, engines, machine):
        if time.monotonic() - self.written > JOURNAL_SECONDS:
            self.write(engines, machine.conditions())

    def write(self, engines, conditions):
        self.written = time.monotonic()
        rows = self.document["programs"]
        self.document["programs"] = {name: rows[name] for name in self.document["wanted"] if name in rows}
        self.document["machine"] |= conditions
        self.document["compile_usec"] = {
            name: self.earlier["compile_usec"].get(name, {}) | variants[0].compile_usec for name, variants in engines.items()}
        if self.path:
            unfinished = self.path.with_name(self.path.name + ".unfinished")
            unfinished.write_text(json.dumps(self.document, indent=1))
            unfinished.rename(self.path)


def try_out(engines, programs, broken, priority):
    """{program: microseconds} by one run of the first engine that can: how long programs take on this machine."""
    usecs = {}
    for place, program in enumerate(programs):
        progress(f"trying out {program.name}, {place + 1} of {len(programs)}")
        for name, variants in engines.items():
            if name in broken[program.name]:
                continue
            try:
                run = variants[0].run(program, Measured(Launch(priority.nice, priority.cpu)))
                # coremark's figure is of one of its rounds.
                usecs[program.name] = run.seconds * 1e6 if program.times_itself else run.usec
                break
            except (Failed, OSError, ValueError):
                pass
    return usecs


def measure_all(arguments, engines, programs, broken, priority, events, journal):
    keys = {program.name: digest(*(variant.key(program) for name, variants in engines.items() for variant in variants
                                   if name not in broken[program.name])) for program in programs}
    rows = {program.name: journal.resume(program, keys[program.name]) if arguments.resume else None for program in programs}
    wanted = [program for program in programs if not (rows[program.name] and rows[program.name].done)]
    usecs = try_out(engines, wanted, broken, priority)
    measurements = [Measurement(engines, program, usecs.get(program.name, 0), broken[program.name], priority, rows[program.name])
                    for program in wanted]
    if arguments.rounds:
        order = plan.turns_of(measurements, arguments.rounds)
        estimate = sum(max(arguments.rounds - each.rounds, 0) * each.cost for each in measurements)
    else:
        order = plan.turns(measurements, 60 * arguments.minutes, arguments.least_rounds)
        estimate = plan.expected_seconds(measurements, 60 * arguments.minutes, arguments.least_rounds)
    progress(f"{len(wanted)} programs to measure on {len(engines)} engines, {len(programs) - len(wanted)} taken over: about {clock(estimate)}; "
             f"priority: {priority}", True)
    machine, begin = Machine(), time.monotonic()
    try:
        told = begin
        for each in order:
            name, place = each.program.name, wanted.index(each.program) + 1

            def tell(done, of, name=name, place=place, each=each):
                progress(f"{name} ({place} of {len(wanted)}), round {each.rounds + 1}: run {done + 1} of {of}; "
                         f"{clock(time.monotonic() - begin)} of about {clock(estimate)}")
            each.round(tell)
            if events:
                each.count_events(events)
            journal.add(each.program, keys[name], each.found())
            journal.keep_up(engines, machine)
            keep = each.rounds == 1 or time.monotonic() - told > PROGRESS_SECONDS
            told = time.monotonic() if keep else told
            progress(f"{name} ({place} of {len(wanted)}): round {each.rounds}, {each.row.priority}, {clock(each.cost)}; "
                     f"{clock(time.monotonic() - begin)} of about {clock(estimate)}", keep)
        for each in measurements:
            each.row.done = True
            journal.add(each.program, keys[each.program.name], each.found())
    finally:
        journal.write(engines, machine.conditions() if wanted else {})
        progress(f"{len(wanted)} programs in {clock(time.monotonic() - begin)}", True)


def finish(arguments, document, interrupted):
    names = document["engines"]
    report.print_header(names, print)
    for program, row in document["programs"].items():
        report.print_row(program, row["runs"], names, print)
    complete, kept = report.print_rest(document, names, out=print)
    if arguments.svg:
        arguments.svg.write_text(chart.bar_chart(f"time relative to {names[0]}", report.series_of(document, names),
                                                 [name for name in document["wanted"] if name in document["programs"]]))
    if interrupted:
        return 130
    if not complete:
        return 1
    return 0 if kept or arguments.no_verdict else 3


def run(parser, arguments, scratch):
    programs = [*(archive_programs(arguments.data) if arguments.data else []), *kernel_programs(scratch)]
    known = [program.name for program in programs]
    if unknown := set(arguments.programs) - set(known):
        parser.error(f"no program {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    programs = [program for program in programs if not arguments.programs or program.name in arguments.programs]
    try:
        engines = make_engines(arguments, scratch)
    except Failed as error:
        parser.error(str(error))
    priority = Priority(not arguments.no_realtime, arguments.cpu)
    why_not = counters_missing(arguments.events) if arguments.events else "not asked for"
    counters = f"none: {why_not}" if why_not else f"{arguments.events}, by perf"
    journal = Journal(arguments, programs, engines, priority, counters)
    interrupted = False
    try:
        broken = prepare(engines, programs, arguments.jobs)
        if arguments.prepare_only:
            for program, engine, why in [(program, *each) for program, row in broken.items() for each in row.items()]:
                print(f"not prepared: {engine}: {program}: {why}")
            return 1 if any(broken.values()) else 0
        measure_all(arguments, engines, programs, broken, priority, "" if why_not else arguments.events, journal)
    except KeyboardInterrupt:
        interrupted = True
        progress("interrupted", True)
    return finish(arguments, journal.document, interrupted)


def main():
    parser, arguments = parse()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what runs is ended too
    if arguments.show:
        return finish(arguments, json.loads(arguments.show.read_text()), False)
    with tempfile.TemporaryDirectory(prefix="slackd-bench.") as temporary:
        scratch = (arguments.scratch or pathlib.Path(temporary)).resolve()
        scratch.mkdir(parents=True, exist_ok=True)
        os.chmod(scratch, 0o755)
        try:
            return run(parser, arguments, scratch)
        except KeyboardInterrupt:
            progress("interrupted", True)
            return 130


if __name__ == "__main__":
    sys.exit(main())
