#!/usr/bin/env python3
"""Measures what metering costs: the programs of the benchmark archive in several metering modes, interleaved in one run.

Every repetition runs all modes of a program one after the other, in an order that changes from one repetition to the next,
through `slackctl run --private --measure`; the time is that of the region between the program's bench.start and
bench.end calls, taken inside the worker, so neither compilation nor start-up counts. coremark, which has no such
region and times itself, counts by its own score.
"""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile


def programs_in(folder):
    """(name, wasm file) of each program, sorted."""
    for wasm in sorted(folder.glob("*/*.wasm")):
        name = wasm.parent.name if wasm.stem in ("benchmark", wasm.parent.name) else wasm.stem.removeprefix("shootout-")
        yield name, wasm


def run_once(slackctl, name, wasm, mode):
    """Microseconds of the measured region."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report_file:
        command = [slackctl, "run", "--private", "--measure", "--metering", mode, "--wall", "10min",
                   "--report", report_file.name]
        if name == "coremark":
            command += ["--invoke", "run"]
        done = subprocess.run([*command, "--dir", ".", wasm.name], cwd=wasm.parent, capture_output=True, check=False,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RuntimeError(f"{name} ({mode}): exit {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
        if name == "coremark":
            return 1e9 / float(done.stdout.split()[-1])
        return float(json.load(open(report_file.name))["bench_usec"])


def geomean(values):
    return math.exp(sum(math.log(value) for value in values) / len(values))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slackctl", required=True)
    parser.add_argument("--data", required=True, type=pathlib.Path, help="the unpacked benchmark archive")
    parser.add_argument("--modes", default="none,counted,slacked", help="the first is the base of the ratios")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--cpu", type=int, help="pin everything measured to this CPU")
    parser.add_argument("--json", type=pathlib.Path, help="also write the figures here")
    parser.add_argument("programs", nargs="*", help="names; all without")
    arguments = parser.parse_args()
    slackctl = os.path.abspath(arguments.slackctl)
    modes = arguments.modes.split(",")
    if arguments.cpu is not None:
        os.sched_setaffinity(0, {arguments.cpu})
    programs = [(name, wasm) for name, wasm in programs_in(arguments.data)
                if not arguments.programs or name in arguments.programs]
    if not programs:
        parser.error(f"no program of that name in {arguments.data}")
    print(f"{'program':<16}" + "".join(f"{mode + ' min':>14}{'median':>11}" for mode in modes)
          + "".join(f"{mode + '/' + modes[0]:>16}" for mode in modes[1:]), flush=True)
    rows = {}
    for name, wasm in programs:
        times = {mode: [] for mode in modes}
        for repetition in range(arguments.repetitions):
            turn = repetition % len(modes)
            for mode in modes[turn:] + modes[:turn]:
                times[mode].append(run_once(slackctl, name, wasm, mode))
        rows[name] = times
        low = {mode: min(times[mode]) for mode in modes}
        print(f"{name:<16}" + "".join(f"{low[mode]:>12.0f}us{statistics.median(times[mode]):>9.0f}us" for mode in modes)
              + "".join(f"{low[mode] / low[modes[0]]:>16.3f}" for mode in modes[1:]), flush=True)
    for mode in modes[1:]:
        by_minimum = geomean([min(times[mode]) / min(times[modes[0]]) for times in rows.values()])
        by_median = geomean([statistics.median(times[mode]) / statistics.median(times[modes[0]])
                             for times in rows.values()])
        print(f"geomean of {len(rows)}: {mode}/{modes[0]} = {by_minimum:.3f} by minimum, {by_median:.3f} by median "
              f"({arguments.repetitions} repetitions)")
    if arguments.json:
        arguments.json.write_text(json.dumps({"modes": modes, "microseconds": rows}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
