#!/usr/bin/env python3
"""Runs the official WASI preview 1 suite through slackctl, one line a program.

The suite is a tree of NAME.wasm with NAME.json beside it (args, env, dirs, exit_code, stdout, stderr; defaults: nothing, exit
code 0), as its doc/specification.md says. It is copied first: the programs change their folders. Files and folders named
*.cleanup go before each program. The last line is `N passed, N failed, N skipped`.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SECONDS = 60


def specification(program):
    """What NAME.json asks for; a key of the specification that this runner does not know is an error."""
    path = program.with_suffix(".json")
    given = json.loads(path.read_text()) if path.exists() else {}
    defaults = {"args": [], "env": {}, "dirs": [], "exit_code": 0, "stdout": None, "stderr": None}
    if unknown := set(given) - set(defaults):
        raise SystemExit(f"wasi.py: {path}: unknown keys {', '.join(sorted(unknown))}")
    return defaults | given


def clean(folder):
    for path in sorted(folder.rglob("*.cleanup"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def check(command, program):
    """What is wrong with how the program ended, or None."""
    want = specification(program)
    clean(program.parent)
    words = list(command)
    for name in want["dirs"]:
        words += ["--dir", name]
    for name, value in want["env"].items():
        words += ["--env", f"{name}={value}"]
    try:
        done = subprocess.run([*words, program.name, *want["args"]], cwd=program.parent, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"slackctl did not end within {SECONDS} s"
    for stream in ("stdout", "stderr"):
        got = getattr(done, stream)
        if want[stream] is not None and got != want[stream].encode():
            return f"{stream} {got!r}, expected {want[stream]!r}"
    if done.returncode != want["exit_code"]:
        said = " / ".join(done.stderr.decode(errors="replace").split("\n")[:3])
        return f"exit code {done.returncode}, expected {want['exit_code']}: {said}"
    return None


def become(uid):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slackctl", required=True)
    parser.add_argument("--service", default="--private", help="--private or --system")
    parser.add_argument("--as-user", type=int, help="drop to this uid first: the unprivileged path")
    parser.add_argument("suite", type=pathlib.Path)
    parser.add_argument("only", nargs="*", help="names of programs; all without")
    arguments = parser.parse_args()
    # A program that ends badly has said why.
    command = [os.path.abspath(arguments.slackctl), "run", arguments.service, "--keep-output"]
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, "suite")
        shutil.copytree(arguments.suite, copy)
        if arguments.as_user is not None:
            for path in (pathlib.Path(folder), copy, *copy.rglob("*")):
                os.chown(path, arguments.as_user, arguments.as_user, follow_symlinks=False)
            become(arguments.as_user)
        for program in sorted(copy.rglob("*.wasm")):
            if arguments.only and program.stem not in arguments.only:
                continue
            wrong = check(command, program)
            passed, failed = (passed + 1, failed) if wrong is None else (passed, failed + 1)
            title = f"{program.parent.name}/{program.stem}"
            print(f"{'ok  ' if wrong is None else 'FAIL'} {title}{'' if wrong is None else ': ' + wrong}", flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
