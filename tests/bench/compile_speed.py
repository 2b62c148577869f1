#!/usr/bin/env python3
# How long programs take to compile, beside wasmtime: with one thread and with all processors, and the memory at the most.
"""Usage: compile_speed.py --build BUILD --data FOLDER [--rounds N] [--json FILE] [PROGRAM…]

FOLDER is the unpacked benchmark archive; without PROGRAM, all of its programs. Every round compiles every program by every
compiler in a process of its own, in an order that changes from round to round. Columns are medians:

  slackd 1, slackd all       slack-compile, all metering `slacked`, with one thread and with one a processor: the whole process
  wasmtime 1, wasmtime all   Cranelift, fuel off: Module(engine, bytes) alone, pinned to one processor, and not pinned

`wall` is what a user waits, `cpu` what the machine spends: on a busy machine only the second says much. `MiB` is the peak of the
process, Python's interpreter included for wasmtime. Run it with a Python that has the package wasmtime.
"""
import argparse
import json
import os
import pathlib
import signal
import statistics
import sys
import tempfile
import time

import whole_file
from figures import geomean
from programs import archive_programs
from report import plural

WASMTIME = """
import json, sys, time, wasmtime
wasm = open(sys.argv[1], "rb").read()
engine = wasmtime.Engine(wasmtime.Config())
cpu, wall = time.process_time(), time.monotonic()
wasmtime.Module(engine, wasm)
print(json.dumps([time.monotonic() - wall, time.process_time() - cpu]))
"""


def run(command, processors):
    """Runs `command` on `processors`. Returns (output, wall seconds, CPU seconds, peak MiB)."""
    with tempfile.TemporaryFile() as out:
        begin = time.monotonic()
        child = os.fork()
        if child == 0:
            try:
                os.sched_setaffinity(0, processors)
                os.dup2(out.fileno(), 1)
                os.execv(command[0], [str(each) for each in command])
            finally:
                os._exit(127)
        _, status, usage = os.wait4(child, 0)
        wall = time.monotonic() - begin
        if status != 0:
            raise SystemExit(f"compile_speed: {' '.join(map(str, command[:2]))}: status {os.waitstatus_to_exitcode(status)}")
        out.seek(0)
        return out.read(), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def slack_compile(build, jobs, extra):
    def compile_once(program, processors, image):
        command = [build / "jit/llvm/slack-compile", program.wasm, "-o", image, "--jobs", jobs, *extra]
        _, wall, cpu, peak = run(command, processors)
        return wall, cpu, peak
    return compile_once


def wasmtime(count):
    def compile_once(program, processors, _):
        given = set(sorted(processors)[:count]) if count else processors
        output, _, _, peak = run([sys.executable, "-c", WASMTIME, program.wasm], given)
        return *json.loads(output), peak
    return compile_once


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, type=pathlib.Path, help="the build directory of slackd")
    parser.add_argument("--data", required=True, type=pathlib.Path, help="the unpacked benchmark archive")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path, help="also write every figure here")
    parser.add_argument("--option", action="append", default=[], help="an option more for slack-compile, as --option=--optimise=3")
    parser.add_argument("programs", nargs="*", help="names; all without")
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()
    if not (arguments.build / "jit/llvm/slack-compile").exists():
        parser.error(f"--build {arguments.build}: there is no jit/llvm/slack-compile")
    if arguments.rounds < 1:
        parser.error(f"--rounds {arguments.rounds}: it takes at least 1")
    known = {program.name: program for program in archive_programs(arguments.data)}
    if not known:
        parser.error(f"--data {arguments.data}: there is no program; tests/fetch-data BUILD prints where the data is")
    if unknown := set(arguments.programs) - set(known):
        parser.error(f"no program {', '.join(sorted(unknown))} in {arguments.data}")
    if arguments.json and (why := whole_file.why_not(arguments.json)):
        parser.error(f"--json {arguments.json}: {why}")
    arguments.programs = [known[name] for name in arguments.programs or known]
    return arguments


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends it as it ends other programs
    arguments = parse()
    processors = os.sched_getaffinity(0)
    compilers = {"slackd 1": slack_compile(arguments.build, 1, arguments.option),
                 "slackd all": slack_compile(arguments.build, len(processors), arguments.option),
                 "wasmtime 1": wasmtime(1), "wasmtime all": wasmtime(0)}
    programs = arguments.programs
    samples = {(program.name, name): [] for program in programs for name in compilers}
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(arguments.rounds):
            names = list(compilers)
            names = names[number % len(names):] + names[:number % len(names)]
            for program in programs:
                for name in names:
                    figures = compilers[name](program, processors, pathlib.Path(scratch) / "image.elf")
                    samples[program.name, name].append(figures)
    medians = {key: [statistics.median(column) for column in zip(*rounds)] for key, rounds in samples.items()}

    print(f"{plural(len(processors), 'processor')}, {plural(arguments.rounds, 'round')}; seconds wall / seconds cpu / MiB")
    print(f"{'program':16}" + "".join(f"{name:>24}" for name in compilers))
    for program in programs:
        row = [medians[program.name, name] for name in compilers]
        print(f"{program.name:16}" + "".join(f"{wall:>10.2f} {cpu:>7.2f} {peak:>5.0f}" for wall, cpu, peak in row))
    total = [[geomean([medians[program.name, name][i] for program in programs]) for i in range(3)] for name in compilers]
    print(f"{'geomean':16}" + "".join(f"{wall:>10.2f} {cpu:>7.2f} {peak:>5.0f}" for wall, cpu, peak in total))
    if arguments.json:
        whole_file.write(arguments.json, json.dumps({f"{program}/{name}": rounds for (program, name), rounds in samples.items()},
                                                    indent=1))


if __name__ == "__main__":
    main()
