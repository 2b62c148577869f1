# At which priority, and where, a measured process runs.
"""Measured processes run at the lowest real-time priority where that is allowed: nothing but the kernel then gets in between.

The kernel takes real-time processes off the processor for the rest of a period (/proc/sys/kernel/sched_rt_runtime_us of
sched_rt_period_us, 0.95 s of 1 s) once they used up their part. A run that lasted longer would be 50 ms a second too slow, so long
ones run at nice -20 instead, and short ones are set apart by rests such that no period is ever used up.
"""
import os
import pathlib
import time
from dataclasses import dataclass

FIFO, NICE, PLAIN = "real-time", "nice -20", "as started"
LOWEST = 1  # of the real-time priorities; kernel threads that must run stand above
SETTINGS = pathlib.Path("/proc/sys/kernel")
SHARE = 0.92  # of the allowed part, that is used
SHORTEST_REST = 0.02  # seconds, and not worth a rest of its own


@dataclass(frozen=True)
class Launch:
    """How to start a process; called in the child, before exec."""
    policy: str = PLAIN
    cpu: int | None = None

    def __call__(self):
        if self.cpu is not None:
            os.sched_setaffinity(0, {self.cpu})
        if self.policy == NICE:
            os.setpriority(os.PRIO_PROCESS, 0, -20)
        elif self.policy == FIFO:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(LOWEST))


def allowed(launch):
    """Tried in a child: what privileges, limits and control groups say together."""
    child = os.fork()
    if child == 0:
        try:
            launch()
            os._exit(0)
        except OSError:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


class Priority:
    """What this machine allows, and the rests that real-time runs need."""

    def __init__(self, wanted, cpu):
        self.cpu = cpu
        self.nice = NICE if wanted and allowed(Launch(NICE)) else PLAIN
        self.longest = 0.0  # seconds that a real-time run may last
        self.period = 0.0
        # With one processor everything else would stand still.
        if wanted and os.cpu_count() > 1 and allowed(Launch(FIFO)):
            runtime, period = (int((SETTINGS / name).read_text()) / 1e6 for name in ("sched_rt_runtime_us", "sched_rt_period_us"))
            self.longest = float("inf") if runtime < 0 else SHARE * runtime
            self.period = period
        self.used = 0.0
        self.sleep = time.sleep

    def __str__(self):
        where = f", on CPU {self.cpu}" if self.cpu is not None else ", on any CPU"
        if not self.longest:
            return self.nice + where
        if self.longest == float("inf"):
            return "real-time (SCHED_FIFO), not throttled" + where
        return (f"real-time (SCHED_FIFO) with rests where every run of a program takes less than {self.longest:.2f} s, else "
                f"{self.nice}" + where)

    def launch(self, seconds):
        """For a program whose runs take up to so many seconds."""
        return Launch(FIFO if seconds < self.longest else self.nice, self.cpu)

    def before(self, launch, seconds):
        """Rests so that a run of so many seconds will not be throttled: in every period there is one rest."""
        if launch.policy != FIFO or self.longest == float("inf"):
            return
        if self.used + seconds > self.longest:
            self.sleep(max(self.period - self.longest, SHORTEST_REST))
            self.used = 0.0

    def after(self, launch, seconds):
        if launch.policy == FIFO:
            self.used += seconds
