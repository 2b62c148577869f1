#!/usr/bin/env python3
# A sample of the official suite through slackd itself: each assertion that can stand alone is a run with a worker of its own.
"""Usage: spec_slackd.py --slackctl PROGRAM --slackd PROGRAM --wasm-tools PROGRAM [--per-file N] [--verbose] SUITE [FILE…]

A slackd on a bus of its own takes each sampled assert_return, assert_trap and assert_exhaustion as a RunModule call by
`slackctl run --invoke`, and what is printed, the trap and the exit code are compared. A run begins with a fresh instance, so an
assertion that may see what earlier ones of its script changed cannot be asked this way: what each function reads and writes
is taken from the text of its module, with all that it calls. Those and others that the command line cannot express are left
out, and counted by their reason; spec-run has them all. The last line is `N passed, N failed, N skipped`.
"""
import argparse
import collections
import concurrent.futures
import dataclasses
import functools
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from bench_programs import own_bus  # noqa: E402

FILES = """i32 i64 f32 f64 f32_bitwise f64_cmp conversions int_exprs float_misc
    block br br_if br_table loop if call call_indirect return switch labels fac nop select unwind left-to-right
    address endianness load store memory_trap memory_grow memory_copy global
    table_size table_grow table_copy table_init elem ref_func
    simd_i32x4_arith simd_i16x8_sat_arith simd_f32x4 simd_f64x2_cmp simd_lane simd_conversions simd_load simd_bitwise
    traps unreachable skip-stack-guard-page""".split()
SECONDS = 60
TRAP = 134
# As the suite's interpreter has it.
SPECTEST = """(module
  (func (export "print")) (func (export "print_i32") (param i32)) (func (export "print_i64") (param i64))
  (func (export "print_f32") (param f32)) (func (export "print_f64") (param f64))
  (func (export "print_i32_f32") (param i32 f32)) (func (export "print_f64_f64") (param f64 f64))
  (global (export "global_i32") i32 (i32.const 666)) (global (export "global_i64") i64 (i64.const 666))
  (global (export "global_f32") f32 (f32.const 666.6)) (global (export "global_f64") f64 (f64.const 666.6))
  (table (export "table") 10 20 funcref) (memory (export "memory") 1 2))"""
# What a module's own state is touched and changed by.
TOUCHES = re.compile(r"\b(?:memory|table|data|elem)\.\w+|\bglobal\.[gs]et|\.(?:load|store)\w*\b|\bcall_indirect\b")
WRITES = re.compile(r"\bmemory\.(?!size)\w+|\btable\.(?!size|get)\w+|\b(?:data|elem)\.drop|\bglobal\.set|\.store\w*\b")
INDIRECT = re.compile(r"\bcall_indirect\b")
LANES = {"i8": "<b", "i16": "<h", "i32": "<i", "i64": "<q", "f32": "<f", "f64": "<d"}
BITS = {"i8": 8, "i16": 16, "i32": 32, "i64": 64, "f32": 32, "f64": 64}


class LeftOut(Exception):
    """Why an assertion is not asked."""


ANY = None  # an indirect call can reach every function


@dataclasses.dataclass
class Function:
    touches: bool
    writes: bool
    calls: set | None


class Module:
    """What its functions do to its state, by their exported names."""

    def __init__(self, wasm_tools, path):
        self.path = path
        text = subprocess.run([wasm_tools, "print", path], capture_output=True, check=True).stdout.decode()
        self.spectest = '(import "spectest"' in text
        self.foreign = bool(re.search(r'^  \(import "(?!spectest")', text, re.MULTILINE))
        # What is imported can be anybody's to change.
        self.shares = bool(re.search(r'^  \(import .*\((?:memory|table|global [^\n]*\(mut)', text, re.MULTILINE))
        self.names = {}  # of functions by what stands in a call: $name or a number
        self.functions = []
        self.exports = {}
        for field in re.split(r"^  (?=\()", text, flags=re.MULTILINE)[1:]:
            if imported := re.match(r'\(import .*\(func (\$\S+ )?\(;(\d+);\)', field):
                self.add(imported[1], Function(False, False, set()))
            elif defined := re.match(r"\(func (\$\S+ )?\(;(\d+);\)", field):
                self.add(defined[1], Function(bool(TOUCHES.search(field)), bool(WRITES.search(field)),
                                              ANY if INDIRECT.search(field) else set(re.findall(r"\bcall (\S+)", field))))
            elif exported := re.match(r'\(export (".*") \(func (\S+?)\)\)', field):
                self.exports[unquoted(exported[1])] = exported[2]

    def add(self, name, function):
        self.names[str(len(self.functions))] = len(self.functions)
        if name:
            self.names[name.strip()] = len(self.functions)
        self.functions.append(function)

    @functools.cache
    def reached(self, export):
        """All functions that a call of this one can come to."""
        seen, waiting = set(), [self.names[self.exports[export]]]
        while waiting:
            index = waiting.pop()
            if index not in seen:
                seen.add(index)
                calls = self.functions[index].calls
                waiting += range(len(self.functions)) if calls is ANY else [self.names[name] for name in calls]
        return [self.functions[index] for index in seen]

    def touches(self, export):
        return any(function.touches for function in self.reached(export))

    def writes(self, export):
        return any(function.writes for function in self.reached(export))


def unquoted(text):
    """A string of the text format."""
    data = text[1:-1].encode()
    data = re.sub(rb"\\u\{([0-9a-f]+)\}", lambda mark: chr(int(mark[1], 16)).encode(), data)
    plain = {b"t": b"\t", b"n": b"\n", b"r": b"\r", b'"': b'"', b"'": b"'", b"\\": b"\\"}
    data = re.sub(rb"\\(?:([0-9a-fA-F]{2})|(.))",
                  lambda mark: bytes([int(mark[1], 16)]) if mark[1] else plain[mark[2]], data)
    return data.decode()


def number_from_bits(kind, bits):
    return struct.unpack(LANES[kind], int(bits).to_bytes(BITS[kind] // 8, "little"))[0]


def vector_bits(value):
    lanes = [int(lane) & (1 << BITS[value["lane_type"]]) - 1 for lane in value["value"]]
    return sum(lane << index * BITS[value["lane_type"]] for index, lane in enumerate(lanes))


def argument(value):
    kind, given = value["type"], value["value"]
    if kind in ("i32", "i64"):
        return given
    if kind == "v128":
        return f"{vector_bits(value):#x}"
    if kind not in ("f32", "f64"):
        raise LeftOut("a reference as argument")
    number = number_from_bits(kind, given)
    if number != number:  # the sign and the one payload that the command line knows
        quiet = {"f32": 0x7FC00000, "f64": 0x7FF8 << 48}[kind]
        sign = int(given) >> BITS[kind] - 1
        if int(given) != quiet | sign << BITS[kind] - 1:
            raise LeftOut("a NaN's payload as argument")
        return "-nan" if sign else "nan"
    return number.hex() if abs(number) != float("inf") else str(number)


def is_nan(kind, bits):
    number = number_from_bits(kind, bits)
    return number != number


def agrees(expected, printed):
    kind, wanted = expected["type"], expected.get("value")
    if kind in ("i32", "i64"):
        return (int(printed) - int(wanted)) % (1 << BITS[kind]) == 0
    if kind in ("f32", "f64"):
        # Of a NaN the payload is not printed.
        if str(wanted).startswith("nan:") or is_nan(kind, wanted):
            return "nan" in printed
        return struct.pack(LANES[kind], float(printed)) == int(wanted).to_bytes(BITS[kind] // 8, "little")
    if kind == "v128":
        width = BITS[expected["lane_type"]]
        got = int(printed, 16)
        for index, lane in enumerate(wanted):
            bits = got >> index * width & (1 << width) - 1
            if str(lane).startswith("nan:"):
                if not is_nan(expected["lane_type"], bits):
                    return False
            elif bits != int(lane) & (1 << width) - 1:
                return False
        return True
    return printed == ("null" if wanted == "null" else "reference")


@dataclasses.dataclass
class Run:
    title: str
    module: Module
    command: dict

    def check(self, slackctl, spectest):
        """What is wrong; empty if nothing is."""
        action = self.command["action"]
        options = ["--link", f"spectest={spectest}"] if self.module.spectest else []
        words = [slackctl, "run", "--system", *options, f"--invoke={action['field']}", self.module.path,
                 *[argument(value) for value in action["args"]]]
        done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
        told = f"exit {done.returncode}, printed {done.stdout.split()}, {done.stderr.strip()}"
        if self.command["type"] == "assert_return":
            printed, expected = done.stdout.splitlines(), self.command["expected"]
            right = done.returncode == 0 and len(printed) == len(expected) and not done.stderr and all(map(agrees, expected, printed))
            return "" if right else f"{told}; expected {expected}"
        text = self.command["text"]
        # The suite's own interpreter says more here than the specification asks for.
        text = "uninitialized element" if text.startswith("uninitialized element") else text
        return "" if done.returncode == TRAP and f"trap: {text}" in done.stderr else f"{told}; expected the trap {text}"


def plan(wasm_tools, folder, left_out):
    """The assertions of one script that can be asked of a fresh instance, in their order."""
    runs, module, dirty = [], None, False
    named, registered = {}, set()
    for command in json.loads((folder / f"{folder.name}.json").read_text())["commands"]:
        if command["type"] == "module":
            # Read when it is first called: most scripts have modules that are only to be instantiated.
            module, dirty = functools.cache(functools.partial(Module, wasm_tools, folder / command["filename"])), False
            if "name" in command:
                named[command["name"]] = module
            continue
        if command["type"] == "register":  # others can change it from now on
            registered.add(named.get(command.get("name"), module))
            continue
        action = command.get("action")
        if action is None:
            continue
        called = named.get(action["module"]) if "module" in action else module
        asked = command["type"] in ("assert_return", "assert_trap", "assert_exhaustion")
        if action["type"] != "invoke":
            left_out["no call"] += asked
            continue
        name, of = action["field"], called()
        try:
            if asked:
                if of.foreign or called is not module:
                    raise LeftOut("several modules")
                if not name or "\0" in name or name == "_start":
                    raise LeftOut("a name of its own meaning")
                if (dirty or of.shares or called in registered) and of.touches(name):
                    raise LeftOut("state")
                for value in action["args"]:
                    argument(value)
                runs.append(Run(f"{folder.name}:{command['line']}", of, command))
        except LeftOut as why:
            left_out[str(why)] += 1
        dirty = dirty or of.foreign or of.writes(name)
    return runs


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[1])
    parser.add_argument("--slackctl", required=True)
    parser.add_argument("--slackd", required=True)
    parser.add_argument("--wasm-tools", required=True)
    parser.add_argument("--per-file", type=int, default=30, help="at most so many assertions of a file, evenly spread")
    parser.add_argument("--verbose", action="store_true", help="name what passed, too")
    parser.add_argument("suite", type=pathlib.Path)
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()
    left_out = collections.Counter()
    runs, askable = [], 0
    files = arguments.files or FILES
    for name in files:
        of_file = plan(arguments.wasm_tools, arguments.suite / name, left_out)
        askable += len(of_file)
        count = min(len(of_file), arguments.per_file)
        runs += [of_file[index * len(of_file) // count] for index in range(count)]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        spectest = pathlib.Path(folder, "spectest.wasm")
        subprocess.run([arguments.wasm_tools, "parse", "-", "-o", spectest], input=SPECTEST.encode(), check=True)
        with own_bus(arguments.slackctl, arguments.slackd, pathlib.Path(folder, "slackd.log")), \
                concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for run, wrong in zip(runs, pool.map(lambda run: run.check(arguments.slackctl, spectest), runs)):
                failed += bool(wrong)
                if wrong or arguments.verbose:
                    print(f"FAIL {run.title}: {wrong}" if wrong else f"ok   {run.title}", flush=True)
    reasons = ", ".join(f"{count} for {why}" for why, count in sorted(left_out.items()))
    print(f"{len(runs)} of {askable} assertions of {len(files)} files that a fresh instance can answer; left out: {reasons}")
    print(f"{len(runs) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
