#!/usr/bin/env python3
"""Runs every hostile module of the zoo through slackctl and checks that it ends with the verdict written in its head.

A head line `;; run: OPTIONS [< pipe|stop] => VERDICT [exact] [silent] [by SECONDSs] [EXIT_CODE] ["TEXT"]` is one test:
`< pipe` gives it an input that never comes, `< stop` stops it once it has written something; `exact` wants an exact fuel
figure over the limit, `silent` wants no output, `by` wants it to have run no longer, TEXT must stand in the trap message or
the reason. Where metering leaves nothing to park by, no run may have been armed.
"""
import argparse
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
EXIT_CODES = {"trap": 134, "out_of_fuel": 123, "deadline": 124, "limit": 122, "killed": 137, "refused": 126,
              "crashed": 125}
RUN_LINE = re.compile(r"^;; run:(?P<options>[^=<]*)(<\s*(?P<input>pipe|stop))?\s*=>\s*(?P<verdict>\w+)(?P<rest>.*)$")


def expectations(wat):
    for line in wat.read_text().splitlines():
        if match := RUN_LINE.match(line):
            words = shlex.split(match["rest"])
            texts = re.findall(r'"([^"]*)"', match["rest"])
            codes = [int(word) for word in words if word.isdigit()]
            yield {"options": shlex.split(match["options"]), "input": match["input"], "verdict": match["verdict"],
                   "exact": "exact" in words, "silent": "silent" in words, "text": texts[0] if texts else None,
                   "by": float(words[words.index("by") + 1].rstrip("s")) if "by" in words else None,
                   "exit_code": codes[0] if codes else EXIT_CODES.get(match["verdict"], 0)}


def check(slackctl, wasm, want, service):
    """Returns what is wrong, or None."""
    with tempfile.TemporaryDirectory() as folder:
        report_file = pathlib.Path(folder, "report.json")
        command = [slackctl, "run", *service, "--report", str(report_file), *want["options"], str(wasm)]
        pipe_read, pipe_write = os.pipe()
        process = subprocess.Popen(command, stdin=pipe_read if want["input"] == "pipe" else subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            if want["input"] == "stop" and os.read(process.stdout.fileno(), 1):
                process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return "slackctl did not end within 60 s"
        finally:
            os.close(pipe_read)
            os.close(pipe_write)
        if not report_file.exists():
            return f"no report; exit {process.returncode}; stderr: {stderr.decode(errors='replace').strip()}"
        report = json.loads(report_file.read_text())
    if report["verdict"] != want["verdict"]:
        return f"verdict {report['verdict']} ({report.get('trap') or report.get('reason')}), expected {want['verdict']}"
    if process.returncode != want["exit_code"]:
        return f"exit code {process.returncode}, expected {want['exit_code']}"
    if want["by"] and report["run_usec"] > want["by"] * 1e6:
        return f"it ran for {report['run_usec']} us, expected {want['by']} s at the most"
    if "--metering" in want["options"] and report["arms"]:
        return f"armed {report['arms']} times, with nothing to park by"
    if want["text"] and want["text"] not in f"{report.get('trap')} {report.get('reason')}":
        return f"trap {report.get('trap')!r}, reason {report.get('reason')!r}: no {want['text']!r} in them"
    if want["exact"] and not (report["fuel_exact"] and report["fuel_consumed"] > report["fuel_limit"]):
        return f"fuel {report['fuel_consumed']} of {report['fuel_limit']}, exact: {report['fuel_exact']}"
    if want["silent"] and stdout:
        return f"output {stdout!r} became visible"
    lines = stderr.decode(errors="replace").splitlines()
    if want["verdict"] != "ok" and len(lines) != 1:
        return f"{len(lines)} lines on standard error, expected one: {lines[:3]}"
    return None


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a script it is ignored, and so would slackctl
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slackctl", required=True)
    parser.add_argument("--wasm-tools", required=True)
    parser.add_argument("--service", default="--private", help="--private or --system")
    parser.add_argument("--as-user", type=int, help="also drop to this uid: the unprivileged path")
    parser.add_argument("only", nargs="*", help="names of modules; all without")
    arguments = parser.parse_args()
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        wasm_files = {}
        for wat in sorted((HERE / "wat").glob("*.wat")):
            if arguments.only and wat.stem not in arguments.only:
                continue
            wasm = pathlib.Path(folder, wat.stem + ".wasm")
            subprocess.run([arguments.wasm_tools, "parse", wat, "-o", wasm], check=True)
            wasm.chmod(0o644)
            wasm_files[wat] = wasm
        if arguments.as_user is not None:
            os.setgroups([])
            os.setresgid(arguments.as_user, arguments.as_user, arguments.as_user)
            os.setresuid(arguments.as_user, arguments.as_user, arguments.as_user)
            tempfile.tempdir = "/tmp"
        for wat, wasm in wasm_files.items():
            for want in expectations(wat):
                if arguments.as_user is not None:
                    want["exact"] = False  # no BPF: the published figure
                wrong = check(arguments.slackctl, wasm, want, [arguments.service])
                title = f"{wat.stem} {' '.join(want['options'])} => {want['verdict']}"
                passed, failed = (passed + 1, failed) if wrong is None else (passed, failed + 1)
                print(f"{'ok  ' if wrong is None else 'FAIL'} {title}{'' if wrong is None else ': ' + wrong}", flush=True)
        if arguments.as_user is not None:
            os.chdir("/")
            print(f"{passed} passed, {failed} failed, 0 skipped", flush=True)
            os._exit(1 if failed or not passed else 0)  # the folder is root's to remove
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
