# What the times of a benchmark run say: ratios, how far each is to be believed, and whether a promise is kept.
"""A row is {engine: [[microseconds of layout 0], [of layout 1], …]}; an engine without layouts has one list.

Of one image the least time counts: whatever else happens on a machine only adds. Two modes are compared layout by layout, since
a layout puts the same functions into the same order in both, and the ratios of the layouts are averaged.
"""
import math
import random
import statistics

# (what, of what, geomean at the most, each program at the most): what is promised of metering and against the peers. EACH_IN_NOISE:
# no program above 1 by more than its noise.
EACH_IN_NOISE = "noise"
PROMISES = [("slackd:slacked", "slackd:none", 1.02, 1.10), ("slackd:counted", "slackd:none", 1.01, None),
            ("slackd:slacked", "slackd:checked", None, EACH_IN_NOISE), ("slackd:slacked", "wasmtime:none", 0.75, None),
            ("slackd:slacked", "v8", 0.85, None)]
LEAST_USEC = 50  # a region shorter than this was optimised away: the clock and the two calls are all that is left
# Student's t, two-sided 95 %, by degrees of freedom.
STUDENT = [math.inf, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262]
RESAMPLES = 2000


def geomean(values):
    return math.exp(statistics.fmean(math.log(value) for value in values))


def least(layouts):
    return min(map(min, layouts))


def median(layouts):
    return statistics.median(sum(layouts, []))


def left_out(row):
    """Why a row has no ratios, in words; empty where it has."""
    short = {name: least_time for name, layouts in row.items()
             if (least_time := least(layouts)) < LEAST_USEC}
    if not short:
        return ""
    return "optimised away by " + ", ".join(f"{name} ({usec:.0f} us)" for name, usec in short.items()) + ": no ratios"


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
    differences = [math.log(min(times[0::2]) / min(times[1::2])) for layouts in row.values() for times in layouts
                   if len(times) >= 4]
    if not differences:
        return None
    return math.sqrt(statistics.fmean(each * each for each in differences) / 2)


def noise(row, engine, base):
    """Half the 95 % interval of log(engine/base): what the layouts say, and at least what repetition does. None: unknown."""
    logs = log_ratios(row[engine], row[base])
    parts = [spread(logs)]
    repeated = repeat_noise({name: row[name] for name in (engine, base)})
    if repeated is not None:
        parts.append(2 * repeated * math.sqrt(1 / len(row[engine]) + 1 / len(row[base])))
    return max((part for part in parts if part is not None), default=None)


def comparable(rows, engine, base):
    return {program: row for program, row in rows.items() if engine in row and base in row and not left_out(row)}


def over_layouts(rows, engine, base):
    """Half the 95 % interval of the log of the geomean over programs, from its values in each layout."""
    logs = [log_ratios(row[engine], row[base]) for row in rows.values()]
    count = min(map(len, logs))
    return spread([statistics.fmean(each[layout] for each in logs) for layout in range(count)])


def over_programs(rows, engine, base):
    """The 95 % interval of the geomean if the programs had been drawn at random: bootstrap."""
    logs = [statistics.fmean(log_ratios(row[engine], row[base])) for row in rows.values()]
    source = random.Random(1)
    means = sorted(statistics.fmean(source.choices(logs, k=len(logs))) for _ in range(RESAMPLES))
    return math.exp(means[RESAMPLES // 40]), math.exp(means[-1 - RESAMPLES // 40])


def beyond_noise(row, engine, base):
    """Whether engine is slower than base by more than the noise; of unknown noise a twentieth is assumed."""
    width = noise(row, engine, base)
    return math.log(ratio(row[engine], row[base])) > (0.05 if width is None else width)


def verdicts(rows):
    """(what is promised and what was found, in words; kept) of each promise that the rows can tell of."""
    for engine, base, mean, each in PROMISES:
        pairs = comparable(rows, engine, base)
        if not pairs:
            continue
        ratios = {program: ratio(row[engine], row[base]) for program, row in pairs.items()}
        value = geomean(ratios.values())
        worst = max(ratios, key=ratios.get)
        if each == EACH_IN_NOISE:
            over = [program for program, row in pairs.items() if beyond_noise(row, engine, base)]
            limit = "no program above 1 beyond its noise"
        else:
            over = [program for program in ratios if each and ratios[program] > each]
            limit = f"geomean {mean:.2f}" + (f", none above {each:.2f}" if each else "")
        kept = not over and (mean is None or value <= mean)
        text = f"{engine}/{base}: geomean {value:.3f} of {len(ratios)}, worst {worst} {ratios[worst]:.3f} (promised: {limit}): "
        text += "kept" if kept else "NOT kept" + (": " + ", ".join(f"{name} {ratios[name]:.3f}" for name in over) if over else "")
        yield text, kept
