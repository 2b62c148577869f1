#!/usr/bin/env python3
# Runs one benchmark program under wasmtime and reports the time of its measured region.
"""Usage: wasmtime_host.py MODE FILE COMPILED [--compile]. MODE: none, epoch (interruption compiled in, never due), fuel.

With --compile, FILE is compiled to COMPILED and one JSON line on standard output says how long that took; without, COMPILED is
run, and one JSON line on descriptor BENCH_REPORT tells its time.
"""
import json
import os
import pathlib
import sys
import time

import wasmtime

NEVER = 1 << 62


def main():
    mode, path, compiled = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    config = wasmtime.Config()
    config.consume_fuel = mode == "fuel"
    config.epoch_interruption = mode == "epoch"
    engine = wasmtime.Engine(config)
    if "--compile" in sys.argv[4:]:
        begin = time.monotonic()
        module = wasmtime.Module.from_file(engine, str(path))
        print(json.dumps({"compile_usec": (time.monotonic() - begin) * 1e6}))
        compiled.write_bytes(module.serialize())
        return 0
    module = wasmtime.Module.deserialize_file(engine, str(compiled))
    store = wasmtime.Store(engine)
    if mode == "fuel":
        store.set_fuel(NEVER)
    if mode == "epoch":
        store.set_epoch_deadline(NEVER)
    wasi = wasmtime.WasiConfig()
    wasi.argv = [path.name]
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    wasi.preopen_dir(".", ".")
    store.set_wasi(wasi)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    marks = []
    nothing = wasmtime.FuncType([], [])
    linker.define_func("bench", "start", nothing, lambda: marks.append(time.monotonic_ns()))
    linker.define_func("bench", "end", nothing, lambda: marks.append(time.monotonic_ns()))
    linker.define_func("env", "clock_ms", wasmtime.FuncType([], [wasmtime.ValType.i32()]),
                       lambda: time.monotonic_ns() // 1_000_000 & 0x7FFFFFFF)
    instance = linker.instantiate(store, module)
    exports = instance.exports(store)
    code = 0
    try:
        if path.stem == "coremark-minimal" or "_start" not in exports:
            print(exports["run"](store))
        else:
            exports["_start"](store)
    except wasmtime.ExitTrap as end:
        code = end.code
    report = {}
    if len(marks) == 2:
        report["bench_usec"] = (marks[1] - marks[0]) / 1000
    sys.stdout.flush()
    os.write(int(os.environ["BENCH_REPORT"]), (json.dumps(report) + "\n").encode())
    return code


if __name__ == "__main__":
    sys.exit(main())
