# Measures one program on all engines: how often, in which order, at which priority.
"""In a round every image of every engine runs once, images of the same layout next to each other, beginning with another engine in
every round. So whatever changes slowly on a machine changes for all of them.
"""
import math
import time
from dataclasses import dataclass, field

import figures
from engines import Failed, Measured
from priority import Launch

PRINTS_TIMES = {"hashset", "sqlite3"}  # their output is not the same twice
MOST_RUNS = 24
# A program whose least times scatter by more than this runs more often: its time depends on which pages it got.
SCATTER, MORE_RUNS, MOST_SCATTERED, SHORT = 0.01, 8, 72, 0.1
LONG = 1.0  # seconds; of what takes longer, one run of each layout is enough where time is short
# Seconds that a run takes beside its measured region, and how much slower than slackd the region is: for estimates only.
START_UP = {"slackd": 0.02, "wasmtime": 0.12, "v8": 0.25, "wasm2c": 0.01}
SLOWER = {"slackd": 1.05, "wasmtime": 2.0, "v8": 1.7, "wasm2c": 1.5}


@dataclass
class Row:
    """What was found of one program."""
    runs: dict = field(default_factory=dict)  # {engine: [[microseconds of layout 0], …]}
    not_measured: dict = field(default_factory=dict)  # {engine: why}
    counters: dict = field(default_factory=dict)  # {engine: {event: count}}
    priority: str = ""
    rounds: int = 0
    seconds: float = 0.0


def rounds_for(seconds, usec, least):
    """So many that an image is measured for `seconds` in all."""
    if usec < figures.LEAST_USEC:  # nothing to measure
        return least
    wanted = math.ceil(seconds * 1e6 / usec)
    return max(least if usec < LONG * 1e6 else 1, min(wanted, MOST_RUNS))


def round_seconds(engines, usec):
    """The estimated duration of one round."""
    return sum(len(variants) * (START_UP[kind] + SLOWER[kind] * usec / 1e6)
               for name, variants in engines.items() for kind in [name.split(":")[0]])


def seconds_that_fit(engines, usecs, budget, least):
    """How long each image may be measured, so that all programs take no more than `budget` seconds."""
    low, high = 0.0, 60.0
    for _ in range(30):
        middle = (low + high) / 2
        fits = sum(rounds_for(middle, usec, least) * round_seconds(engines, usec) for usec in usecs) <= budget
        low, high = (middle, high) if fits else (low, middle)
    return low


def in_turn(engines, row, turn):
    """(engine, layout) in the order of this round."""
    names = [name for name in row.runs if name not in row.not_measured]
    shift = turn % max(len(names), 1)
    layouts = max((len(engines[name]) for name in names), default=0)
    return [(name, layout) for layout in range(layouts) for name in names[shift:] + names[:shift] if layout < len(engines[name])]


def run_once(engine, program, measured, row, output):
    """The run, tried twice; None when it failed, and the reason in the row. `output` holds what the first engine printed."""
    for last in (False, True):
        try:
            run = engine.run(program, measured)
        except (Failed, OSError, ValueError) as error:
            if last:
                row.not_measured[engine.name] = str(error)
            continue
        if program.name not in PRINTS_TIMES and run.output != output.setdefault("first", run.output):
            row.not_measured[engine.name] = "printed something else than the engines before it"
            return None
        return run
    return None


def scattered(row):
    """Whether a short program's least times are not yet found."""
    own = {name: layouts for name, layouts in row.runs.items() if name.startswith("slackd:") and name not in row.not_measured}
    if not own or figures.left_out(own) or figures.least(next(iter(own.values()))) > SHORT * 1e6:
        return False
    return (figures.repeat_noise(own) or 0) > SCATTER


def measure(engines, program, rounds, more, expected_usec, broken, priority, events, tell):
    """The row of a program: `rounds` rounds, or `more` where its times scatter. `tell(done, of)` is called before every run."""
    begin = time.monotonic()
    row = Row({name: [[] for _ in variants] for name, variants in engines.items() if name not in broken}, dict(broken))
    launch = priority.launch(2 * expected_usec / 1e6 + 0.3)
    expected, longest, output, done = {}, 0.0, {}, 0
    turn, images = 0, sum(len(engines[name]) for name in row.runs)
    while turn < rounds:
        for name, layout in in_turn(engines, row, turn):
            if name in row.not_measured:
                continue
            tell(done, rounds * images)
            done += 1
            priority.before(launch, expected.get(name, 0.3 + 2 * expected_usec / 1e6))
            run = run_once(engines[name][layout], program, Measured(launch), row, output)
            if run is None:
                continue
            priority.after(launch, run.seconds)
            expected[name] = 1.1 * run.seconds
            longest = max(longest, run.seconds)
            row.runs[name][layout].append(run.usec)
        launch = priority.launch(1.1 * longest)
        turn += 1
        if turn == rounds < more and scattered(row):
            rounds = min(rounds + MORE_RUNS, more)
    row.priority, row.rounds = launch.policy, rounds
    if events:
        count_events(engines, program, row, events, output, priority.cpu)
    for name in row.not_measured:
        row.runs.pop(name, None)
    row.seconds = time.monotonic() - begin
    return row


def count_events(engines, program, row, events, output, cpu):
    """Hardware counters of the whole process, of the first layout; apart from the timing, which they would disturb."""
    for name in [each for each in row.runs if each not in row.not_measured]:
        run = run_once(engines[name][0], program, Measured(Launch(cpu=cpu), events), row, output)
        row.counters[name] = run.counters if run else {}
