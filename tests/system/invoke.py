#!/usr/bin/env python3
# Arguments and results of one function on the command line, in all types, and what --deterministic makes of NaNs.
"""Usage: invoke.py --slackctl PROGRAM --wasm-tools PROGRAM

Every call is a run of its own under a private slackd. The last line is `N passed, N failed, N skipped`.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

SECONDS = 60
MODULE = """(module
  (func (export "numbers") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
    (local.get 3) (local.get 2) (local.get 1) (local.get 0))
  (func (export "add") (param v128 v128) (result v128) (i32x4.add (local.get 0) (local.get 1)))
  (func (export "0/0") (param f64) (result i64) (i64.reinterpret_f64 (f64.div (local.get 0) (local.get 0))))
  (func (export "roots") (param v128) (result v128) (f32x4.sqrt (local.get 0)))
  (func (export "negated") (param v128) (result v128) (f64x2.neg (local.get 0))))"""
VECTOR = "0x00000001000000020000000300000004"
MINUS_ONES = "0xbf800000bf8000003f80000000000000"  # two lanes of -1, one of 1, one of 0
CALLS = [  # title, options, function, arguments, exit code, what is printed
    ("numbers come back in their types", [], "numbers", ["-1", "0x10", "1.5", "-0.25"], 0, "-0.25 1.5 16 -1"),
    ("vectors are hexadecimal", [], "add", [VECTOR, "0x1"], 0, "0x00000001000000020000000300000005"),
    ("lanes do not carry over", [], "add", [VECTOR, "0xffffffff"], 0, "0x00000001000000020000000300000003"),
    ("a decimal vector is refused", [], "add", [VECTOR, "1"], 64, "parameter 2 of add (v128)"),
    ("a vector of too many digits is refused", [], "add", ["0x" + "1" * 33, "0x1"], 64, "parameter 1 of add (v128)"),
    ("a number that does not fit is a wrong command line", [], "0/0", ["one"], 64, "parameter 1 of 0/0 (f64)"),
    ("an argument too few is a wrong command line", [], "0/0", [], 64, "0/0"),
    ("an argument too many is a wrong command line", [], "0/0", ["1", "2"], 64, "0/0"),
    ("a function that there is not is the module's lack", [], "gone", [], 126, "gone"),
    ("the processor's own NaN is negative", [], "0/0", ["0"], 0, str(0xFFF8 * 2**48 - 2**64)),
    ("a deterministic NaN is positive", ["--deterministic"], "0/0", ["0"], 0, str(0x7FF8 * 2**48)),
    ("and so is a given one that went through arithmetic", ["--deterministic"], "0/0", ["-nan"], 0, str(0x7FF8 * 2**48)),
    ("the processor's own NaNs in lanes", [], "roots", [MINUS_ONES], 0, "0xffc00000ffc000003f80000000000000"),
    ("deterministic NaNs in lanes", ["--deterministic"], "roots", [MINUS_ONES], 0, "0x7fc000007fc000003f80000000000000"),
    ("the sign is the module's to change", ["--deterministic"], "negated", ["0x7ff8000000000000"], 0,
     "0x8000000000000000fff8000000000000"),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[1])
    parser.add_argument("--slackctl", required=True)
    parser.add_argument("--wasm-tools", required=True)
    arguments = parser.parse_args()
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        module = pathlib.Path(folder) / "values.wasm"
        subprocess.run([arguments.wasm_tools, "parse", "-", "-o", module], input=MODULE.encode(), check=True)
        for title, options, function, values, code, expected in CALLS:
            command = [arguments.slackctl, "run", "--private", *options, "--invoke", function, module, *values]
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
            got = " ".join(done.stdout.split()) if code == 0 else done.stderr
            right = done.returncode == code and (got == expected if code == 0 else expected in got)
            passed, failed = (passed + 1, failed) if right else (passed, failed + 1)
            print(f"ok   {title}" if right else f"FAIL {title}: exit {done.returncode}, {got!r}, expected {expected!r}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
