#!/usr/bin/env python3
# Replays what `spec-run --fuel-log` did on wasmtime with consume_fuel, and compares the fuel of each action.
"""Usage: fuel_oracle.py DIRECTORY FUEL_LOG

DIRECTORY is the suite that spec-run ran on. Needs wasmtime 50.0.1 (PyPI). Not compared: an action or an instantiation
that traps, where wasmtime loses the work since its last flush. Vectors pass through vector_calls.py. The last line is
`N passed, N failed, N skipped`.
"""
import itertools
import json
import pathlib
import struct
import sys

import vector_calls
import wasmtime
from wasmtime import ValType

FUEL = 10**15


def spectest(linker, store):
    i32, i64, f32, f64 = ValType.i32(), ValType.i64(), ValType.f32(), ValType.f64()
    functions = {"print": [], "print_i32": [i32], "print_i64": [i64], "print_f32": [f32], "print_f64": [f64],
                 "print_i32_f32": [i32, f32], "print_f64_f64": [f64, f64]}
    for name, parameters in functions.items():
        function = wasmtime.Func(store, wasmtime.FuncType(parameters, []), lambda *_: None)
        linker.define(store, "spectest", name, function)
    for name, kind, value in (("i32", i32, 666), ("i64", i64, 666), ("f32", f32, 666.6), ("f64", f64, 666.6)):
        kind = wasmtime.GlobalType(kind, False)
        linker.define(store, "spectest", "global_" + name, wasmtime.Global(store, kind, value))
    table = wasmtime.TableType(ValType.funcref(), wasmtime.Limits(10, 20))
    linker.define(store, "spectest", "table", wasmtime.Table(store, table, None))
    linker.define(store, "spectest", "memory", wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(1, 2))))


def argument(value):
    kind, text = value["type"], value.get("value", "null")
    if text == "null":
        return None
    number = int(text)
    if kind == "i32":
        return struct.unpack("<i", struct.pack("<I", number & 0xFFFFFFFF))[0]
    if kind == "i64":
        return struct.unpack("<q", struct.pack("<Q", number & 0xFFFFFFFFFFFFFFFF))[0]
    if kind == "f32":
        return struct.unpack("<f", struct.pack("<I", number & 0xFFFFFFFF))[0]
    if kind == "f64":
        return struct.unpack("<d", struct.pack("<Q", number & 0xFFFFFFFFFFFFFFFF))[0]
    return number


class Replay:
    def __init__(self, engine, folder, log, commands):
        self.engine, self.folder, self.log = engine, folder, log
        self.shared = self.new_store() if any(each["type"] == "register" for each in commands) else None
        self.named, self.current = {}, None
        self.callers = {}  # line of an invocation with vectors → the function that makes it
        self.passed = self.failed = self.skipped = 0

    def compare(self, script, line, spent):
        for outcome, fuel in self.log.get((script, line), []):
            if outcome not in ("returned", "ready"):
                self.skipped += 1
            elif fuel == spent:
                self.passed += 1
            else:
                self.failed += 1
                print(f"{script}:{line}: {fuel} fuel, wasmtime has {spent}")

    def new_store(self):
        store = wasmtime.Store(self.engine)
        store.set_fuel(FUEL)
        linker = wasmtime.Linker(self.engine)
        linker.allow_shadowing = True
        spectest(linker, store)
        return store, linker

    def load(self, script, command, actions):
        store, linker = self.shared or self.new_store()
        before = store.get_fuel()
        expected = command["type"] == "module"
        if expected:
            self.current = None
        try:
            module = wasmtime.Module.from_file(self.engine, str(self.folder / command.get("binary_filename", command["filename"])))
            instance = linker.instantiate(store, module)
        except (wasmtime.WasmtimeError, wasmtime.Trap):
            return
        if not expected:
            return
        self.current = (store, instance)
        if "name" in command:
            self.named[command["name"]] = self.current
        self.compare(script, command["line"], before - store.get_fuel())
        self.make_callers(linker, actions)

    def register(self, command):
        target = self.named.get(command["name"]) if "name" in command else self.current
        if target is not None:
            store, linker = self.shared
            linker.define_instance(store, command["as"], target[1])

    def make_callers(self, linker, actions):
        """For the invocations among `actions` that are on the current instance."""
        calls = [each for each in actions if each["action"]["type"] == "invoke" and "module" not in each["action"]
                 and vector_calls.has_vectors(each)]
        if not calls:
            return
        store, instance = self.current
        linker.define_instance(store, vector_calls.MODULE, instance)
        caller = linker.instantiate(store, wasmtime.Module(self.engine, vector_calls.make_caller(calls)))
        exports = caller.exports(store)
        self.callers |= {call["line"]: exports[f"call{index}"] for index, call in enumerate(calls)}

    def perform(self, script, command):
        action = command["action"]
        target = self.named.get(action["module"]) if "module" in action else self.current
        if action["type"] != "invoke" or target is None:
            return
        store, instance = target
        before = store.get_fuel()
        caller = self.callers.get(command["line"])
        try:
            if caller:
                caller(store)
            else:
                instance.exports(store)[action["field"]](store, *[argument(each) for each in action["args"]])
        except (wasmtime.WasmtimeError, wasmtime.Trap):
            self.skipped += 1
            return
        self.compare(script, command["line"], before - store.get_fuel() - (vector_calls.overhead(command) if caller else 0))


def main():
    directory, log_file = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    log = {}
    for line in log_file.read_text().splitlines():
        script, number, outcome, fuel = line.split()
        log.setdefault((script, int(number)), []).append((outcome, int(fuel)))
    config = wasmtime.Config()
    config.consume_fuel = True
    config.cranelift_opt_level = "none"
    engine = wasmtime.Engine(config)
    passed = failed = skipped = 0
    for path in sorted(directory.rglob("*.json")):
        if not any(script == path.stem for script, _ in log):
            continue
        commands = json.loads(path.read_text())["commands"]
        replay = Replay(engine, path.parent, log, commands)
        for index, command in enumerate(commands):
            if command["type"] == "module":
                until_next = itertools.takewhile(lambda each: each["type"] != "module", commands[index + 1:])
                replay.load(path.stem, command, [each for each in until_next if "action" in each])
            elif command["type"] == "assert_uninstantiable":
                replay.load(path.stem, command, [])  # what it did before it failed stays done
            elif command["type"] == "register":
                replay.register(command)
            elif "action" in command:
                replay.perform(path.stem, command)
        passed += replay.passed
        failed += replay.failed
        skipped += replay.skipped
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if failed == 0 and passed else 1


if __name__ == "__main__":
    sys.exit(main())
