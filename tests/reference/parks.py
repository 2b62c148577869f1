#!/usr/bin/env python3
# Stops real runs with too little fuel, and asks the reference interpreter whether the exact figure of each is one that the program passes.
"""Usage: parks.py --slackctl PROGRAM --runner BUILD/tests/reference/reference-run --wasm-tools PROGRAM [--rounds N]

Each function of parks.wat is run by slackctl with limits from nothing to millions, as often as --rounds says. The run is
parked by the monitor, wherever it is then, and the verdict says with which fuel; the interpreter, going one operator at a
time, must have a safepoint (where a function or a round of a loop begins, or the worker works) with just that figure.
Where the machine has no BPF there is no exact figure, and nothing to check: skipped. The last line is `N passed, N failed, N skipped`.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
FUNCTIONS = ["counts", "adds_arrays", "branches", "nests", "recurses", "calls", "fills"]
LIMITS = [0, 1, 999, 50_001, 1_000_003]
# The reference follows a run so far; a limit of a million is overrun by some ten thousands.
MOST_FUEL = 200_000_000


def stopped(slackctl, wasm, function, limit):
    """The report of a run."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder, "report.json")
        subprocess.run([slackctl, "run", "--private", "--report", report, "--invoke", function, "--fuel", str(limit), "--wall", "20s", wasm],
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        return json.loads(report.read_text()) if report.exists() else {"verdict": "no report"}


def why_no_bpf(slackctl):
    """Why registers of parked runs cannot be read here; empty where they can."""
    status = subprocess.run([slackctl, "status", "--private"], stdout=subprocess.PIPE, text=True, check=True).stdout
    facility, available, reason = next(line for line in status.splitlines() if line.startswith("bpf ")).split(maxsplit=2)
    return "" if available == "yes" else reason


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slackctl", required=True)
    parser.add_argument("--runner", required=True)
    parser.add_argument("--wasm-tools", required=True)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    without_bpf = why_no_bpf(arguments.slackctl)
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory() as folder:
        wasm = pathlib.Path(folder, "parks.wasm")
        subprocess.run([arguments.wasm_tools, "parse", HERE / "parks.wat", "-o", wasm], check=True)
        for function in FUNCTIONS:
            figures = set()
            for limit in LIMITS * arguments.rounds:
                report = stopped(arguments.slackctl, wasm, function, limit)
                if report["verdict"] != "out_of_fuel" or report["fuel_consumed"] <= limit:
                    print(f"FAIL {function} with {limit}: {json.dumps(report)}")
                    failed += 1
                elif report["fuel_exact"]:
                    figures.add(report["fuel_consumed"])
                elif without_bpf:
                    print(f"SKIPPED: {function} with {limit}: no exact figure without BPF: {without_bpf}")
                    skipped += 1
                else:
                    print(f"FAIL {function} with {limit}: no exact figure, though there is BPF: {json.dumps(report)}")
                    failed += 1
            request = {"module": str(wasm), "sessions": [[{"export": function, "args": []}]], "parks": sorted(figures), "most_fuel": MOST_FUEL}
            if not figures:
                continue
            done = subprocess.run([arguments.runner], input=json.dumps(request) + "\n", capture_output=True, text=True, check=True)
            wrong = json.loads(done.stdout)["wrong"]
            passed, failed = (passed, failed + 1) if wrong else (passed + len(figures), failed)
            print(f"{'FAIL' if wrong else 'ok  '} {function}: parked with {', '.join(map(str, sorted(figures)))} {' '.join(wrong)}", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed + skipped else 0


if __name__ == "__main__":
    sys.exit(main())
