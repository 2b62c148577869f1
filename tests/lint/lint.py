#!/usr/bin/env python3
# Checks what a compiler does not: where files lie, who includes whom, how files begin, and that scripts are sound.
"""Usage: tests/lint/lint.py [ROOT]. Prints a line for each check, each violation before it, and the counts at the end."""
import ast
import os
import pathlib
import re
import subprocess
import sys

# --- Layout: what may stand at the top, and in the folders whose parts have fixed names. Dot-files may stand anywhere.
TOP_FOLDERS = {"daemon", "jit", "kmod-free-bpf", "client", "tests", "packaging"}
TOP_FILES = {"meson.build", "meson_options.txt", "README.md", "LICENSE"}
PARTS = {
    "daemon": {"base", "wire", "sandbox", "monitor", "run", "cache", "bus", "worker"},
    "jit": {"wasm", "meter", "llvm", "image"},
    "client": {"verbs"},
}

# --- Includes: each folder and what it may include besides itself. A folder's files are those of the longest matching
# row; "+" in front of a name stands for that folder and everything it may include.
ARROWS = {
    "daemon/base": [],
    "daemon/wire": ["daemon/base"],
    "daemon/sandbox/policy": ["+daemon/wire"],
    "daemon/sandbox": ["+daemon/sandbox/policy"],
    "daemon/cache": ["+daemon/wire"],
    "daemon/monitor": ["+daemon/wire", "jit/image", "kmod-free-bpf"],
    "daemon/run": ["+daemon/sandbox", "+daemon/monitor", "+daemon/cache"],
    "daemon/bus": ["+daemon/run"],
    "daemon/worker": ["+daemon/wire", "daemon/sandbox/policy", "jit/image"],
    "daemon": ["+daemon/bus"],  # main
    "jit/image": ["+daemon/wire"],
    "jit/wasm": ["+daemon/wire"],
    "jit/meter": ["+jit/wasm"],
    "jit/llvm": ["+jit/meter", "+jit/image"],
    "jit": ["+jit/llvm", "daemon/sandbox/policy"],  # main
    "kmod-free-bpf": ["daemon/base"],
    "client": ["+daemon/wire"],
    "packaging": [],
    "tests": ["*"],
}
# Files that may do what their folder may not, because they put programs together.
MAIN_FILES = re.compile(r"^jit/llvm/(main|slack_compile|compiler_main)\.cpp$")
# Headers of libraries, and the folders that may include them. Tests may include all.
LIBRARY_HEADERS = [
    (re.compile(r"^(llvm|llvm-c|lld|clang)/"), {"jit/llvm"}),
    (re.compile(r"^bpf/"), {"kmod-free-bpf"}),
    (re.compile(r"^systemd/sd-bus"), {"daemon/bus", "client"}),
    (re.compile(r"^liburing"), {"daemon/monitor"}),
]
GENERATED_HEADERS = re.compile(r"(\.skel\.h|/vmlinux\.h|^vmlinux\.h|_generated\.hpp|\.inc)$")

MOST_LINES = 800
FORBIDDEN = re.compile(r"\b(" + "|".join(["TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK"]) + r")\b")
CODE = (".c", ".cpp", ".h", ".hpp")
SOURCE = CODE + (".def", ".py", ".sh", ".S")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def files_of(root):
    """Tracked files and new ones that are not ignored, as paths relative to the root."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            capture_output=True, check=False)
    if listed.returncode == 0:
        names = sorted(set(listed.stdout.decode().split("\0")) - {""})
    else:  # an unpacked release
        names = sorted(str(path.relative_to(root)) for path in root.rglob("*")
                       if path.is_file() and not path.relative_to(root).parts[0].startswith("build"))
    return [name for name in names if (root / name).is_file()]


class Repository:
    def __init__(self, root):
        self.root = root
        self.files = files_of(root)
        self.texts = {}
        for name in self.files:
            try:
                self.texts[name] = (root / name).read_text(encoding="utf-8")
            except UnicodeDecodeError:
                pass  # binary

    def scripts(self):
        return {name: text for name, text in self.texts.items() if text.startswith("#!")}


def hidden(name):
    return name.startswith(".") or "/." in name


def check_layout(repository):
    for name in repository.files:
        if hidden(name):
            continue
        parts = name.split("/")
        wrong = None
        if len(parts) == 1 and name not in TOP_FILES:
            wrong = "is not one of the files at the top: " + " ".join(sorted(TOP_FILES))
        elif len(parts) > 1 and parts[0] not in TOP_FOLDERS:
            wrong = "is in none of the top folders: " + " ".join(sorted(TOP_FOLDERS))
        elif len(parts) > 2 and parts[0] in PARTS and parts[1] not in PARTS[parts[0]]:
            wrong = f"{parts[0]} has only the parts " + " ".join(sorted(PARTS[parts[0]]))
        yield name, wrong


def check_readmes(repository):
    for folder in sorted(TOP_FOLDERS):
        name = folder + "/README.md"
        yield name, None if name in repository.files else "is missing"


def reachable(folder):
    """The folder and everything its row allows, with + followed."""
    found = {folder}
    for arrow in ARROWS[folder]:
        found |= reachable(arrow[1:]) if arrow.startswith("+") else {arrow}
    return found


def row_of(name):
    folder = os.path.dirname(name)
    while folder and folder not in ARROWS:
        folder = os.path.dirname(folder)
    return folder


def include_violation(repository, name, quoted, header):
    folder = row_of(name)
    if folder == "tests":
        return None
    for pattern, allowed in LIBRARY_HEADERS:
        if pattern.match(header) and folder not in allowed:
            return f"includes {header}: only for {' '.join(sorted(allowed))}"
    if not quoted or GENERATED_HEADERS.search(header):
        return None
    if header not in repository.files:
        return f'includes "{header}", which is no file by its path from the root'
    target = row_of(header)
    allowed = reachable("jit") if MAIN_FILES.match(name) else reachable(folder)
    if target not in allowed:
        return f'includes "{header}": {folder} may include {" ".join(sorted(allowed - {folder})) or "nothing else"}'
    return None


def check_includes(repository):
    for name, text in repository.texts.items():
        if not name.endswith(CODE + (".def",)):
            continue
        if not row_of(name):
            yield name, "is in no folder of the table of arrows"
            continue
        violations = []
        for number, line in enumerate(text.splitlines(), 1):
            if match := INCLUDE.match(line):
                if violation := include_violation(repository, name, match[1] == '"', match[2]):
                    violations.append(f"line {number} {violation}")
        yield name, "; ".join(violations) or None


def opening_sentence(name, text):
    """The first paragraph of the comment that a file begins with."""
    lines = text.splitlines()
    if lines and lines[0].startswith("#!"):
        lines = lines[1:]
    mark = "#" if name.endswith((".py", ".sh")) or text.startswith("#!") else "//"
    if lines and "SPDX-License-Identifier" in lines[0]:
        lines = lines[1:]
    joined = "\n".join(lines).lstrip()
    for opening, closing in (('"""', '"""'), ("/*", "*/")):
        if joined.startswith(opening):
            return joined[len(opening):].split(closing)[0].split("\n\n")[0].strip()
    sentence = []
    for line in lines:
        if not line.startswith(mark) or not line[len(mark):].strip() or "clang-format off" in line:
            break
        sentence.append(line[len(mark):].strip())
    return " ".join(sentence)


def check_openings(repository):
    for name, text in repository.texts.items():
        if not name.endswith(SOURCE) and not text.startswith("#!"):
            continue
        sentence = opening_sentence(name, text)
        yield name, None if re.search(r"\w.*[.:]$", sentence, re.DOTALL) else "does not begin with a sentence that says what it is for"


def check_lengths(repository):
    for name, text in repository.texts.items():
        if name.endswith(SOURCE) or text.startswith("#!"):
            count = text.count("\n")
            yield name, f"has {count} lines, at most {MOST_LINES} are allowed" if count > MOST_LINES else None


def check_words(repository):
    for name, text in repository.texts.items():
        if name == "LICENSE":
            continue
        found = [f"line {number}: {match[0]}" for number, line in enumerate(text.splitlines(), 1)
                 for match in [FORBIDDEN.search(line)] if match]
        yield name, "has words that do not belong in finished work: " + "; ".join(found) if found else None


def check_format(repository):
    names = [name for name in repository.texts if name.endswith(CODE)]
    for start in range(0, len(names), 50):
        batch = names[start:start + 50]
        done = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *batch], cwd=repository.root,
                              capture_output=True, text=True, check=False)
        errors = {}
        for match in re.finditer(r"^(\S+?):(\d+):\d+: error:", done.stderr, re.MULTILINE):
            errors.setdefault(match[1], match[2])
        if done.returncode != 0 and not errors:
            yield "clang-format-19", done.stderr.strip() or "failed"
        for name in batch:
            yield name, f"line {errors[name]}: run clang-format-19 -i on it" if name in errors else None


def script_violation(repository, name, text):
    if not os.access(repository.root / name, os.X_OK):
        return "begins with #! and is not executable"
    interpreter = text.splitlines()[0]
    if "python" in interpreter:
        try:
            ast.parse(text, name)
        except SyntaxError as error:
            return f"line {error.lineno}: {error.msg}"
    elif re.search(r"\b(ba)?sh\b", interpreter):
        done = subprocess.run(["bash", "-n", name], cwd=repository.root, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return done.stderr.strip()
        if "bash" in interpreter and "set -euo pipefail" not in text:
            return "lacks set -euo pipefail"
    else:
        return f"has an interpreter that is neither bash nor python: {interpreter}"
    return None


def check_scripts(repository):
    scripts = repository.scripts()
    for name, text in scripts.items():
        yield name, script_violation(repository, name, text)
    for name in repository.files:
        if name not in scripts and os.access(repository.root / name, os.X_OK):
            yield name, "is executable and does not begin with #!"


# --- Manual pages: each program's, the sources that name its options, and what else must name them. An option of slackctl
# is a string "--word" in a verb, one of slackd a row of getopt's table.
MANUALS = [
    ("packaging/man/slackctl.1", "client/verbs/", re.compile(r'"--([a-z][a-z-]+)"'),
     ["packaging/completions/slackctl.bash", "packaging/completions/_slackctl"]),
    ("packaging/man/slackd.8", "daemon/main.cpp", re.compile(r'\{"([a-z-]+)", (?:no|required)_argument'), []),
]


def check_manuals(repository):
    for manual, sources, pattern, others in MANUALS:
        options = {option for name, text in repository.texts.items() if name.startswith(sources)
                   for option in pattern.findall(text)} | {"help", "version"}
        for name, mark in [(manual, "Fl -"), *((other, "--") for other in others)]:
            text = repository.texts.get(name, "")
            named = set(re.findall(re.escape(mark) + r"([a-z][a-z-]+)", text))
            lacking, unknown = sorted(options - named), sorted(named - options)
            wrong = [f"lacks --{option}" for option in lacking] + [f"has --{option}, which is no option" for option in unknown]
            yield name, "; ".join(wrong) or None
        macros = [f"line {number}: {line}" for number, line in enumerate(repository.texts.get(manual, "").splitlines(), 1)
                  if len(line) > 130 or line != line.rstrip() or re.match(r"\.(?!\\\"|[A-Z][a-z]\b)", line)]
        yield manual, "; ".join(macros) or None


CHECKS = [("layout", check_layout), ("a README.md in each top folder", check_readmes), ("includes", check_includes),
          ("opening sentences", check_openings), ("file lengths", check_lengths), ("forbidden words", check_words),
          ("clang-format", check_format), ("scripts", check_scripts), ("manual pages", check_manuals)]


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    repository = Repository(root)
    failed_checks = 0
    for title, check in CHECKS:
        passed = failed = 0
        for name, wrong in check(repository):
            if wrong:
                print(f"  {name}: {wrong}")
                failed += 1
            else:
                passed += 1
        failed_checks += failed > 0 or passed == 0
        print(f"{title}: {passed} passed, {failed} failed, 0 skipped")
    print(f"{len(CHECKS) - failed_checks} passed, {failed_checks} failed, 0 skipped")
    return 1 if failed_checks else 0


if __name__ == "__main__":
    sys.exit(main())
