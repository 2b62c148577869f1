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
    yield ("two sessions with nothing to do in the second have the conditions of the first",
           json.loads(document.read_text())["sessions"] == found["sessions"] and len(found["sessions"]) == 1, again.stdout)
    yield ("fuel is compared", set(found["programs"][KERNEL]["fuel"]) == {"slackd:counted", "slackd:slacked"}
           and "fuel: the same to the unit" in first.stdout, found["programs"][KERNEL])
    shown = bench("--show", document, "--no-verdict")
    yield "--show prints it again", shown.returncode == 0 and "1 program\n" in shown.stdout, shown.stdout + shown.stderr
    other = bench(*words, "--resume", OTHER)
    both = json.loads(document.read_text())
    yield ("--resume with another program keeps the first", other.returncode == 0 and list(both["programs"]) == [KERNEL, OTHER]
           and both["programs"][KERNEL]["runs"] == runs and len(both["sessions"]) == 2, other.stdout + other.stderr)
    yield from interruption(words, document)
    timed = bench(*words[:4], "--minutes", 0.02, "--layouts", 1, "--no-realtime", "--scratch", scratch, "--json", document,
                  "--no-verdict", KERNEL, OTHER)
    found = json.loads(document.read_text())["programs"]
    yield ("--minutes are for all programs", timed.returncode == 0 and list(found) == [KERNEL, OTHER]
           and all(row["done"] and row["rounds"] >= 2 for row in found.values()), timed.stdout + timed.stderr)
    yield from refusals(build, folder, document)
    yield from output(document)


def refusals(build, folder, document):
    """Wrong usage is told before anything is compiled or measured."""
    broken = folder / "broken.json"
    broken.write_text("{}")
    measuring = ["--build", build]
    for what, words, told in (
            ("an unknown program", [*measuring, "no-such-program"], "no-such-program"),
            ("a --json in no folder", [*measuring, "--json", folder / "nowhere" / "j.json"], "No such file"),
            ("a --json that is a folder", [*measuring, "--json", folder], "it is a folder"),
            ("an --svg in no folder", [*measuring, "--svg", folder / "nowhere" / "c.svg"], "No such file"),
            ("a --scratch that is a file", [*measuring, "--scratch", broken], "exists"),
            ("--minutes nan", [*measuring, "--minutes", "nan"], "--minutes nan"),
            ("--minutes inf", [*measuring, "--minutes", "inf"], "--minutes inf"),
            ("--resume with a broken file", [*measuring, "--resume", "--json", broken], "no 'wanted'"),
            ("--resume that would lose rows", [*measuring, "--resume", "--json", document, "--engines", "none", "k-sort"], KERNEL),
            ("--show of a broken file", ["--show", broken], "no 'wanted'"),
            ("--show of a folder", ["--show", folder], "directory"),
            ("--show with options of measuring", ["--show", document, "--rounds", 2, KERNEL], "names of programs, --rounds")):
        before = document.read_bytes()
        wrong = bench(*words)
        last = wrong.stderr.strip().split("\n")[-1]
        yield (f"{what} is refused", wrong.returncode == 2 and last.startswith("bench.py: error: ") and told in last
               and document.read_bytes() == before and not list(folder.rglob("*.unfinished")), wrong.stderr)


def output(document):
    with open("/dev/full", "w", encoding="ascii") as full:
        shown = subprocess.run([sys.executable, BENCH, "--show", document], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    yield ("output that cannot be written ends with 74 and a line", shown.returncode == 74 and shown.stderr.count("\n") == 1
           and "No space left" in shown.stderr, shown)
    reader, writer = os.pipe()
    os.close(reader)
    shown = subprocess.run([sys.executable, BENCH, "--show", document], stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    yield "a reader that has left ends it silently", shown.returncode == -signal.SIGPIPE and not shown.stderr, shown


def rounds_of(row):
    return {len(times) for layouts in row["runs"].values() for times in layouts}


def interruptible():
    """A shell has its background commands ignore the signal, and they what they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interruption(words, document):
    """A run that is cut off has its programs alike, each in whole rounds, and goes on with them."""
    document.unlink()
    with subprocess.Popen([sys.executable, BENCH, *map(str, words), "--rounds", "100000", KERNEL, OTHER], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, preexec_fn=interruptible) as process:
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
