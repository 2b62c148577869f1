#!/usr/bin/env python3
# What slackctl tells its caller: exit codes, one-line messages, reports and output that is never lost in silence.
"""Every exit code of the table is in --help, the manual page and the README, with its meaning; each is reached by a run or
a command of its own where that can be done without breaking the machine. Needs no root; the part that needs a bus of its
own is skipped, and counted, where there is no dbus-daemon.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from bench_programs import own_bus  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROW = re.compile(r'^X\((\w+), (\d+), "(.*)"\)$', re.MULTILINE)
SECONDS = 60
HELLO = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (data (i32.const 8) "hello\\n")
  (func (export "_start") (local $left i32)
    (i32.store (i32.const 0) (i32.const 8))
    (i32.store (i32.const 4) (i32.const 6))
    (local.set $left (i32.const LINES))
    (loop $again
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20)))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))"""
ENDLESS = '(module (func (export "_start") (loop $again (br $again))))'
EXIT = """(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 41))))"""


# One trap that its code finds by looking, and two that are found by a page fault.
TRAPS = """(module (memory 1)
  (func (export "unreachable") unreachable)
  (func (export "load") (drop (i32.load (i32.const 70000))))
  (func $recurse (export "recurse") (call $recurse)))"""


class Client:
    def __init__(self, slackctl, folder):
        self.slackctl, self.folder = slackctl, folder

    def __call__(self, *words, service="--private", **options):
        """(exit code, standard output, standard error) as text."""
        command = [self.slackctl, *words]
        if words and words[0] == "run":
            command = [self.slackctl, "run", service, *words[1:]]
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                   "cwd": self.folder} | options
        done = subprocess.run(command, timeout=SECONDS, check=False, **options)
        return done.returncode, (done.stdout or b"").decode(), (done.stderr or b"").decode()


class Checks:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def that(self, title, right, otherwise=""):
        self.passed, self.failed = (self.passed + 1, self.failed) if right else (self.passed, self.failed + 1)
        print(f"ok   {title}" if right else f"FAIL {title}: {otherwise}", flush=True)

    def ends(self, title, got, code, *texts):
        """One line on standard error, with all of `texts`, and this exit code."""
        lines = got[2].splitlines()
        right = got[0] == code and len(lines) == 1 and all(text in lines[0] for text in texts)
        self.that(title, right, f"exit {got[0]} (expected {code}), stderr {got[2]!r} (expected one line with {texts})")

    def skip(self, title, why):
        self.skipped += 1
        print(f"skip {title}: {why}", flush=True)


def plain(text):
    """Roff and Markdown without their marks, blanks as one."""
    text = re.sub(r"\\f[BIRP]|\\-|\\&", lambda mark: "-" if mark[0] == r"\-" else "", text)
    text = re.sub(r"^\.\w+ ?", "", text, flags=re.MULTILINE)
    return " ".join(text.replace("`", "").split())


def check_tables(checks, client):
    verdicts = [row for row in ROW.findall((ROOT / "daemon/wire/verdict.def").read_text()) if row[0] != "ok"]
    own = ROW.findall((ROOT / "client/exit_code.def").read_text())
    checks.that("both tables of exit codes can be read", len(verdicts) == 7 and len(own) == 9, f"{verdicts} {own}")
    codes = [code for _, code, _ in verdicts + own]
    checks.that("no exit code has two meanings", len(set(codes)) == len(codes), codes)
    places = {"slackctl run --help": client("run", "--help")[1], "slackctl --help": client("--help")[1],
              "README.md": (ROOT / "README.md").read_text(), "slackctl.1": (ROOT / "packaging/man/slackctl.1").read_text()}
    for place, text in places.items():
        text = plain(text)
        lacking = [code for _, code, meaning in own if not re.search(rf"\b{code}\b[ |]*{re.escape(meaning)}", text)]
        lacking += [name for name, code, _ in verdicts if not re.search(rf"\b{name}\b[^.]*\b{code}\b|\b{code}\b[^.]*\b{name}\b", text)]
        checks.that(f"{place} has every exit code with its meaning", not lacking, f"lacks {lacking}")


def check_command_line(checks, client):
    checks.ends("no verb", client(), 64, "a verb is missing", "run", "status", "slackctl --help")
    checks.ends("an unknown verb", client("rum"), 64, "'rum' is no verb", "run", "stop", "slackctl --help")
    checks.ends("a module where the verb should be", client("hello.wasm"), 64, "slackctl run hello.wasm")
    checks.ends("an unknown option of slackctl", client("--bogus"), 64, "--bogus")
    checks.ends("an unknown option of run", client("run", "--bogus", "hello.wasm"), 64, "--bogus", "slackctl run --help")
    checks.ends("an unknown option of stop", client("stop", "--bogus"), 64, "--bogus", "slackctl stop --help")
    checks.ends("no module", client("run"), 64, "FILE.wasm")
    checks.ends("an option without its value", client("run", "--fuel"), 64, "--fuel needs a value")
    checks.ends("fuel that nobody can count", client("run", "--fuel", "1e20", "hello.wasm"), 64, "--fuel", "'1e20'",
                "18446744073709551614, or unlimited")
    checks.ends("fuel that is no number", client("run", "--fuel", "lots", "hello.wasm"), 64, "--fuel", "'lots'", "5M")
    checks.ends("a size with a suffix that is none", client("run", "--memory", "1KB", "hello.wasm"), 64, "--memory", "'1KB'", "K, M, G or T")
    small = client("run", "--fuel", "5m", "--memory", "64m", "--output", "64k", "hello.wasm")
    checks.that("suffixes in small letters", small[0] == 0, small)
    checks.ends("a duration without its unit", client("run", "--wall", "0", "hello.wasm"), 64, "--wall", "'0' has no unit", "0us")
    checks.ends("a duration of less than a microsecond", client("run", "--cpu", "0.1us", "hello.wasm"), 64, "--cpu",
                "'0.1us' is not a whole number of microseconds")
    tens = client("run", "--fuel", "1e9", "--memory", "1e8", "--output", "1e6", "--wall", "6e4ms", "hello.wasm")
    checks.that("powers of ten for every quantity", tens[:2] == (0, "hello\n"), tens)
    checks.ends("a report without a name", client("run", "--report", "", "hello.wasm"), 64, "--report", "name")
    checks.ends("a word too many", client("list", "5"), 64, "5", "slackctl list --help")
    checks.ends("both services", client("run", "--system", "hello.wasm"), 64, "--system", "--private")
    code, out, _ = client("run", "--fuel", "1", "--fuel", "unlimited", "hello.wasm")
    checks.that("the last one of an option given twice holds", code == 0 and out, code)


def check_ranges(checks, client):
    """What the user chose and slackd does not give: a wrong command line, with the range in its units."""
    checks.ends("more memory than there can be", client("run", "--memory", "8G", "hello.wasm"), 64, "--memory", "8GiB", "4GiB")
    checks.ends("too little slack", client("run", "--slack", "1us", "hello.wasm"), 64, "--slack is 1us; it takes 1ms to 1s")
    checks.ends("too much slack", client("run", "--slack", "2s", "hello.wasm"), 64, "--slack is 2s; it takes 1ms to 1s")
    checks.ends("slack without end", client("run", "--slack", "unlimited", "hello.wasm"), 64, "--slack is unlimited; it takes 1ms to 1s")
    checks.ends("more output than is held", client("run", "--output", "100G", "hello.wasm"), 64, "--output", "100GiB", "8GiB")
    checks.ends("a directory's name taken", client("run", "--dir", ".::x", "--dir", ".::x:ro", "hello.wasm"), 64, "--dir", "'x'")
    checks.ends("rights that there are not", client("run", "--dir", ".::x:RO", "hello.wasm"), 64, "--dir", ":ro")
    checks.ends("too many directories", client("run", *(f"--dir=.::{i}" for i in range(33)), "hello.wasm"), 64, "--dir", "32")
    many = ["x" * 100_000] * 11
    checks.ends("too many arguments", client("run", "hello.wasm", *many), 64, "arguments", "1048576")
    checks.ends("a limit on what is not counted", client("run", "--fuel", "5", "--metering", "none", "hello.wasm"), 64,
                "--fuel", "none")


def check_files(checks, client):
    checks.ends("a module that is not there", client("run", "gone.wasm"), 66, "gone.wasm", "No such file")
    checks.ends("a directory as module", client("run", "."), 66, "directory")
    checks.ends("a pipe as module", client("run", "/dev/stdin", stdin=subprocess.PIPE), 66, "the module is a pipe")
    checks.ends("a directory that is not there", client("run", "--dir", "gone", "hello.wasm"), 66, "gone")
    checks.that("a directory for both", client("run", "--dir", ".:rw", "hello.wasm")[0] == 0)
    for what, words in (("module", ["\x1b[2J\n.wasm"]), ("directory", ["--dir", "\x1b[2J\n", "hello.wasm"]),
                        ("linked module", ["--link", "a=\x1b[2J\n", "hello.wasm"])):
        checks.ends(f"a {what} of a name that would drive a terminal", client("run", *words), 66, "\\x1b[2J\\x0a")
    checks.ends("a report of a name that would drive a terminal", client("run", "--report", "gone/\x1b[2J\n", "hello.wasm"), 74,
                "\\x1b[2J\\x0a")
    checks.ends("a module of a name that reads as another", client("run", "a\u202emsaw"), 66, "a\\xe2\\x80\\xaemsaw")
    odd = os.path.join(os.fsencode(client.folder), b"odd\xe9.wasm")
    shutil.copyfile(os.path.join(client.folder, "hello.wasm"), odd)
    got = client("run", "--stats", odd)
    checks.that("a module whose name is no UTF-8", got[:2] == (0, "hello\n") and "odd\\xe9.wasm: ok" in got[2], got)
    checks.ends("an argument that is no UTF-8", client("run", "hello.wasm", b"\xe9"), 64, "arguments", "UTF-8")
    if os.geteuid() == 0:
        got = client("run", "--dir", "/proc", "hello.wasm")
        checks.that("root is not told that a slackd of its own would help", got[0] != 0 and "--private" not in got[2]
                    and "name a directory" in got[2], got)


def check_verdicts(checks, client):
    checks.that("the module's exit code", client("run", "exit.wasm")[0] == 41)
    checks.ends("out of fuel", client("run", "--fuel", "1M", "endless.wasm"), 123, "out of fuel", "1,000,000")
    checks.ends("a deadline", client("run", "--wall", "50ms", "endless.wasm"), 124, "deadline")
    for words in (("--cpu", "1us"), ("--cpu", "0s"), ("--wall", "0us")):
        got = [client("run", "--report", "short.json", *words, "exit.wasm") for _ in range(5)]
        checks.that(f"{' '.join(words)} is passed however short the run", all(each[0] == 124 for each in got), got)
    limits = ["--cpu", "60us", "--wall", "250us"]
    for _ in range(20):
        code = client("run", "--report", "short.json", *limits, "exit.wasm")[0]
        report = json.loads(pathlib.Path(client.folder, "short.json").read_text())
        right = (code == 41) == (report["cpu_usec"] < 60 and report["run_usec"] < 250)
        if not right:
            break
    checks.that("the figures of a report agree with its verdict about --cpu and --wall", right, report)
    checks.ends("an output over its limit", client("run", "--output", "4", "hello.wasm"), 122, "output")
    checks.ends("no such function", client("run", "--invoke", "gone", "hello.wasm"), 126, "gone")
    for mode in ("counted", "checked"):
        got = client("run", "--metering", mode, "--wall", "50ms", "endless.wasm")
        checks.ends(f"a deadline of metering {mode}", got, 124, "deadline")
        checks.that("whose fuel nobody knows", "consumed" not in got[2], got[2])
    check_fuel_of_traps(checks, client)
    check_signals(checks, client)


def check_fuel_of_traps(checks, client):
    """What the manual page says under Exactness."""
    for mode, trap, exact, over in (("slacked", "unreachable", True, 123), ("counted", "unreachable", True, 123),
                                    ("checked", "unreachable", True, 123), ("slacked", "load", False, 134),
                                    ("counted", "load", None, 134), ("checked", "load", None, 134),
                                    ("slacked", "recurse", False, 123), ("counted", "recurse", None, 134),
                                    ("checked", "recurse", None, 123)):
        words = ["--metering", mode, "--invoke", trap, "--report", "trap.json"]
        code = client("run", *words, "traps.wasm")[0]
        report = json.loads(pathlib.Path(client.folder, "trap.json").read_text())
        checks.that(f"fuel at {trap} with {mode}", code == 134 and report["fuel_exact"] is exact
                    and (report["fuel_consumed"] is None) == (exact is None), report)
        got = client("run", *words, "--fuel", "0", "traps.wasm")
        checks.that(f"no fuel for {trap} with {mode}", got[0] == over, got)


def check_signals(checks, client):
    def begun(*before, words=()):
        process = subprocess.Popen([*before, client.slackctl, "run", "--private", "--wall", "2s", *words, "endless.wasm"],
                                   cwd=client.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_until(lambda: waits_for(process.pid, signal.SIGTERM), "slackctl that waits for signals")
        return process

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = begun()
        process.send_signal(number)
        stderr = process.communicate(timeout=SECONDS)[1].decode()
        checks.ends(f"a run ended by {number.name}", (process.returncode, "", stderr), 137, "killed",
                    f": stopped by {number.name}" + (" (Ctrl-C)" if number == signal.SIGINT else ""))
    # The first one ends the run; what is left is to wait for the report's reader.
    os.mkfifo(os.path.join(client.folder, "unread"))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = begun(words=["--report", "unread"])
        process.send_signal(number)
        wait_until(lambda pid=process.pid: not waits_for(pid, signal.SIGTERM), "end of the run")
        process.send_signal(number)
        stderr = process.communicate(timeout=SECONDS)[1].decode()
        checks.that(f"a second {number.name} ends slackctl at once, also after its run", process.returncode == 128 + number
                    and not stderr, (process.returncode, stderr))
    for _ in range(8):
        process = begun()
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS)
        if process.returncode not in (130, 137):  # which of them is a matter of time
            break
    checks.that("a second SIGINT right after the first has its own status or comes too late", process.returncode in (130, 137),
                process.returncode)
    process = begun("nohup")
    process.send_signal(signal.SIGHUP)
    stderr = process.communicate(timeout=SECONDS)[1].decode()
    checks.ends("a hangup that the caller ignores", (process.returncode, "", stderr), 124, "deadline")


def waits_for(pid, number):
    """Whether the process has the signal blocked, to take it in its event loop."""
    blocked = re.search(r"^SigBlk:\s*(\w+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return bool(int(blocked[1], 16) >> (number - 1) & 1)


def is_running(client, module):
    return any(module in line and "running" in line for line in client("list")[1].splitlines())


def wait_until(condition, what):
    with tempfile.TemporaryDirectory() as nothing:  # an empty folder to wait in: bounded by SECONDS
        for _ in range(SECONDS * 50):
            if condition():
                return
            subprocess.run(["sleep", "0.02"], cwd=nothing, check=False)
    raise SystemExit(f"no {what} within {SECONDS} s")


def check_reports(checks, client, folder):
    report = folder / "report.json"

    def old():
        report.write_text("old")
        return ["--report", "report.json"]

    code, _, _ = client("run", *old(), "exit.wasm")
    checks.that("a report of a run", json.loads(report.read_text())["exit_code"] == 41 and code == 41)
    for title, words, options in (
            ("a missing module", ["gone.wasm"], {}),
            ("a choice out of range", ["--memory", "8G", "hello.wasm"], {}),
            ("a private slackd that cannot start", ["hello.wasm"], {"env": os.environ | {"SLACKD_LIBEXECDIR": str(folder)}})):
        got = client("run", *old(), *words, **options)
        checks.that(f"no stale report after {title}", got[0] in (64, 66, 69) and not report.exists(), got)
    before = (folder / "exit.wasm").read_bytes()
    for title, words, text in (
            ("fuel that is no number", ["--fuel", "x", "exit.wasm"], "'x'"),
            ("a duration without its unit", ["--slack", "0", "exit.wasm"], "--slack"), ("no module", [], "FILE.wasm"),
            ("an unknown option", ["--bogus", "exit.wasm"], "--bogus"), ("an option without its value", ["--fuel"], "--fuel")):
        client("run", "--report", "report.json", "exit.wasm")
        got = client("run", "--report", "report.json", *words)
        checks.ends(f"a wrong command line: {title}", got, 64, text)
        checks.that("leaves no report of an earlier run", not report.exists())
    for name in ("exit.wasm", "kept"):
        (folder / "kept").write_text("not a report")
        checks.ends(f"a wrong command line with --report {name}", client("run", "--report", name, "--fuel", "x", "exit.wasm"), 64)
    checks.that("takes no other file away", (folder / "kept").read_text() == "not a report"
                and (folder / "exit.wasm").read_bytes() == before)
    client("run", "--report", "report.json", "exit.wasm")
    checks.that("help is no wrong command line", client("run", "--report", "report.json", "--help")[0] == 0 and report.exists())
    checks.ends("a report in no folder", client("run", "--report", "gone/report", "exit.wasm"), 74, "gone/report")
    checks.ends("a report in place of a folder", client("run", "--report", ".", "exit.wasm"), 74, "Is a directory")
    fifo = folder / "fifo"
    os.mkfifo(fifo)
    checks.ends("a FIFO that nobody reads", client("run", "--report", "fifo", "exit.wasm"), 74, "fifo", "nobody reads it")
    with subprocess.Popen(["cat", fifo], stdout=subprocess.PIPE) as reader:
        code, _, _ = client("run", "--report", "fifo", "exit.wasm")
        read = reader.communicate(timeout=SECONDS)[0]
    checks.that("a FIFO with a reader", code == 41 and json.loads(read)["verdict"] == "ok", (code, read))
    checks.that("a FIFO stays one", stat.S_ISFIFO(fifo.stat().st_mode))
    code, out, _ = client("run", "--report", "/dev/stdout", "exit.wasm")
    checks.that("a report on standard output", code == 41 and json.loads(out)["verdict"] == "ok", out)
    code, out, _ = client("run", "--report", "-", "hello.wasm")
    greeting, _, rest = out.partition("\n")
    checks.that("a report on standard output, by its short name", code == 0 and greeting == "hello"
                and json.loads(rest)["verdict"] == "ok" and not (folder / "-").exists(), out)


def check_output(checks, client, folder):
    def run_into(stdout, module="flood.wasm", words=(), **options):
        process = subprocess.Popen([client.slackctl, "run", "--private", *words, module], cwd=folder,
                                   stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, **options)
        return process

    read, write = os.pipe()
    with run_into(write, words=["--report", "pipe-report"]) as process:
        os.close(write)
        first = os.read(read, 6)
        os.close(read)
        stderr = process.communicate(timeout=SECONDS)[1].decode()
    checks.that("a reader that left ends slackctl as it would any program", process.returncode == -signal.SIGPIPE
                and first == b"hello\n" and not stderr, (process.returncode, first, stderr))
    checks.that("and the report is there", json.loads((folder / "pipe-report").read_text())["verdict"] == "ok")
    line = f"{client.slackctl} run --private flood.wasm | head -1; echo ${{PIPESTATUS[@]}}"
    shell = subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, timeout=SECONDS, check=False)
    checks.that("in a shell's pipe that is 141", shell.stdout.split() == [b"hello", b"141", b"0"], shell)
    read, write = os.pipe()
    os.close(read)
    with run_into(write, preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN), restore_signals=False) as process:
        os.close(write)
        stderr = process.communicate(timeout=SECONDS)[1].decode()
    for title, expected, code in (("ends slackctl", {}, -signal.SIGPIPE),
                                  ("is an error where SIGPIPE is ignored", {"preexec_fn": lambda: signal.signal(
                                      signal.SIGPIPE, signal.SIG_IGN), "restore_signals": False}, 74)):
        for module in ("exit.wasm", "hello.wasm"):
            left, closed = os.pipe()
            os.close(left)
            with run_into(closed, module, ["--report", "-"], **expected) as reporting:
                os.close(closed)
                said = reporting.communicate(timeout=SECONDS)[1].decode()
            checks.that(f"a report of {module} on an output whose reader left {title}", reporting.returncode == code
                        and bool(said) == (code == 74), (reporting.returncode, said))
    checks.ends("a reader that left, SIGPIPE ignored", (process.returncode, "", stderr), 74, "output was not released")
    with open("/dev/full", "wb") as full:
        checks.ends("no space for the output", client("run", "hello.wasm", stdout=full), 74, "No space left")
        checks.ends("no space for a text longer than a buffer", client("run", "--help", stdout=full), 74, "standard output")
        checks.ends("no space for a short text", client("--version", stdout=full), 74, "standard output")
    with open("/dev/null", "rb") as read_only:
        checks.ends("an output that is only read", client("run", "hello.wasm", stdout=read_only), 74, "standard output",
                    "/dev/null")
    checks.ends("a closed output", client("run", "hello.wasm", stdout=None, preexec_fn=lambda: os.close(1)), 74,
                "standard output", "closed")
    code, out, _ = client("run", "hello.wasm", stderr=None, preexec_fn=lambda: os.close(2))
    checks.that("a closed standard error", code == 74 and not out, (code, out))
    code, out, _ = client("run", "hello.wasm", stdin=None, preexec_fn=lambda: os.close(0))
    checks.that("a closed standard input is an empty one", code == 0 and out == "hello\n", (code, out))
    checks.that("a closed output of --help is an error", client("--help", stdout=None, preexec_fn=lambda: os.close(1))[0] == 74)


def check_report_of_input(checks, client):
    before = open(os.path.join(client.folder, "hello.wasm"), "rb").read()
    checks.ends("a report in the module's place", client("run", "--report", "hello.wasm", "hello.wasm"), 64, "--report", "hello.wasm")
    checks.that("the module is still there", open(os.path.join(client.folder, "hello.wasm"), "rb").read() == before)


def check_unreachable(checks, client):
    nowhere = {"env": os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"}}
    for words in (["list"], ["stop", "1"]):
        got = client(*words, **nowhere)
        checks.ends(f"no system bus for {words[0]}", got, 69, "system bus", "Ctrl-C stops a private one")
        checks.that("which has no --private to advise", "--private" not in got[2] and "--private" not in client(words[0], "--help")[1],
                    got[2])
    checks.ends("no system bus for --system", client("run", "hello.wasm", service="--system", **nowhere), 69, "system bus",
                "use --private")
    checks.ends("no system bus for prune", client("prune", "--system", **nowhere), 69, "system bus", "use --private")


def check_stop(checks, client):
    """On a bus with a slackd of the test's own."""
    checks.ends("a run that is not there", client("stop", "4711"), 66, "no run 4711", "slackctl list")
    checks.ends("a run that is not there, by its path", client("stop", "/org/slackd/Slack1/run/4711"), 66, "no run 4711")
    for odd in ("/foo", "/org/slackd/Slack1", "-1x", "seven", "7 8", "99999999999999999999", "/org/slackd/Slack1/run/7x", "\x1b[2J"):
        code, _, stderr = client("stop", "--", odd)
        checks.that(f"stop {odd!r}", code == 64 and len(stderr.splitlines()) == 1 and "\x1b" not in stderr
                    and "org.freedesktop" not in stderr, (code, stderr))
    with subprocess.Popen([client.slackctl, "run", "--system", "--output", "5G", "endless.wasm"], cwd=client.folder, stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as process:
        wait_until(lambda: is_running(client, "endless.wasm"), "run that runs")
        number = client("list")[1].splitlines()[1].split()[0]
        second = subprocess.Popen([client.slackctl, "run", "--system", "--output", "5G", "hello.wasm"], cwd=client.folder,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        wait_until(lambda: "hello.wasm" in client("list")[1], "waiting run in the list")
        checks.that("more held output than is left waits", second.poll() is None)
        if os.geteuid() == 0:
            os.chmod(os.path.dirname(os.environ["DBUS_SYSTEM_BUS_ADDRESS"].removeprefix("unix:path=")), 0o755)
            checks.ends("somebody else's run", client("stop", number, user=65534, group=65534, extra_groups=[], cwd="/"), 77)
        else:
            checks.skip("somebody else's run", "needs root")
        checks.that("stop of a live run", client("stop", number)[0] == 0)
        stderr = process.communicate(timeout=SECONDS)[1].decode()
        output = second.communicate(timeout=SECONDS)[0].decode()
        checks.that("and runs when there is room", (second.returncode, output) == (0, "hello\n"), (second.returncode, output))
    checks.ends("what it was told", (process.returncode, "", stderr), 137, "killed after ", ": stopped by " + ("root" if os.geteuid() == 0 else "user"))


def check_end_of_service(checks, client, bus):
    """What slackd does at a signal, as its manual page says."""
    for number, code, texts in ((signal.SIGTERM, 137, ["killed after ", ": slackd was ended by SIGTERM"]),
                                (signal.SIGINT, 137, ["killed after ", ": slackd was ended by SIGINT"]),
                                (signal.SIGHUP, 69, ["slackd left the system bus"])):
        with bus():
            with subprocess.Popen([client.slackctl, "run", "--system", "endless.wasm"], cwd=client.folder, stdin=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE) as process:
                wait_until(lambda: is_running(client, "endless.wasm"), "run that runs")
                os.kill(child_named("slackd"), number)
                stderr = process.communicate(timeout=SECONDS)[1].decode()
            checks.ends(f"a run whose slackd gets {number.name}", (process.returncode, "", stderr), code, *texts)
            if number == signal.SIGHUP:
                got = client("list")
                checks.ends("list without a slackd", got, 69, "start slackd.service", "Ctrl-C stops a private one")
                checks.that("which advises no --private", "--private" not in got[2], got[2])


def child_named(name):
    """The process id of this program's own child."""
    children = pathlib.Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return next(int(pid) for pid in children if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == name)


def main():
    # What this was started with (nohup, or in the background of a script), slackctl would leave ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slackctl", required=True)
    parser.add_argument("--slackd", required=True)
    parser.add_argument("--wasm-tools", required=True)
    arguments = parser.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        sources = {"hello": HELLO.replace("LINES", "1"), "flood": HELLO.replace("LINES", "200000"), "endless": ENDLESS, "exit": EXIT,
                   "traps": TRAPS}
        for module, text in sources.items():
            subprocess.run([arguments.wasm_tools, "parse", "-", "-o", folder / f"{module}.wasm"], input=text.encode(), check=True)
        client = Client(os.path.abspath(arguments.slackctl), folder)
        check_tables(checks, client)
        check_command_line(checks, client)
        check_ranges(checks, client)
        check_files(checks, client)
        check_verdicts(checks, client)
        check_reports(checks, client, folder)
        check_output(checks, client, folder)
        check_report_of_input(checks, client)
        check_unreachable(checks, client)
        if shutil.which("dbus-daemon"):
            with own_bus(client.slackctl, arguments.slackd, folder / "slackd.log"):
                check_stop(checks, client)
            check_end_of_service(checks, client, lambda: own_bus(client.slackctl, arguments.slackd, folder / "slackd.log"))
        else:
            checks.skip("slackctl on a bus", "needs dbus-daemon")
    print(f"{checks.passed} passed, {checks.failed} failed, {checks.skipped} skipped")
    return 1 if checks.failed or not checks.passed else 0


if __name__ == "__main__":
    sys.exit(main())
