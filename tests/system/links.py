#!/usr/bin/env python3
# Runs programs of several linked modules through slackctl, and holds results and fuel to wasmtime's.
"""Usage: links.py --slackctl PROGRAM --wasm-tools PROGRAM

Needs wasmtime 50.0.1 (PyPI) in the Python that runs it. The modules are links/*.wat. The last line is
`N passed, N failed, N skipped`.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import wasmtime

HERE = pathlib.Path(__file__).resolve().parent
FUEL = 10**12
APP = ["base", "middle"]  # what app.wat is linked to
REFUSED, TRAP, OUT_OF_FUEL, LIMIT, USAGE, NO_INPUT = 126, 134, 123, 122, 64, 66


class Tests:
    def __init__(self, slackctl, folder):
        self.slackctl, self.folder = slackctl, folder
        self.passed = self.failed = 0

    def check(self, name, right, otherwise):
        self.passed += bool(right)
        self.failed += not right
        print(f"{'ok  ' if right else 'FAIL'} {name}" + ("" if right else f": {otherwise}"))

    def run(self, module, links, *options, arguments=()):
        """Exit status, standard output, standard error and the report."""
        report = self.folder / "report.json"
        command = [self.slackctl, "run", "--report", report, *options]
        for link in links:
            name, _, file = link.partition("=")
            command += ["--link", f"{name}={self.folder / (file or name)}.wasm"]
        done = subprocess.run([*map(str, command), str(self.folder / f"{module}.wasm"), *map(str, arguments)],
                              capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr, json.loads(report.read_text()) if report.exists() else {}

    def oracle(self, module, links, function, arguments):
        """Results and fuel of wasmtime."""
        config = wasmtime.Config()
        config.consume_fuel = True
        engine = wasmtime.Engine(config)
        store, linker = wasmtime.Store(engine), wasmtime.Linker(engine)
        store.set_fuel(FUEL)
        for name in [*links, module]:
            instance = linker.instantiate(store, wasmtime.Module.from_file(engine, str(self.folder / f"{name}.wasm")))
            linker.define_instance(store, name, instance)
        results = instance.exports(store)[function](store, *arguments)
        results = results if isinstance(results, list) else [] if results is None else [results]
        return results, FUEL - store.get_fuel()

    def equal(self, function, *arguments):
        status, output, error, report = self.run("app", APP, "--invoke", function, arguments=arguments)
        results, fuel = self.oracle("app", APP, function, arguments)
        got = [int(line) for line in output.split()]
        self.check(f"{function}: results and fuel are wasmtime's",
                   (status, got, report.get("fuel_consumed")) == (0, results, fuel),
                   f"{status} {got} {report.get('fuel_consumed')} {error}, not {results} {fuel}")

    def ends(self, name, status, *words, module="app", links=APP, options=(), report=None):
        got, output, error, its_report = self.run(module, links, *options)
        said = error + json.dumps(its_report, ensure_ascii=False)
        wrong = {key: its_report.get(key) for key, value in (report or {}).items() if its_report.get(key) != value}
        self.check(name, got == status and not wrong and all(word in said for word in words),
                   f"exit status {got}, {wrong}, {said} {output}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[1])
    parser.add_argument("--slackctl", required=True)
    parser.add_argument("--wasm-tools", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for source in sorted((HERE / "links").glob("*.wat")):
            subprocess.run([arguments.wasm_tools, "parse", source, "-o", folder / f"{source.stem}.wasm"], check=True)
        (folder / "broken.wasm").write_bytes(b"\0asm\1\0\0\0\1")
        tests = Tests(arguments.slackctl, folder)
        run_all(tests)
    print(f"{tests.passed} passed, {tests.failed} failed, 0 skipped")
    return 1 if tests.failed or not tests.passed else 0


def run_all(tests):
    for function in ("state", "indirect", "grown"):
        tests.equal(function)
    tests.equal("work", 2000)
    tests.equal("multiply", 6, 7)

    for module, output in (("greeted", "hello\nbye\n"), ("borrowed", "hello\n")):
        got = tests.run(module, ["greeter"])
        tests.check(f"{module}: a host function works on the memory of the module that calls it",
                    got[:2] == (0, output), got)

    invoke = lambda function: ("--invoke", function)
    tests.ends("a trap in a linked module names it", TRAP, options=invoke("fail"),
               report={"trap": "unreachable", "trap_function": "middle!fail", "fuel_exact": True})
    tests.ends("a memory trap in a linked module names it", TRAP, options=invoke("beyond"),
               report={"trap": "out of bounds memory access", "trap_function": "middle!beyond"})
    for function in ("wrong_type", "wrong_type_at_home"):
        tests.ends(f"{function}: call_indirect tells the types of other modules apart", TRAP, options=invoke(function),
                   report={"trap": "indirect call type mismatch"})
    tests.ends("modules that call each other without end exhaust the stack", TRAP, module="pong", links=["ping"],
               options=invoke("pong"), report={"trap": "call stack exhausted"})
    tests.ends("a start function of a linked module that traps ends the run", TRAP, module="empty",
               links=["start_traps"], report={"trap_function": "start_traps!boom"})
    tests.ends("an endless loop in a linked module is stopped", OUT_OF_FUEL, options=(*invoke("spin"), "--fuel", "1M"))
    tests.ends("modules that call each other without end are stopped", OUT_OF_FUEL, module="pong", links=["ping"],
               options=(*invoke("pong"), "--fuel", "1000"))
    tests.ends("the memories of all modules together are limited", LIMIT, "memory", module="empty",
               links=["one=hungry", "two=hungry"], options=("--memory", "20MiB"))

    # app.wasm's links, in this order: without base, middle is refused first.
    tests.ends("an import from a module that is not linked", REFUSED, "unknown import: base.memory",
               "linked module middle", links=["middle"])
    tests.ends("a module sees only those linked before it", REFUSED, "unknown import: base.memory",
               links=["middle", "base"])
    for module, words in {
            "wants": ["unknown import: base.nothing", "the module", "linked module base"],
            "wants_type": ["incompatible import type: base.allocate", "l:i", "i:i"],
            "wants_kind": ["incompatible import type: base.allocate", "a global", "a function"],
            "wants_size": ["incompatible import type: base.memory", "at least 2", "has 1"],
            "wants_limit": ["incompatible import type: base.table", "8 at the most", "no maximum"],
            "wants_constant": ["incompatible import type: base.next"]}.items():
        tests.ends(f"{module}: refused, both sides named", REFUSED, *words, module=module, links=["base"])
    tests.ends("a linked module that is malformed is named", REFUSED, "linked module broken", module="empty",
               links=["broken"])
    tests.ends("two modules of one name", USAGE, "--link", "'base'", module="empty", links=["base", "base"])
    tests.ends("more modules than there are slots", USAGE, "24", module="empty",
               links=[f"m{number}=empty" for number in range(25)])
    tests.ends("as many modules as there are slots", 0, module="empty",
               links=[f"m{number}=empty" for number in range(24)])
    tests.ends("a file that is not there", NO_INPUT, "nowhere.wasm", module="empty", links=["nowhere"])
    done = subprocess.run([tests.slackctl, "run", "--link", "base", "x.wasm"], capture_output=True, text=True, check=False)
    tests.check("a link without a file", done.returncode == USAGE and "NAME=FILE" in done.stderr, done)


if __name__ == "__main__":
    sys.exit(main())
