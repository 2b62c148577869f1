# What can run a program of the benchmark: slackd in each metering mode, and the peers it is compared with.
"""An engine prepares a program once (compiles it) and runs it as often as one likes, each time in a new process.

Times are microseconds of the region between the program's calls of bench.start and bench.end, taken inside the process that
runs it, so neither start-up nor compilation counts. The time of compilation is kept apart where the engine tells it.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).parent
TIMEOUT = 600


class Failed(Exception):
    """The engine could not do it; the text says why."""


@dataclass
class Run:
    usec: float
    output: bytes
    compile_usec: float | None = None


def checked(command, what, **options):
    """Runs `command` to its end. Returns (standard output, standard error, microseconds of CPU time)."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, **options)
        alarm = threading.Timer(TIMEOUT, child.kill)
        alarm.start()
        _, status, usage = os.wait4(child.pid, 0)
        alarm.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        for file in (out, err):
            file.seek(0)
        output, errors = out.read(), err.read()
    if child.returncode != 0:
        tail = (errors or output).decode(errors="replace").strip().splitlines()[-3:]
        raise Failed(f"{what}: exit {child.returncode}: {' / '.join(tail)}")
    return output, errors, (usage.ru_utime + usage.ru_stime) * 1e6


def report_run(command, program, environment=None):
    """Runs `command`, which writes a JSON line on descriptor BENCH_REPORT."""
    reader, writer = os.pipe()
    with os.fdopen(reader) as report_file:
        try:
            output, _, _ = checked(command, program.name, cwd=program.directory, pass_fds=[writer],
                              env={**os.environ, **(environment or {}), "BENCH_REPORT": str(writer)})
        finally:
            os.close(writer)
        report = json.loads(report_file.read() or "{}")
    return make_run(program, report, output)


def make_run(program, report, output):
    if program.times_itself:
        score = float(output.split()[-1])
        if score <= 0:  # what coremark answers when its own measurement failed
            raise Failed(f"{program.name}: its own measurement failed: score {score}")
        report["bench_usec"] = 1e9 / score
        output = b""
    if "bench_usec" not in report:
        raise Failed(f"{program.name}: the measured region was not entered or not left")
    return Run(float(report["bench_usec"]), output, report.get("compile_usec"))


@dataclass
class Slackd:
    """The image of slack-compile in a real slack-worker, in the sandbox, without a limit in sight."""
    build: pathlib.Path
    scratch: pathlib.Path
    mode: str
    layout: int = 0  # seed of a variation of where functions stand; 0: none
    compile_usec: dict = field(default_factory=dict)

    @property
    def name(self):
        return f"slackd:{self.mode}"

    def image(self, program):
        return self.scratch / "images" / f"{program.name}.{self.mode}.{self.layout}.elf"

    def prepare(self, program):
        image = self.image(program)
        image.parent.mkdir(parents=True, exist_ok=True)
        _, _, cpu = checked([self.build / "jit/llvm/slack-compile", program.wasm, "-o", image, f"--metering={self.mode}",
                          f"--layout-seed={self.layout}"], program.name)
        self.compile_usec[program.name] = cpu

    def run(self, program):
        start = ["--invoke", "run"] if program.times_itself else []
        output, errors, _ = checked([self.build / "tests/system/worker-host", "--measure", "--dir", ".", *start,
                           self.build / "daemon/worker/slack-worker", self.image(program)],
                          program.name, cwd=program.directory)
        return make_run(program, json.loads(errors.splitlines()[-1]), output)


@dataclass
class Daemon:
    """The whole way: slackctl, a private slackd with its monitor looking at a fuel limit far away, slacked."""
    build: pathlib.Path
    compile_usec: dict = field(default_factory=dict)
    name: str = "slackd:service"

    def prepare(self, program):
        self.compile_usec[program.name] = None

    def run(self, program):
        start = ["--invoke", "run"] if program.times_itself else []
        reader, writer = os.pipe()
        with os.fdopen(reader) as report_file:
            try:
                output, _, _ = checked([self.build / "client/slackctl", "run", "--private", "--measure", "--fuel", str(1 << 60),
                                   "--wall", "10min", "--report", f"/dev/fd/{writer}", *start, "--dir", ".", program.wasm],
                                  program.name, cwd=program.directory, pass_fds=[writer])
            finally:
                os.close(writer)
            report = json.load(report_file)
        return make_run(program, report, output)


@dataclass
class Wasmtime:
    scratch: pathlib.Path
    mode: str  # none, epoch, fuel
    compile_usec: dict = field(default_factory=dict)

    @property
    def name(self):
        return f"wasmtime:{self.mode}"

    def prepare(self, program):
        compiled = self.scratch / "wasmtime" / f"{program.name}.{self.mode}.cwasm"
        compiled.parent.mkdir(parents=True, exist_ok=True)
        compiled.unlink(missing_ok=True)
        self.compile_usec[program.name] = self.run(program).compile_usec

    def run(self, program):
        return report_run([sys.executable, HERE / "peers/wasmtime_host.py", self.mode, program.wasm,
                           self.scratch / "wasmtime" / f"{program.name}.{self.mode}.cwasm"], program)


@dataclass
class V8:
    compile_usec: dict = field(default_factory=dict)
    name: str = "v8"

    def prepare(self, program):
        self.compile_usec[program.name] = self.run(program).compile_usec

    def run(self, program):
        return report_run(["node", "--no-warnings", "--no-liftoff", "--no-wasm-lazy-compilation", HERE / "peers/v8_host.mjs",
                           program.wasm], program)


@dataclass
class Wasm2c:
    """wabt's wasm2c, its C compiled by clang 19: bounds by guard pages, without the reads it forces to keep dead loads."""
    scratch: pathlib.Path
    compile_usec: dict = field(default_factory=dict)
    name: str = "wasm2c"
    RUNTIME = pathlib.Path("/usr/share/wabt/wasm2c")

    def prepare(self, program):
        folder = self.scratch / "wasm2c" / program.name
        folder.mkdir(parents=True, exist_ok=True)
        source = folder / "program.c"
        _, _, cpu = checked(["wasm2c", "-n", "program", program.wasm, "-o", source], program.name)
        text = source.read_text()
        source.write_text(re.sub(r"^#define FORCE_READ(\w*)\((\w+)\).*$", r"#define FORCE_READ\1(\2)", text, flags=re.M))
        prototype = re.search(r"void Z_program_instantiate\(([^)]*)\)", (folder / "program.h").read_text()).group(1)
        hosts = {"Z_bench_instance_t": "&bench", "Z_wasi_snapshot_preview1_instance_t": "&wasi", "Z_env_instance_t": "&env"}
        given = ["&instance"] + [hosts[name] for name in re.findall(r"struct (\w+)\*", prototype)]
        _, _, clang = checked(["clang-19", "-O3", "-march=native", "-fno-strict-aliasing", "-w", f"-I{folder}", f"-I{self.RUNTIME}",
                            "-DWASM_RT_MEMCHECK_SIGNAL_HANDLER=1",
                            f"-DINSTANTIATE=Z_program_instantiate({','.join(given)})",
                            *(["-DBENCH_COREMARK"] if program.times_itself else []), source, HERE / "peers/wasm2c_host.c",
                            self.RUNTIME / "wasm-rt-impl.c", "-lm", "-o", folder / "program"], program.name)
        self.compile_usec[program.name] = cpu + clang

    def run(self, program):
        return report_run([self.scratch / "wasm2c" / program.name / "program"], program)
