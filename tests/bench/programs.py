# The programs of the benchmark: those of the archive and the kernels beside this file.
"""A program is a Wasm file and the directory it runs in."""
import pathlib
import subprocess
from dataclasses import dataclass

KERNELS = pathlib.Path(__file__).parent / "kernels"
CLANG = ["clang-19", "--target=wasm32-wasi", "--sysroot=/usr", "-O3", "-mbulk-memory", "-Wall", "-Wextra", "-Werror"]


@dataclass(frozen=True)
class Program:
    name: str
    wasm: pathlib.Path
    directory: pathlib.Path  # its preopened "."

    @property
    def times_itself(self):
        """coremark has no marks: its export `run` answers with a score, rounds per second."""
        return self.name == "coremark"

    @property
    def asks_the_world(self):
        """Whether it imports random numbers or clocks, so that two runs may differ a little: seeds of hash tables, printed times."""
        module = self.wasm.read_bytes()
        return any(name in module for name in (b"random_get", b"clock_time_get", b"clock_ms"))


def archive_programs(folder):
    for wasm in sorted(folder.glob("*/*.wasm")):
        name = wasm.parent.name if wasm.stem in ("benchmark", wasm.parent.name) else wasm.stem.removeprefix("shootout-")
        yield Program(name, wasm.resolve(), wasm.parent.resolve())


def kernel_programs(scratch):
    """Compiles the kernels, once a run."""
    for source in sorted(KERNELS.glob("*.c")):
        directory = scratch / "kernels" / source.stem
        directory.mkdir(parents=True, exist_ok=True)
        wasm = directory / f"{source.stem}.wasm"
        done = subprocess.run([*CLANG, str(source), "-o", str(wasm)], stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{source.name} is not compiled (wanted: clang-19, lld-19, wasi-libc): {done.stderr.strip()}")
        yield Program(f"k-{source.stem}", wasm.resolve(), directory.resolve())
