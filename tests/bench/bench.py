#!/usr/bin/env python3
"""The benchmark: programs x engines, interleaved in one run, with the ratios that slackd promises.

Every round runs every engine once on a program, in an order that changes from round to round. slackd's own modes are compiled
`--layouts` times with functions at other places: a round uses the next layout, so that the luck of code placement averages out.
The ratio of two modes is the geometric mean, over the layouts, of the ratio of their fastest runs. Every engine must print what the
first one prints.
"""
import argparse
import collections
import concurrent.futures
import json
import math
import os
import pathlib
import shutil
import statistics
import sys
import tempfile

import chart
from engines import Daemon, Failed, Slackd, V8, Wasm2c, Wasmtime
from programs import archive_programs, kernel_programs

MODES = ["none", "counted", "slacked", "checked", "epoch"]
PEERS = ["service", "wasmtime:none", "wasmtime:epoch", "wasmtime:fuel", "v8", "wasm2c"]
PRINTS_TIMES = {"hashset", "sqlite3"}  # their output is not the same twice
# (what, of what, geomean at the most, each program at the most): what is promised of metering and against the peers.
PROMISES = [("slackd:slacked", "slackd:none", 1.02, 1.10), ("slackd:counted", "slackd:none", 1.01, None),
            ("slackd:slacked", "slackd:checked", 1.00, None), ("slackd:slacked", "wasmtime:none", 0.75, None),
            ("slackd:slacked", "v8", 0.85, None)]


def geomean(values):
    return math.exp(statistics.fmean(math.log(value) for value in values))


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, type=pathlib.Path, help="the build directory of slackd")
    parser.add_argument("--data", type=pathlib.Path, help="the unpacked benchmark archive; without: the kernels alone")
    parser.add_argument("--engines", default=",".join(MODES), help=f"modes of slackd ({', '.join(MODES)}), peers "
                        f"({', '.join(PEERS)}), or `all`; default: the modes")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--layouts", type=int, default=5, help="how many placements of the code each mode of slackd has")
    parser.add_argument("--cpu", type=int, help="pin everything measured to this CPU")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="compilations at a time, before anything is measured")
    parser.add_argument("--json", type=pathlib.Path, help="also write every time here")
    parser.add_argument("--svg", type=pathlib.Path, help="also draw the ratios to the first engine")
    parser.add_argument("--scratch", type=pathlib.Path, help="keep compiled programs here (default: a directory that goes)")
    parser.add_argument("programs", nargs="*", help="names; all without")
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()
    return parser, arguments


def make_engines(arguments, scratch):
    """{name: [engine of each layout]}"""
    wanted = [*MODES, *PEERS] if arguments.engines == "all" else arguments.engines.split(",")
    engines = {}
    for name in wanted:
        if name in MODES:
            variants = [Slackd(arguments.build, scratch, name, layout) for layout in range(arguments.layouts)]
        elif name == "service":
            variants = [Daemon(arguments.build)]
        elif name.startswith("wasmtime:"):
            variants = [Wasmtime(scratch, name.split(":")[1])]
        elif name == "v8":
            variants = [V8()]
        elif name == "wasm2c":
            variants = [Wasm2c(scratch)]
        else:
            raise Failed(f"no engine {name}: {', '.join([*MODES, *PEERS])}")
        engines[variants[0].name] = variants
    return engines


def prepare(engines, programs, jobs):
    """Compiles everything. Returns what cannot be measured: {(engine, program): why}."""
    broken = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        tasks = {pool.submit(variant.prepare, program): (name, program.name)
                 for program in programs for name, variants in engines.items() for variant in variants}
        for task in concurrent.futures.as_completed(tasks):
            try:
                task.result()
            except (Failed, OSError) as error:
                broken.setdefault(tasks[task], str(error))
    return broken


def measure(engines, program, rounds, broken):
    """{engine: [[times of layout 0], ...]}"""
    times = {name: [[] for _ in variants] for name, variants in engines.items() if (name, program.name) not in broken}
    output = None
    for turn in range(rounds):
        names = list(times)
        shift = turn % max(len(names), 1)
        for name in names[shift:] + names[:shift]:
            layout = turn % len(engines[name])
            try:
                run = engines[name][layout].run(program)
            except (Failed, OSError) as error:
                broken[name, program.name] = str(error)
                del times[name]
                continue
            if output is None:
                output = run.output
            elif run.output != output and program.name not in PRINTS_TIMES:
                raise Failed(f"{program.name}: {name} printed something else than the first engine")
            times[name][layout].append(run.usec)
    return {name: [each for each in layouts if each] for name, layouts in times.items()}


def ratio(mine, base):
    """Layout by layout where both have as many, else by the fastest of all."""
    if len(mine) == len(base):
        return geomean([min(a) / min(b) for a, b in zip(mine, base)])
    return geomean([min(a) for a in mine]) / geomean([min(b) for b in base])


def print_promises(rows):
    for engine, base, mean, each in PROMISES:
        ratios = {program: ratio(row[engine], row[base]) for program, row in rows.items() if engine in row and base in row}
        if not ratios:
            continue
        value = geomean(ratios.values())
        worst = max(ratios, key=ratios.get)
        limit = f", none above {each:.2f}" if each else ""
        kept = value <= mean and (not each or ratios[worst] <= each)
        print(f"{engine}/{base}: geomean {value:.3f} of {len(ratios)}, worst {worst} {ratios[worst]:.3f} "
              f"(promised: {mean:.2f}{limit}): {'kept' if kept else 'NOT kept'}")


def counters_note():
    return "hardware counters: " + ("perf is not installed" if not shutil.which("perf") else "run `perf stat` on worker-host "
                                    "with the images that --scratch keeps, where the processor offers them")


def main():
    parser, arguments = parse()
    if arguments.cpu is not None:
        os.sched_setaffinity(0, {arguments.cpu})
    with tempfile.TemporaryDirectory(prefix="slackd-bench.") as temporary:
        scratch = (arguments.scratch or pathlib.Path(temporary)).resolve()
        scratch.mkdir(parents=True, exist_ok=True)
        os.chmod(scratch, 0o755)
        programs = [*(archive_programs(arguments.data) if arguments.data else []), *kernel_programs(scratch)]
        programs = [program for program in programs if not arguments.programs or program.name in arguments.programs]
        if not programs:
            parser.error("no program of that name")
        try:
            engines = make_engines(arguments, scratch)
        except Failed as error:
            parser.error(str(error))
        broken = prepare(engines, programs, arguments.jobs)
        first = next(iter(engines))
        print(f"{'program':<15}{first:>14}" + "".join(f"{name:>16}" for name in list(engines)[1:]), flush=True)
        rows = {}
        for program in programs:
            times = measure(engines, program, arguments.rounds, broken)
            rows[program.name] = times
            line = f"{program.name:<15}"
            for name in engines:
                if name not in times:
                    line += f"{'-':>{14 if name == first else 16}}"
                elif name == first:
                    line += f"{min(map(min, times[name])):>12.0f}us"
                elif first in times:
                    middle = statistics.median(sum(times[name], [])) / statistics.median(sum(times[first], []))
                    line += f"{ratio(times[name], times[first]):>9.3f} ({middle:.2f})"[:16].rjust(16)
            print(line, flush=True)
        for name in list(engines)[1:]:
            both = [row for row in rows.values() if name in row and first in row]
            if both:
                print(f"geomean of {len(both)}: {name}/{first} = {geomean([ratio(row[name], row[first]) for row in both]):.3f}")
        print_promises(rows)
        compile_cpu = collections.defaultdict(float)
        for name, variants in engines.items():
            for usec in variants[0].compile_usec.values():
                compile_cpu[name] += (usec or 0) / 1e6
        print("compile seconds: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in compile_cpu.items() if seconds)
              + " (slackd, wasm2c: CPU time of one layout; wasmtime, v8: elapsed, on all cores)")
        print(f"ratios: least time by layout, in brackets of medians; {arguments.rounds} rounds, {arguments.layouts} layouts; "
              + counters_note())
        for (name, program), why in sorted(broken.items()):
            print(f"not measured: {name} {program}: {why}")
        if arguments.json:
            arguments.json.write_text(json.dumps({"microseconds": rows, "compile_usec": {
                name: variants[0].compile_usec for name, variants in engines.items()}}, indent=1))
        if arguments.svg:
            series = {name: {program: ratio(row[name], row[first]) for program, row in rows.items() if name in row and first in row}
                      for name in list(engines)[1:]}
            arguments.svg.write_text(chart.bar_chart(f"time relative to {first}", series, list(rows)))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
