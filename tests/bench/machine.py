# The machine a benchmark runs on: what it is, and what its processors did meanwhile.
import os
import pathlib
import platform
import re


def description():
    found = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return {"processor": found.group(1) if found else platform.machine(), "processors": os.cpu_count(), "system": platform.platform()}


def ticks():
    """Since the machine was started; `own` is of this process and of those it has waited for."""
    user, nice, system, idle, iowait, irq, softirq, steal = [
        int(each) for each in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return {"all": user + nice + system + idle + iowait + irq + softirq + steal, "busy": user + nice + system, "stolen": steal,
            "own": sum(os.times()[:4]) * os.sysconf("SC_CLK_TCK")}


class Watch:
    """What the processors have done since it was made."""

    def __init__(self):
        self.begin = ticks()

    def conditions(self):
        """Parts of all processors' time: what others than this program used, and what the host of a virtual machine took."""
        spent = {name: value - self.begin[name] for name, value in ticks().items()}
        every = max(spent["all"], 1)
        return {"other_work": max(0.0, spent["busy"] - spent["own"]) / every, "stolen": spent["stolen"] / every}
