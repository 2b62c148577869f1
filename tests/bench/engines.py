# What can run a program of the benchmark: slackd in each metering mode, and the peers it is compared with.
"""An engine prepares a program once (compiles it) and runs it as often as one likes, each time in a new process.

Times are microseconds of the region between the program's calls of bench.start and bench.end, taken inside the process that
runs it, so neither start-up nor compilation counts. The time of compilation is kept apart where the engine tells it.

What is compiled is kept in the scratch folder under a name that carries a digest of all it was made from: compiler, flags,
processor and module. What is there already is not compiled again, and `key` tells whether an old measurement is of the same thing.
"""
import functools
import hashlib
import importlib.metadata
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

from priority import Launch

HERE = pathlib.Path(__file__).parent
TIMEOUT = 900
INTERRUPTIONS = {signal.SIGINT, signal.SIGTERM}


class Failed(Exception):
    """The engine could not do it; the text says why."""


@dataclass
class Run:
    usec: float
    output: bytes
    compile_usec: float | None = None
    seconds: float = 0.0  # of the whole process
    counters: dict = field(default_factory=dict)
    fuel: list | None = None  # of the whole run and of the region, where both must be the same in every run; else None


def checked(command, what, launch=None, **options):
    """Runs `command` to its end. Returns (standard output, standard error, microseconds of CPU time)."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        # In the fork that a `launch` takes, the hooks of Python's own modules would swallow an interruption.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTIONS if launch else ())

        def begin():
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            launch()
        try:
            try:
                child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                         preexec_fn=begin if launch else None, start_new_session=True, **options)
            except (OSError, subprocess.SubprocessError) as error:
                raise Failed(f"{what}: cannot start {command[0]}: {error}") from error
            pidfd = os.pidfd_open(child.pid)
            try:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
                late = not select.select([pidfd], [], [], TIMEOUT)[0]
            finally:
                os.close(pidfd)
                # All of it: also when this program was interrupted, and whatever the command started.
                try:
                    os.killpg(child.pid, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    pass
                _, status, usage = os.wait4(child.pid, 0)
                child.returncode = os.waitstatus_to_exitcode(status)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for file in (out, err):
            file.seek(0)
        output, errors = out.read(), err.read()
    if late:
        raise Failed(f"{what}: not done after {TIMEOUT} s")
    if child.returncode != 0:
        tail = (errors or output).decode(errors="replace").strip().splitlines()[-3:]
        raise Failed(f"{what}: exit {child.returncode}: {' / '.join(tail)}")
    return output, errors, (usage.ru_utime + usage.ru_stime) * 1e6


@dataclass
class Measured:
    """How a measured process is started: at a priority, and under `perf stat` where events are asked for."""
    launch: Launch = Launch()
    events: str = ""

    def run(self, command, program, environment=None, **options):
        """Returns (standard output, standard error, seconds, {event: count})."""
        with tempfile.NamedTemporaryFile(mode="r") as counts:
            if self.events:
                command = ["perf", "stat", "-x", ";", "-o", counts.name, "-e", self.events, "--", *command]
            begin = time.monotonic()
            output, errors, _ = checked(command, program.name, self.launch, cwd=program.directory,
                                        env={**os.environ, **(environment or {})}, **options)
            return output, errors, time.monotonic() - begin, parse_counters(counts.read())

    def report_run(self, command, program, environment="BENCH_REPORT"):
        """Runs `command`, which writes a JSON line on the descriptor named in the environment; `command` is a function of it.
        Returns the run and what that line says."""
        reader, writer = os.pipe()
        with os.fdopen(reader) as report_file:
            try:
                output, _, seconds, counters = self.run(command(writer), program, {environment: str(writer)}, pass_fds=[writer])
            finally:
                os.close(writer)
            report = json.loads(report_file.read() or "{}")
        return make_run(program, report, output, seconds, counters), report


def parse_counters(text):
    """Of `perf stat -x ;`: value;unit;event;…. What was not counted is left out."""
    counters = {}
    for line in text.splitlines():
        parts = line.split(";")
        if len(parts) > 2 and re.fullmatch(r"[0-9.]+", parts[0]):
            counters[parts[2]] = float(parts[0])
    return counters


class Events:
    """What `perf stat` is to count: those asked for, or none, and why."""

    def __init__(self, wanted):
        self.why_not = counters_missing(wanted) if wanted else "not asked for"
        self.names = "" if self.why_not else wanted

    def __str__(self):
        return f"none: {self.why_not}" if self.why_not else f"{self.names}, by perf"


def counters_missing(events):
    """Why these events cannot be counted here; empty if they can."""
    try:
        done = subprocess.run(["perf", "stat", "-x", ";", "-e", events, "true"], capture_output=True, text=True, check=False)
    except OSError:
        return "perf is not installed"
    if len(parse_counters(done.stderr)) == len(events.split(",")):
        return ""
    if "not supported" in done.stderr:
        return "this processor does not offer them"
    return "perf does not count them: " + " ".join(done.stderr.split())[:200]


def make_run(program, report, output, seconds, counters):
    if program.times_itself:
        score = float(output.split()[-1])
        if score <= 0:  # what coremark answers when its own measurement failed
            raise Failed(f"{program.name}: its own measurement failed: score {score}")
        report["bench_usec"] = 1e9 / score
        output = b""
    if "bench_usec" not in report:
        raise Failed(f"{program.name}: the measured region was not entered or not left")
    return Run(float(report["bench_usec"]), output, report.get("compile_usec"), seconds, counters)


@functools.cache
def content(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


@functools.cache
def version(*command):
    """What a tool says of itself."""
    try:
        text = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failed(f"{command[0]} is not there or does not run: {error}") from error
    return text


@functools.cache
def linked(path):
    """The digest of a program and of the libraries it is linked with."""
    libraries = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
    found = [pathlib.Path(name).stat() for name in re.findall(r"(/\S+) \(0x", libraries)]
    return digest(content(path), *((each.st_size, each.st_mtime_ns) for each in found))


@functools.cache
def processor():
    return digest(*sorted(set(re.findall(r"^(?:model name|flags)\s*:.*$", pathlib.Path("/proc/cpuinfo").read_text(), re.M))))


def digest(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


class Kept:
    """A file that is made once: complete when it is there; what its making cost stands beside it."""

    def __init__(self, path):
        self.path = path
        self.note = path.with_name(path.name + ".cost")

    def cost(self):
        """Microseconds; None when the file is still to be made."""
        return float(self.note.read_text()) if self.path.exists() and self.note.exists() else None

    def make(self, work):
        """`work` makes the file at the path given and returns the microseconds."""
        if self.cost() is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = self.path.with_name(self.path.name + ".unfinished")
            unfinished.unlink(missing_ok=True)
            cost = work(unfinished)
            self.note.write_text(str(cost))
            unfinished.rename(self.path)
        return self.cost()


@dataclass
class Slackd:
    """The image of slack-compile in a real slack-worker, in the sandbox, without a limit in sight and without a monitor.

    Random numbers and clocks are the worker's own (--deterministic): so every mode and layout has the same work, to the unit of fuel.
    The clock of the measured region is the real one.
    """
    build: pathlib.Path
    scratch: pathlib.Path
    mode: str
    layout: int = 0  # seed of a variation of where functions stand; 0: none
    compile_usec: dict = field(default_factory=dict)
    COUNTING = ("counted", "slacked", "checked")
    OPTIONS = ["--measure", "--deterministic", "--dir", "."]

    @property
    def name(self):
        return f"slackd:{self.mode}"

    def image(self, program):
        made_of = digest(linked(self.build / "jit/llvm/slack-compile"), processor(), content(program.wasm), self.mode, self.layout)
        return Kept(self.scratch / "images" / f"{program.name}.{self.mode}.{self.layout}.{made_of}.elf")

    def key(self, program):
        return digest(self.image(program).path.name, linked(self.build / "daemon/worker/slack-worker"),
                      linked(self.build / "tests/system/worker-host"), self.OPTIONS)

    def prepare(self, program):
        def compile_to(path):
            _, _, cpu = checked([self.build / "jit/llvm/slack-compile", program.wasm, "-o", path, f"--metering={self.mode}",
                                 f"--layout-seed={self.layout}"], program.name)
            return cpu
        self.compile_usec[program.name] = self.image(program).make(compile_to)

    def run(self, program, measured):
        start = ["--invoke", "run"] if program.times_itself else []
        output, errors, seconds, counters = measured.run(
            [self.build / "tests/system/worker-host", *self.OPTIONS, *start, self.build / "daemon/worker/slack-worker",
             self.image(program).path], program)
        report = json.loads(errors.splitlines()[-1])
        run = make_run(program, report, output, seconds, counters)
        if self.mode in self.COUNTING and not program.times_itself:
            run.fuel = [report["fuel"], report["bench_fuel"]]
        return run


@dataclass
class Daemon:
    """The whole way: slackctl, a private slackd with its monitor looking at a fuel limit far away, slacked.

    Random numbers and clocks are real here: --deterministic would also have the compiler make code for its own NaNs.
    """
    build: pathlib.Path
    compile_usec: dict = field(default_factory=dict)
    name: str = "slackd:service"
    PARTS = ("jit/llvm/slack-compile", "daemon/bus/slackd", "daemon/worker/slack-worker", "client/slackctl")
    OPTIONS = ["--private", "--measure", "--fuel", str(1 << 60), "--wall", "10min", "--dir", "."]

    def key(self, program):
        return digest(*(linked(self.build / part) for part in self.PARTS), self.OPTIONS, processor(), content(program.wasm))

    def prepare(self, program):
        """It compiles in every run: all that is needed is there if there is a key."""
        self.key(program)
        self.compile_usec[program.name] = None

    def run(self, program, measured):
        start = ["--invoke", "run"] if program.times_itself else []
        run, report = measured.report_run(lambda writer: [
            self.build / "client/slackctl", "run", *self.OPTIONS, "--report", f"/dev/fd/{writer}", *start, program.wasm], program)
        if not program.times_itself and not program.asks_the_world:
            run.fuel = [report["fuel_consumed"], report["bench_fuel"]]
        return run


@dataclass
class Wasmtime:
    scratch: pathlib.Path
    mode: str  # none, epoch, fuel
    compile_usec: dict = field(default_factory=dict)
    HOST = HERE / "peers/wasmtime_host.py"

    @property
    def name(self):
        return f"wasmtime:{self.mode}"

    def key(self, program):
        return digest(self.wasmtime(), content(self.HOST), processor(), content(program.wasm), self.mode)

    @staticmethod
    @functools.cache
    def wasmtime():
        try:
            return importlib.metadata.version("wasmtime")
        except importlib.metadata.PackageNotFoundError as error:
            raise Failed(f"{sys.executable} has no package wasmtime: run this with the Python of tests/requirements.txt") from error

    def compiled(self, program):
        return Kept(self.scratch / "wasmtime" / f"{program.name}.{self.mode}.{self.key(program)}.cwasm")

    def prepare(self, program):
        def compile_to(path):
            output, _, _ = checked([sys.executable, self.HOST, self.mode, program.wasm, path, "--compile"], program.name)
            return json.loads(output)["compile_usec"]
        self.compile_usec[program.name] = self.compiled(program).make(compile_to)

    def run(self, program, measured):
        return measured.report_run(lambda _: [sys.executable, self.HOST, self.mode, program.wasm, self.compiled(program).path],
                                   program)[0]


@dataclass
class V8:
    compile_usec: dict = field(default_factory=dict)
    name: str = "v8"
    COMMAND = ["node", "--no-warnings", "--no-liftoff", "--no-wasm-lazy-compilation", HERE / "peers/v8_host.mjs"]

    def key(self, program):
        return digest(version("node"), self.COMMAND[1:-1], content(self.COMMAND[-1]), processor(), content(program.wasm))

    def prepare(self, program):
        """It compiles in every run: there is nothing to keep."""
        version("node")

    def run(self, program, measured):
        run, _ = measured.report_run(lambda _: [*self.COMMAND, program.wasm], program)
        self.compile_usec[program.name] = min(run.compile_usec, self.compile_usec.get(program.name, run.compile_usec))
        return run


@dataclass
class Wasm2c:
    """wabt's wasm2c, its C compiled by clang 19: bounds by guard pages, without the reads it forces to keep dead loads."""
    scratch: pathlib.Path
    compile_usec: dict = field(default_factory=dict)
    name: str = "wasm2c"
    RUNTIME = pathlib.Path("/usr/share/wabt/wasm2c")
    HEADER = pathlib.Path("/usr/include/wasm-rt.h")
    HOST = HERE / "peers/wasm2c_host.c"
    COMMAND = ["clang-19", "-O3", "-march=native", "-fno-strict-aliasing", "-w", "-DWASM_RT_MEMCHECK_SIGNAL_HANDLER=1"]

    def key(self, program):
        return digest(version("wasm2c"), version("clang-19"), self.COMMAND, content(self.HOST), self.runtime(), processor(),
                      content(program.wasm))

    @classmethod
    @functools.cache
    def runtime(cls):
        """Its sources and headers are compiled into every program."""
        try:
            return digest(*(content(path) for path in (cls.RUNTIME / "wasm-rt-impl.c", cls.RUNTIME / "wasm-rt-impl.h", cls.HEADER)))
        except OSError as error:
            raise Failed(f"the runtime of wasm2c is not there: {error}") from error

    def program(self, program):
        return Kept(self.scratch / "wasm2c" / f"{program.name}.{self.key(program)}" / "program")

    def prepare(self, program):
        def compile_to(path):
            folder = path.parent
            source = folder / "program.c"
            _, _, cpu = checked(["wasm2c", "-n", "program", program.wasm, "-o", source], program.name)
            text = source.read_text()
            source.write_text(re.sub(r"^#define FORCE_READ(\w*)\((\w+)\).*$", r"#define FORCE_READ\1(\2)", text, flags=re.M))
            prototype = re.search(r"void Z_program_instantiate\(([^)]*)\)", (folder / "program.h").read_text()).group(1)
            hosts = {"Z_bench_instance_t": "&bench", "Z_wasi_snapshot_preview1_instance_t": "&wasi", "Z_env_instance_t": "&env"}
            given = ["&instance"] + [hosts[name] for name in re.findall(r"struct (\w+)\*", prototype)]
            _, _, clang = checked([*self.COMMAND, f"-I{folder}", f"-I{self.RUNTIME}",
                                   f"-DINSTANTIATE=Z_program_instantiate({','.join(given)})",
                                   *(["-DBENCH_COREMARK"] if program.times_itself else []), source, self.HOST,
                                   self.RUNTIME / "wasm-rt-impl.c", "-lm", "-o", path], program.name)
            return cpu + clang
        self.compile_usec[program.name] = self.program(program).make(compile_to)

    def run(self, program, measured):
        return measured.report_run(lambda _: [self.program(program).path], program)[0]
