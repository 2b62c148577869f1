# What the times of a benchmark run say: ratios, how far each is to be believed, and whether a promise is kept.
"""A row is {engine: [[microseconds of layout 0], [of layout 1], …]}; an engine without layouts has one list.

Of one image the least time counts: whatever else happens on a machine only adds. Two modes are compared layout by layout, since
a layout puts the same functions into the same order in both, and the ratios of the layouts are averaged.

A promise is judged by the interval of what was found, not by its middle: it is kept where all of it is within the limit, broken where
none of it is, and undecided where it spans the limit. So a noisy measurement keeps nothing.
"""
import math
import random
import statistics
from dataclasses import dataclass
from typing import NamedTuple

KEPT, UNDECIDED, BROKEN = "kept", "undecided", "NOT kept"


class Limit(NamedTuple):
    """Of a ratio: broken if it is surely above `above`, kept if it is surely not above `to`."""
    above: float
    to: float
    text: str


def at_most(ratio):
    return Limit(ratio, ratio, f"{ratio:.2f}")


# Equal programs span 1 however well they are measured, so it is kept where a twentieth would have been seen.
NOT_SLOWER = Limit(1.0, 1.05, "1.00 beyond its noise, which is to show 1.05")
# (what, of what, geomean, each program): what is promised of metering and against the peers.
PROMISES = [("slackd:slacked", "slackd:none", at_most(1.02), at_most(1.10)), ("slackd:counted", "slackd:none", at_most(1.01), None),
            ("slackd:slacked", "slackd:checked", None, NOT_SLOWER), ("slackd:slacked", "wasmtime:none", at_most(0.75), None),
            ("slackd:slacked", "v8", at_most(0.85), None)]
LEAST_USEC = 50  # a region shorter than this was optimised away: the clock and the two calls are all that is left
UNKNOWN_NOISE = 0.05  # is assumed where nothing tells it
# Student's t, two-sided 95 %, by degrees of freedom.
STUDENT = [math.inf, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262]
RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A ratio, and half the 95 % interval of its logarithm; None: unknown."""
    value: float
    width: float | None

    @property
    def reach(self):
        return math.exp(UNKNOWN_NOISE if self.width is None else self.width)

    @property
    def low(self):
        return self.value / self.reach

    @property
    def high(self):
        return self.value * self.reach

    def judge(self, limit):
        if self.low > limit.above:
            return BROKEN
        return KEPT if self.high <= limit.to else UNDECIDED

    def __str__(self):
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}{', assumed' if self.width is None else ''})"


def geomean(values):
    return math.exp(statistics.fmean(math.log(value) for value in values))


def least(layouts):
    return min(map(min, layouts))


def median(layouts):
    return statistics.median(sum(layouts, []))


def is_gone(layouts):
    """Whether the engine optimised the region away."""
    return least(layouts) < LEAST_USEC


def log_ratios(mine, base):
    """Of each layout; an engine with one image stands against every layout of the other."""
    mine, base = [min(times) for times in mine], [min(times) for times in base]
    if len(mine) != len(base):
        count = max(len(mine), len(base))
        mine, base = ([math.exp(statistics.fmean(map(math.log, each)))] * count if len(each) != count else each
                      for each in (mine, base))
    return [math.log(a / b) for a, b in zip(mine, base)]


def ratio(mine, base):
    return math.exp(statistics.fmean(log_ratios(mine, base)))


def student(count):
    return STUDENT[count - 1] if count <= len(STUDENT) else 2.2


def spread(logs):
    """Half the 95 % interval of a mean, from the standard error of its parts; None of fewer than two parts."""
    if len(logs) < 2:
        return None
    return student(len(logs)) * statistics.stdev(logs) / math.sqrt(len(logs))


def repeat_noise(row):
    """The relative standard deviation of a least time when the same image is measured twice: the even runs against the odd
    ones of every image. None where no image ran four times."""
    differences = [math.log(min(times[0::2]) / min(times[1::2])) for layouts in row.values() if not is_gone(layouts)
                   for times in layouts if len(times) >= 4]
    if not differences:
        return None
    return math.sqrt(statistics.fmean(each * each for each in differences) / 2)


def most(*widths):
    """The widest of those that are known."""
    return max((width for width in widths if width is not None), default=None)


def noise(row, engine, base):
    """Half the 95 % interval of log(engine/base): what the layouts say, and at least what repetition does. None: unknown."""
    repeated = repeat_noise({name: row[name] for name in (engine, base)})
    if repeated is not None:
        repeated *= 2 * math.sqrt(1 / len(row[engine]) + 1 / len(row[base]))
    return most(spread(log_ratios(row[engine], row[base])), repeated)


def estimate(row, engine, base):
    return Estimate(ratio(row[engine], row[base]), noise(row, engine, base))


def compares(row, engine, base):
    """Whether these two have a ratio."""
    return engine in row and base in row and not is_gone(row[engine]) and not is_gone(row[base])


def comparable(rows, engine, base):
    return {program: row for program, row in rows.items() if compares(row, engine, base)}


def lost(rows, engine, base):
    """The programs that `base` optimised away and `engine` did not: their ratio is without a limit."""
    return [program for program, row in rows.items()
            if engine in row and base in row and is_gone(row[base]) and not is_gone(row[engine])]


def over_layouts(rows, engine, base):
    """Half the 95 % interval of the log of the geomean over programs, from its values in each layout."""
    logs = [log_ratios(row[engine], row[base]) for row in rows.values()]
    count = min(map(len, logs))
    return spread([statistics.fmean(each[layout] for each in logs) for layout in range(count)])


def of_programs(rows, engine, base):
    """The same from the noise of each program, as if that were independent: what a peer's one image has, too."""
    widths = [noise(row, engine, base) for row in rows.values()]
    if all(width is None for width in widths):
        return None
    return math.hypot(*(UNKNOWN_NOISE if width is None else width for width in widths)) / len(widths)


def estimate_geomean(rows, engine, base):
    """`rows` are comparable ones."""
    return Estimate(geomean(ratio(row[engine], row[base]) for row in rows.values()),
                    most(over_layouts(rows, engine, base), of_programs(rows, engine, base)))


def over_programs(rows, engine, base):
    """The 95 % interval of the geomean if the programs had been drawn at random: bootstrap."""
    logs = [statistics.fmean(log_ratios(row[engine], row[base])) for row in rows.values()]
    source = random.Random(1)
    means = sorted(statistics.fmean(source.choices(logs, k=len(logs))) for _ in range(RESAMPLES))
    return math.exp(means[RESAMPLES // 40]), math.exp(means[-1 - RESAMPLES // 40])


def beyond_noise(row, engine, base):
    """Whether engine is slower than base by more than the noise."""
    return estimate(row, engine, base).low > 1


def worst(verdicts_found):
    """One for all: broken if any is, else undecided if any is."""
    return max(verdicts_found, key=[KEPT, UNDECIDED, BROKEN].index, default=KEPT)


def judged(rows, engine, base, mean, each):
    """[(verdict, of what, in words)] of one promise, and what was found, in words."""
    pairs = comparable(rows, engine, base)
    estimates = {program: estimate(row, engine, base) for program, row in pairs.items()}
    parts = [(BROKEN, f"{program} {least(rows[program][engine]):.0f} us, {base} optimised it away")
             for program in lost(rows, engine, base)]
    found = "no program has a ratio"
    if pairs:
        whole = estimate_geomean(pairs, engine, base)
        slowest = max(estimates, key=lambda program: estimates[program].value)
        found = f"geomean {whole} of {len(pairs)}, worst {slowest} {estimates[slowest]}"
        if mean:
            parts.append((whole.judge(mean), f"geomean {whole}"))
    if each:
        parts += [(value.judge(each), f"{program} {value}") for program, value in estimates.items()]
    return parts, found


def verdicts(rows):
    """(what is promised and what was found, in words; the verdict) of each promise that the rows can tell of."""
    for engine, base, mean, each in PROMISES:
        parts, found = judged(rows, engine, base, mean, each)
        if not parts:
            continue
        limits = ([f"geomean {mean.text}"] if mean else []) + ([f"none above {each.text}"] if each else [])
        told = [f"{verdict}: {', '.join(texts)}" for verdict in (BROKEN, UNDECIDED)
                if (texts := [text for one, text in parts if one == verdict])]
        yield f"{engine}/{base}: {found} (promised: {', '.join(limits)}): " + ("; ".join(told) or KEPT), worst(one for one, _ in parts)
