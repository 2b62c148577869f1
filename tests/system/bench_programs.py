#!/usr/bin/env python3
# Every program of the benchmark archive through slackctl: right output, verdict ok, and the fuel that wasmtime counts.
"""Runs each program twice, through a private slackd and through one on a system bus of the test's own.

With --deterministic, an empty environment and the program's folder as the module's '.', standard output, standard error
and fuel_consumed must equal those of the oracle (tests/oracle/wasmtime_run.py); output must also equal the archive's
.expected files. coremark calibrates itself by the clock: it must end ok and print a plausible score.
"""
import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ORACLE = HERE.parent / "oracle" / "wasmtime_run.py"
RUN_SECONDS = 300
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/><allow receive_type="signal"/>
    <allow receive_type="method_return"/><allow receive_type="error"/>
  </policy>
</busconfig>
"""


class Failure(Exception):
    pass


def name_of(wasm):
    return wasm.parent.name if wasm.stem in ("benchmark", wasm.parent.name) else wasm.stem


def oracle_result(python, wasm, cache):
    """The oracle's answer; kept in `cache` under a hash of everything it depends on."""
    digest = hashlib.sha256(ORACLE.read_bytes())
    digest.update(wasm.name.encode())
    for path in sorted(wasm.parent.iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    kept = cache / f"{name_of(wasm)}-{digest.hexdigest()[:16]}.json"
    if not kept.exists():
        done = subprocess.run([python, ORACLE, "--dir", ".", wasm.name], cwd=wasm.parent, capture_output=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=RUN_SECONDS)
        if done.returncode != 0:
            raise Failure(f"the oracle failed: {done.stderr.decode(errors='replace').strip()[-300:]}")
        kept.with_suffix(".new").write_bytes(done.stdout)
        kept.with_suffix(".new").rename(kept)
    return json.loads(kept.read_text())


def expected_file(wasm, stream):
    for stem in (wasm.stem, "default"):
        path = wasm.parent / f"{stem}.{stream}.expected"
        if path.exists():
            return path
    return None


def run(slackctl, service, wasm, options):
    with tempfile.TemporaryDirectory() as folder:
        report_file = pathlib.Path(folder, "report.json")
        command = [slackctl, "run", service, "--measure", "--wall", f"{RUN_SECONDS}s", "--report", report_file, *options,
                   "--dir", ".", wasm.name]
        done = subprocess.run(command, cwd=wasm.parent, capture_output=True, check=False, stdin=subprocess.DEVNULL,
                              timeout=2 * RUN_SECONDS)
        report = json.loads(report_file.read_text()) if report_file.exists() else None
    if report is None or report["verdict"] != "ok" or done.returncode != 0:
        verdict = report["verdict"] if report else "none"
        raise Failure(f"verdict {verdict}, exit {done.returncode}: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return report, done


def check_program(arguments, service, wasm):
    """Returns what to say about a program that did well; raises Failure."""
    if name_of(wasm) == "coremark":
        report, done = run(arguments.slackctl, service, wasm, ["--invoke", "run"])
        score = float(done.stdout.split()[-1])
        if score <= 0:
            raise Failure(f"score {score}")
        return f"score {score:.0f}"
    report, done = run(arguments.slackctl, service, wasm, ["--deterministic"])
    want = oracle_result(arguments.oracle_python, wasm, arguments.cache)
    for stream in ("stdout", "stderr"):
        got = getattr(done, stream)
        expected = expected_file(wasm, stream)
        if expected and got != expected.read_bytes():
            raise Failure(f"{stream} differs from {expected.name}: {got[-200:]!r}")
        if got != want[stream].encode("utf-8", "surrogateescape"):
            raise Failure(f"{stream} differs from the oracle's: {got[-200:]!r}")
    if report["exit_code"] != want["exit_code"]:
        raise Failure(f"exit code {report['exit_code']}, the oracle's is {want['exit_code']}")
    if not report["fuel_exact"] or report["fuel_consumed"] != want["fuel"]:
        raise Failure(f"fuel {report['fuel_consumed']} (exact: {report['fuel_exact']}), the oracle's is {want['fuel']}:"
                      f" {report['fuel_consumed'] - want['fuel']:+}")
    return f"fuel {want['fuel']:,}, compiled in {report['compile_usec'] / 1e6:.2f} s, ran {report['run_usec'] / 1e6:.2f} s"


def wait_for(condition, what, process, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None:
            raise SystemExit(f"{what}: {process.args[0]} ended with status {process.returncode}")
        if time.monotonic() > end:
            raise SystemExit(f"{what}: not within {seconds} s")
        time.sleep(0.02)


@contextlib.contextmanager
def started(command, **options):
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def own_bus(slackctl, slackd, log_file):
    """A dbus-daemon of our own, with slackd on it, in this process's environment."""
    with tempfile.TemporaryDirectory() as folder, open(log_file, "wb") as log:
        socket = pathlib.Path(folder, "socket")
        config = pathlib.Path(folder, "bus.conf")
        config.write_text(BUS_CONFIG.format(socket=socket))
        environment = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={socket}"}
        with started(["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--nosyslog"],
                     stderr=subprocess.DEVNULL) as bus:
            wait_for(socket.exists, "start a bus", bus)
            with started([slackd], env=os.environ | environment, stderr=log) as daemon:
                os.environ.update(environment)
                try:
                    wait_for(lambda: subprocess.run([slackctl, "list"], capture_output=True, check=False).returncode == 0,
                             "start slackd on the bus", daemon)
                    yield
                finally:
                    del os.environ["DBUS_SYSTEM_BUS_ADDRESS"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slackctl", required=True)
    parser.add_argument("--slackd", required=True)
    parser.add_argument("--data", required=True, type=pathlib.Path, help="the unpacked benchmark archive")
    parser.add_argument("--oracle-python", default=sys.executable, help="a Python that has wasmtime 50.0.1")
    parser.add_argument("--cache", required=True, type=pathlib.Path, help="folder for the oracle's answers")
    parser.add_argument("--service", choices=["private", "bus", "both"], default="both")
    parser.add_argument("programs", nargs="*", help="names; all without")
    arguments = parser.parse_args()
    modules = [wasm for wasm in sorted(arguments.data.glob("*/*.wasm"))
               if not arguments.programs or name_of(wasm) in arguments.programs]
    arguments.cache.mkdir(parents=True, exist_ok=True)
    passed = failed = 0
    for service in ("private", "bus"):
        if arguments.service not in (service, "both"):
            continue
        place = contextlib.nullcontext()
        if service == "bus":
            place = own_bus(arguments.slackctl, arguments.slackd, arguments.cache / "slackd-on-the-bus.log")
        with place:
            for wasm in modules:
                title = f"{service:<7} {name_of(wasm):<22}"
                try:
                    said = check_program(arguments, "--private" if service == "private" else "--system", wasm)
                    passed += 1
                    print(f"ok   {title} {said}", flush=True)
                except (Failure, subprocess.TimeoutExpired) as wrong:
                    failed += 1
                    print(f"FAIL {title} {wrong}", flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
