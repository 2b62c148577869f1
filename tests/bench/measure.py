# Measures one program on all engines, a round at a time: in which order, at which priority.
"""In a round every image of every engine runs once, images of the same layout next to each other, beginning with another engine in
every round. So whatever changes slowly on a machine changes for all of them.
"""
import dataclasses
import time
from dataclasses import dataclass, field

import figures
from engines import Failed, Measured
from priority import Launch

PRINTS_TIMES = {"hashset"}  # its output is not the same twice
FAILURES = (Failed, OSError, ValueError, LookupError)  # of a run: the last two when a report is not what it should be
# A program whose least times scatter by more than this runs more often: its time depends on which pages it got.
SCATTER, SHORT = 0.01, 0.1
# Seconds that a run takes beside its measured region, and how much slower than slackd the region is: for estimates only.
START_UP = {"slackd": 0.02, "wasmtime": 0.12, "v8": 0.25, "wasm2c": 0.01}
SLOWER = {"slackd": 1.05, "wasmtime": 2.0, "v8": 1.7, "wasm2c": 1.5}


@dataclass
class Row:
    """What was found of one program."""
    runs: dict = field(default_factory=dict)  # {engine: [[microseconds of layout 0], …]}
    not_measured: dict = field(default_factory=dict)  # {engine: why}
    retries: dict = field(default_factory=dict)  # {engine: [why a run failed that was then made again]}
    fuel: dict = field(default_factory=dict)  # {engine: [of the whole run, of the region]}, the same in all of its runs
    counters: dict = field(default_factory=dict)  # {engine: {event: count}}
    priority: str = ""
    rounds: int = 0
    seconds: float = 0.0
    done: bool = False  # it has all the rounds that it is to have


def round_seconds(engines, usec):
    """The estimated duration of one round."""
    return sum(len(variants) * (START_UP[kind] + SLOWER[kind] * usec / 1e6)
               for name, variants in engines.items() for kind in [name.split(":")[0]])


def in_turn(engines, row, turn):
    """(engine, layout) in the order of this round."""
    names = [name for name in row.runs if name not in row.not_measured]
    shift = turn % max(len(names), 1)
    layouts = max((len(engines[name]) for name in names), default=0)
    return [(name, layout) for layout in range(layouts) for name in names[shift:] + names[:shift] if layout < len(engines[name])]


def run_once(engine, program, measured, row, output):
    """The run, tried twice; None when it failed, and the reason in the row. `output` holds what the first engine printed."""
    try:
        run = engine.run(program, measured)
    except FAILURES as first:
        try:
            run = engine.run(program, measured)
        except FAILURES as error:
            row.not_measured[engine.name] = str(error)
            return None
        row.retries.setdefault(engine.name, []).append(str(first))
    if program.name not in PRINTS_TIMES and run.output != output.setdefault("first", run.output):
        row.not_measured[engine.name] = "printed something else than the engines before it"
        return None
    if why := other_fuel(engine.name, run.fuel, row):
        row.not_measured[engine.name] = why
        return None
    return run


def other_fuel(name, fuel, row):
    """Why this fuel is wrong, in words, empty if it is not: fuel is the same to the unit in every mode, layout and run."""
    if fuel is None:
        return ""
    for other, figure in row.fuel.items():
        if fuel != figure:
            return f"consumed {fuel[0]} fuel, {fuel[1]} of it in the region; {other} before it {figure[0]}, {figure[1]}"
    row.fuel[name] = fuel
    return ""


def scattered(row):
    """Whether a short program's least times are not yet found."""
    own = {name: layouts for name, layouts in row.runs.items()
           if name.startswith("slackd:") and name not in row.not_measured and not figures.is_gone(layouts)}
    if not own or figures.least(next(iter(own.values()))) > SHORT * 1e6:
        return False
    return (figures.repeat_noise(own) or 0) > SCATTER


class Measurement:
    """One program, its row as far as it is, and what its next round needs to know. What plan.py calls a program."""

    def __init__(self, engines, program, broken, priority, row=None):
        """`row` is that of an earlier run of the same images, which goes on."""
        self.engines, self.program, self.priority = engines, program, priority
        self.row = row or Row({name: [[] for _ in variants] for name, variants in engines.items() if name not in broken}, dict(broken))
        self.expected, self.longest, self.output = {}, 0.0, {}  # seconds of an engine's run, of the longest run
        self.suppose(0.0)

    def suppose(self, usec):
        """That a run of slackd takes so long, before any round has shown what a round costs."""
        self.usec = usec
        self.cost = round_seconds({name: self.engines[name] for name in self.row.runs}, usec) or 1.0

    def try_out(self):
        """One run of the first engine that can: how long the program takes on this machine."""
        launch = Launch(self.priority.nice, self.priority.cpu)
        for name in self.row.runs:
            run = run_once(self.engines[name][0], self.program, Measured(launch), self.row, self.output)
            if run is not None:
                # coremark's figure is of one of its rounds.
                return self.suppose(run.seconds * 1e6 if self.program.times_itself else run.usec)
        return None

    @property
    def rounds(self):
        return self.row.rounds

    def scatters(self):
        return scattered(self.row)

    def round(self, tell=lambda done, of: None):
        """One round, into the row as a whole: if it is interrupted, none of it. `tell` is called before every run."""
        begin = time.monotonic()
        first = 2 * self.usec / 1e6 + 0.3
        launch = self.priority.launch(1.1 * self.longest if self.longest else first)
        order = in_turn(self.engines, self.row, self.row.rounds)
        found = []
        for done, (name, layout) in enumerate(order):
            if name in self.row.not_measured:
                continue
            tell(done, len(order))
            self.priority.before(launch, self.expected.get(name, first))
            run = run_once(self.engines[name][layout], self.program, Measured(launch), self.row, self.output)
            if run is None:
                continue
            self.priority.after(launch, run.seconds)
            self.expected[name] = 1.1 * run.seconds
            self.longest = max(self.longest, run.seconds)
            found.append((name, layout, run.usec))
        for name, layout, usec in found:
            if name not in self.row.not_measured:
                self.row.runs[name][layout].append(usec)
        self.row.priority = launch.policy
        self.row.rounds += 1
        self.cost = max(time.monotonic() - begin, 0.001)
        self.row.seconds += self.cost

    def count_events(self, events):
        """Hardware counters of the whole process, of the first layout; apart from the timing, which they would disturb."""
        begin = time.monotonic()
        for name in [each for each in self.row.runs if each not in self.row.not_measured and each not in self.row.counters]:
            run = run_once(self.engines[name][0], self.program, Measured(Launch(cpu=self.priority.cpu), events), self.row, self.output)
            self.row.counters[name] = run.counters if run else {}
        self.row.seconds += time.monotonic() - begin

    def found(self):
        """The row, without the engines that failed in it."""
        row = self.row
        return dataclasses.replace(row, runs={name: runs for name, runs in row.runs.items() if name not in row.not_measured})
