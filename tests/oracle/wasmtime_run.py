#!/usr/bin/env python3
# Runs one module under wasmtime with the clock, the random numbers and the host functions of a deterministic slackd run.
"""Prints one JSON object: exit_code, fuel, trap, results, stdout, stderr (text with surrogate escapes, so no byte is lost).

The reference for fuel_consumed: wasmtime 50.0.1 from PyPI with consume_fuel. What the module can observe is the same as
under `slackctl run --deterministic`: argv[0] is the file's name, the environment is empty, NaNs are canonical,
clock_time_get and random_get answer from fixed streams, standard input is empty.
"""
import argparse
import json
import os
import pathlib
import sys
import tempfile

import wasmtime

WASI = "wasi_snapshot_preview1"
FUEL_GIVEN = 1 << 62  # more than any test consumes
CLOCK_START_NS = 946_684_800_000_000_000  # 2000-01-01T00:00:00Z
CLOCK_STEP_NS = 1_000_000
MASK64 = (1 << 64) - 1


class Clock:
    """Every reading, of whatever clock, is one millisecond after the one before."""

    def __init__(self):
        self.calls = 0

    def now(self):
        answer = CLOCK_START_NS + self.calls * CLOCK_STEP_NS
        self.calls += 1
        return answer


class SplitMix64:
    """Sebastiano Vigna's splitmix64 from state 0, read as a stream of little-endian bytes."""

    def __init__(self):
        self.state = 0
        self.left = b""

    def take(self, count):
        parts = [self.left]
        have = len(self.left)
        while have < count:
            self.state = (self.state + 0x9E3779B97F4A7C15) & MASK64
            z = self.state
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK64
            parts.append((z ^ (z >> 31)).to_bytes(8, "little"))
            have += 8
        stream = b"".join(parts)
        self.left = stream[count:]
        return stream[:count]


def define_host_functions(linker):
    i32, i64 = wasmtime.ValType.i32(), wasmtime.ValType.i64()
    clock, random = Clock(), SplitMix64()

    def clock_time_get(caller, _clock_id, _precision, result):
        caller["memory"].write(caller, clock.now().to_bytes(8, "little"), result & 0xFFFFFFFF)
        return 0

    def random_get(caller, buffer, length):
        caller["memory"].write(caller, random.take(length & 0xFFFFFFFF), buffer & 0xFFFFFFFF)
        return 0

    def function(module, name, parameters, results, body, access_caller=False):
        linker.define_func(module, name, wasmtime.FuncType(parameters, results), body, access_caller)

    linker.allow_shadowing = True
    linker.define_wasi()
    function(WASI, "clock_time_get", [i32, i64, i32], [i32], clock_time_get, True)
    function(WASI, "random_get", [i32, i32], [i32], random_get, True)
    function("bench", "start", [], [], lambda: None)
    function("bench", "end", [], [], lambda: None)
    function("env", "clock_ms", [], [i32], lambda: (clock.now() // 1_000_000) & 0x7FFFFFFF)


def convert(text, value_type):
    kind = str(value_type)
    return float(text) if kind in ("f32", "f64") else int(text, 0)


def run(module_path, directory, arguments, invoke):
    config = wasmtime.Config()
    config.consume_fuel = True
    config.cranelift_nan_canonicalization = True
    engine = wasmtime.Engine(config)
    report = {"exit_code": None, "fuel": None, "trap": None, "results": None, "stdout": "", "stderr": ""}
    with tempfile.TemporaryDirectory() as scratch:
        out, err = (os.path.join(scratch, name) for name in ("stdout", "stderr"))
        wasi = wasmtime.WasiConfig()
        wasi.argv = [module_path.name] + (arguments if invoke == "_start" else [])
        wasi.env = []
        wasi.stdout_file, wasi.stderr_file = out, err
        if directory:
            wasi.preopen_dir(directory, ".")
        store = wasmtime.Store(engine)
        store.set_wasi(wasi)
        store.set_fuel(FUEL_GIVEN)
        linker = wasmtime.Linker(engine)
        define_host_functions(linker)
        module = wasmtime.Module.from_file(engine, str(module_path))
        try:
            function = linker.instantiate(store, module).exports(store)[invoke]
            types = function.type(store).params
            if invoke == "_start":
                function(store)
            else:
                results = function(store, *[convert(text, kind) for text, kind in zip(arguments, types, strict=True)])
                report["results"] = results if isinstance(results, list) else [] if results is None else [results]
            report["exit_code"] = 0
        except wasmtime.ExitTrap as end:
            report["exit_code"] = end.code
        except wasmtime.Trap as trap:
            report["trap"] = trap.trap_code.name.lower() if trap.trap_code else trap.message
        report["fuel"] = FUEL_GIVEN - store.get_fuel()
        for key, path in (("stdout", out), ("stderr", err)):
            content = pathlib.Path(path).read_bytes() if os.path.exists(path) else b""
            report[key] = content.decode("utf-8", "surrogateescape")
    return report


def main():
    parser = argparse.ArgumentParser(description="run a module under wasmtime and print its fuel as JSON")
    parser.add_argument("--dir", help="the directory the module sees as its preopened '.'")
    parser.add_argument("--invoke", default="_start", help="the exported function to call (default: _start)")
    parser.add_argument("module", type=pathlib.Path)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    json.dump(run(given.module, given.dir, given.arguments, given.invoke), sys.stdout)
    print()


if __name__ == "__main__":
    main()
