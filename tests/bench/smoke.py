#!/usr/bin/env python3
# That the benchmark command works from end to end, on small kernels; its figures are for a quiet machine and a person.
"""Usage: smoke.py BUILD_FOLDER. Needs clang-19 with a WASI libc, which the kernels are compiled with."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

BENCH = pathlib.Path(__file__).parent / "bench.py"
ENGINES = ["slackd:none", "slackd:counted", "slackd:slacked"]
KERNEL, OTHER = "k-hash", "k-reduction"


def bench(*words):
    return subprocess.run([sys.executable, BENCH, *map(str, words)], capture_output=True, text=True, timeout=120, check=False)


def checks(build, folder):
    """(what holds, whether it does, what to show if not)"""
    document, chart, scratch = folder / "times.json", folder / "chart.svg", folder / "scratch"
    words = ["--build", build, "--engines", "none,counted,slacked", "--rounds", 1, "--layouts", 1, "--no-realtime", "--json", document,
             "--svg", chart, "--scratch", scratch, "--events", "task-clock", "--no-verdict"]
    first = bench(*words, KERNEL)
    yield "a run ends well", first.returncode == 0, first.stdout + first.stderr
    if first.returncode != 0:
        return
    found = json.loads(document.read_text())
    runs = found["programs"][KERNEL]["runs"]
    yield "it has a time of every engine", list(runs) == ENGINES and all(
        len(each) == 1 and len(each[0]) == 1 and each[0][0] > 0 for each in runs.values()), runs
    yield "the chart has a bar of every engine but the first", sum(
        title.text.startswith(KERNEL) for title in xml.etree.ElementTree.parse(chart).iter("{http://www.w3.org/2000/svg}title")
    ) == len(ENGINES) - 1, chart.read_text()
    yield "the promises are judged", "slackd:slacked/slackd:none: geomean" in first.stdout, first.stdout
    counters = found["programs"][KERNEL]["counters"]
    yield ("events are counted, or it is said why not", all(counters.get(name, {}).get("task-clock") for name in ENGINES) or
           found["machine"]["counters"].startswith("none: "), found["machine"])

    # What is there is kept, neither compiled nor measured again.
    images = {path: path.stat().st_mtime_ns for path in scratch.rglob("*.elf")}
    again = bench(*words, "--resume", KERNEL)
    yield "--resume ends well", again.returncode == 0, again.stdout + again.stderr
    yield "--resume keeps the times", json.loads(document.read_text())["programs"][KERNEL]["runs"] == runs, again.stdout
    yield "kept images are not compiled again", len(images) == len(ENGINES) and images == {
        path: path.stat().st_mtime_ns for path in scratch.rglob("*.elf")}, images
    shown = bench("--show", document, "--no-verdict")
    yield "--show prints it again", shown.returncode == 0 and "1 programs" in shown.stdout, shown.stdout + shown.stderr
    yield from interruption(words, document)
    timed = bench(*words[:4], "--minutes", 0.02, "--layouts", 1, "--no-realtime", "--scratch", scratch, "--json", document,
                  "--no-verdict", KERNEL, OTHER)
    found = json.loads(document.read_text())["programs"]
    yield ("--minutes are for all programs", timed.returncode == 0 and list(found) == [KERNEL, OTHER]
           and all(row["done"] and row["rounds"] >= 2 for row in found.values()), timed.stdout + timed.stderr)
    wrong = bench("--build", build, "no-such-program")
    yield "an unknown program is refused by name", wrong.returncode == 2 and "no-such-program" in wrong.stderr, wrong.stderr


def rounds_of(row):
    return {len(times) for layouts in row["runs"].values() for times in layouts}


def interruption(words, document):
    """A run that is cut off has its programs alike, each in whole rounds, and goes on with them."""
    document.unlink()
    with subprocess.Popen([sys.executable, BENCH, *map(str, words), "--rounds", "100000", KERNEL, OTHER], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:  # a line of the first round of each
            if line.startswith(OTHER + " (2 of 2): round 1"):
                break
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    found = json.loads(document.read_text())["programs"]
    had = {name: row["rounds"] for name, row in found.items()}
    yield ("an interrupted run ends with 130 and says so", process.returncode == 130 and "cut off; fewer rounds" in stdout
           and KERNEL in stdout, (process.returncode, stdout, stderr))
    yield ("it has whole rounds, as many of each program", set(had) == {KERNEL, OTHER} and had[KERNEL] - had[OTHER] in (0, 1)
           and all(rounds_of(row) == {had[name]} and not row["done"] for name, row in found.items()), found)
    again = bench(*words, "--resume", "--rounds", had[KERNEL] + 1, KERNEL, OTHER)
    gone_on = json.loads(document.read_text())["programs"]
    kept = all(times[:had[name]] == found[name]["runs"][engine][0] for name, row in gone_on.items()
               for engine, (times,) in row["runs"].items())
    yield ("--resume goes on with its rounds", again.returncode == 0 and kept and all(
        rounds_of(row) == {had[KERNEL] + 1} and row["done"] for row in gone_on.values()), again.stdout + again.stderr)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="slackd-smoke.") as folder:
        os.chmod(folder, 0o755)  # workers are another user
        for what, holds, shown in checks(sys.argv[1], pathlib.Path(folder)):
            passed, failed = passed + bool(holds), failed + (not holds)
            print(f"{'ok' if holds else 'FAILED'}: {what}" + ("" if holds else f"\n{shown}"))
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
