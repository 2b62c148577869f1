# The tables of a benchmark run, printed from what its JSON file holds.
"""Everything here is computed from the document, so that an old one can be printed again: bench.py --show FILE."""
import math
import statistics

import figures

MODES = ["slackd:counted", "slackd:slacked", "slackd:checked", "slackd:epoch"]
BASE = "slackd:none"
COUNTING = {"slackd:counted", "slackd:slacked", "slackd:checked", "slackd:service"}
BUSY = 0.05  # other work on the machine, from which on figures are worth little


def rows_of(document):
    return {program: row["runs"] for program, row in document["programs"].items() if row["runs"]}


def percent(width):
    return "±  ?  " if width is None else f"±{100 * width:4.1f}%"


def plural(count, noun):
    return f"{count} {noun}" + ("" if count == 1 else "s")


def print_header(engines, out):
    out(f"{'program':<15}{engines[0] + ' least':>20}{'median':>12}" + "".join(f"{name:>17}" for name in engines[1:]))


def print_row(program, row, engines, out):
    first, line = engines[0], f"{program:<15}"
    if first in row:
        line += f"{figures.least(row[first]):>18.0f}us{figures.median(row[first]):>10.0f}us"
    else:
        line += f"{'-':>20}{'-':>12}"
    for name in engines[1:]:
        line += f"{cell(row, name, first):>17}"
    out(line)


def cell(row, engine, base):
    """The ratio of two engines, or why there is none."""
    if engine not in row:
        return "-"
    if figures.is_gone(row[engine]):
        return "gone"
    if base not in row or figures.is_gone(row[base]):
        return f"{figures.least(row[engine]):.0f}us"
    return f"{figures.ratio(row[engine], row[base]):.3f} ({figures.median(row[engine]) / figures.median(row[base]):.2f})"


def print_legend(rows, engines, out):
    if "slackd:slacked" in engines:
        out("slackd:slacked is measured without the daemon's monitor beside it; the engine `service` measures with it")
    if any(figures.is_gone(layouts) for row in rows.values() for layouts in row.values()):
        out(f"gone: optimised away, below {figures.LEAST_USEC} us; no ratio")


def print_geomeans(rows, engines, out):
    out("")
    out(f"geomean of time relative to {engines[0]}; ± half its 95 % interval, by layouts and repetition; in brackets the 95 % "
        "interval had the programs been drawn by lot")
    for name in engines[1:]:
        print_geomean(rows, name, engines[0], out)
    others = [name for name in engines if not name.startswith("slackd:")]
    for name in others if "slackd:slacked" in engines else []:
        print_geomean(rows, "slackd:slacked", name, out)


def print_geomean(rows, engine, base, out):
    if pairs := figures.comparable(rows, engine, base):
        found = figures.estimate_geomean(pairs, engine, base)
        low, high = figures.over_programs(pairs, engine, base)
        out(f"  {engine + ' / ' + base:<34} {found.value:.4f} {percent(found.width)} ({low:.3f} to {high:.3f}), "
            f"{plural(len(pairs), 'program')}")
    if lost := figures.lost(rows, engine, base):
        out(f"  {engine + ' / ' + base:<34} not in it, as {base} optimised them away: {', '.join(lost)}")


def print_spread(rows, engines, out):
    """Each mode against none and slacked against checked, with the noise that each ratio carries."""
    modes = [name for name in MODES if name in engines]
    pairs = [(name, BASE) for name in modes if BASE in engines]
    if "slackd:slacked" in modes and "slackd:checked" in modes:
        pairs.append(("slackd:slacked", "slackd:checked"))
    if not pairs:
        return
    out("")
    out("modes of slackd, program by program: ratio ± half its 95 % interval; `repeat` is the deviation of a least time when the "
        "same image is measured twice")
    out(f"{'program':<15}{'runs':>5}{'repeat':>9}" + "".join(
        f"{a.split(':')[1] + '/' + b.split(':')[1]:>18}" for a, b in pairs) + "  slacked against checked")
    rows = {program: row for program, row in rows.items() if any(figures.compares(row, *pair) for pair in pairs)}
    for program, row in rows.items():
        own = {name: row[name] for name in [BASE, *modes] if name in row}
        repeated = figures.repeat_noise(own) if own else None
        line = f"{program:<15}{min((len(times) for each in own.values() for times in each), default=0):>5}"
        line += f"{'?':>9}" if repeated is None else f"{100 * repeated:>8.2f}%"
        for engine, base in pairs:
            if figures.compares(row, engine, base):
                found = figures.estimate(row, engine, base)
                line += f"{found.value:>11.3f} {percent(found.width)}"
            else:
                line += f"{'-':>18}"
        if figures.compares(row, "slackd:slacked", "slackd:checked"):
            if figures.beyond_noise(row, "slackd:slacked", "slackd:checked"):
                line += "  slower"
            elif figures.beyond_noise(row, "slackd:checked", "slackd:slacked"):
                line += "  faster"
            else:
                line += "  the same within noise"
        out(line)
    repeats = [each for row in rows.values() if (each := figures.repeat_noise(row)) is not None]
    if repeats:
        out(f"repeat over all programs: median {100 * statistics.median(repeats):.2f} %, worst {100 * max(repeats):.2f} %")


def print_counters(document, engines, out):
    """Relative to the first engine, where its process was counted."""
    counted = {program: row["counters"] for program, row in document["programs"].items() if row["counters"].get(engines[0])}
    if not counted:
        return
    for event in next(iter(counted.values()))[engines[0]]:
        out("")
        out(f"{event} of the whole process, its start included: of {engines[0]}, then relative to it")
        ratios = {name: [] for name in engines[1:]}
        for program, row in counted.items():
            base = row[engines[0]].get(event)
            if not base:
                continue
            line = f"{program:<15}{base:>18.3g}"
            for name in engines[1:]:
                value = row.get(name, {}).get(event)
                line += f"{value / base:>17.3f}" if value else f"{'-':>17}"
                if value:
                    ratios[name].append(value / base)
            out(line)
        out(f"{'geomean':<33}" + "".join(f"{figures.geomean(each):>17.3f}" if each else f"{'-':>17}" for each in ratios.values()))


def print_compile(document, out):
    """Of the programs that every engine compiled."""
    usecs = {name: {program: usec for program, usec in each.items() if usec}
             for name, each in document["compile_usec"].items()}
    usecs = {name: each for name, each in usecs.items() if each}
    if not usecs:
        return
    common = set.intersection(*map(set, usecs.values()))
    out("")
    out(f"compile seconds of {plural(len(common), 'program')}: " + ", ".join(
        f"{name} {sum(each[program] for program in common) / 1e6:.1f}" for name, each in usecs.items())
        + " (slackd, wasm2c: CPU time of one layout; wasmtime, v8: elapsed, on all processors)")


def print_conditions(document, out):
    """Of all sessions; of how busy the machine was, the worst one's."""
    machine, sessions = document["machine"], document["sessions"]
    out("")
    out(f"measured on {machine['processor']}, {plural(machine['processors'], 'processor')}; priority: "
        + "; ".join(dict.fromkeys(each["priority"] for each in sessions)))
    for what, name in ("other work on this machine meanwhile", "other_work"), ("stolen by its host", "stolen"):
        if not sessions:
            continue
        worst = max(sessions, key=lambda each, name=name: each[name])
        where = f" in the worst of {len(sessions)} sessions, begun {worst['begun']}" if len(sessions) > 1 else ""
        out(f"{what}: {100 * worst[name]:.1f} % of its processors' time" + where
            + ("; a quiet machine is wanted" if worst[name] > BUSY else ""))
    out("hardware counters: " + "; ".join(dict.fromkeys(each["counters"] for each in sessions)))


def print_fuel(document, out):
    """What is not the same to the unit is `not measured`; so it is left to say what was compared."""
    rows = {program: (COUNTING & set(row["runs"]), set(row["fuel"])) for program, row in document["programs"].items() if "fuel" in row}
    compared = [program for program, (_, same) in rows.items() if same]
    if compared:
        out(f"fuel: the same to the unit in every counting engine, layout and run of {plural(len(compared), 'program')}")
    apart = [f"{program} ({', '.join(sorted(counting - same))})" for program, (counting, same) in rows.items() if counting - same]
    if apart:
        out("fuel not compared, as it may differ from run to run: " + ", ".join(apart))


def print_retries(document, out):
    """Returns whether there were none."""
    retries = [(program, engine, whys) for program, row in document["programs"].items() for engine, whys in row.get("retries", {}).items()]
    for program, engine, whys in retries:
        out(f"failed and run again: {engine}: {program}: {plural(len(whys), 'time')}, first: {whys[0].removeprefix(program + ': ')}")
    return not retries


def print_rest(document, engines, out):
    """All that comes after the table. Returns whether everything was measured at once, and the verdict on all promises."""
    rows = rows_of(document)
    print_legend(rows, engines, out)
    print_geomeans(rows, engines, out)
    print_spread(rows, engines, out)
    print_counters(document, engines, out)
    print_compile(document, out)
    print_conditions(document, out)
    print_fuel(document, out)
    out("")
    verdicts = []
    for text, verdict in figures.verdicts(rows):
        verdicts.append(verdict)
        out(text)
    at_once = print_retries(document, out)
    missing = {}
    for program, row in document["programs"].items():
        for engine, why in row["not_measured"].items():
            missing.setdefault((engine, why.removeprefix(program + ": ")), []).append(program)
    for (engine, why), programs in sorted(missing.items()):
        out(f"not measured: {engine}: {', '.join(programs)}: {why}")
    unseen = [program for program in document["wanted"] if program not in document["programs"]]
    if unseen:
        out(f"cut off; not measured: {', '.join(unseen)}. --resume goes on")
    unfinished = [program for program, row in document["programs"].items() if not row.get("done", True)]
    if unfinished:
        out(f"cut off; fewer rounds than there was to be time for: {', '.join(unfinished)}. --resume goes on")
    return at_once and not missing and not unseen and not unfinished, figures.worst(verdicts)


def series_of(document, engines):
    """{engine: {program: ratio to the first engine}}, for the chart."""
    rows = rows_of(document)
    return {name: {program: figures.ratio(row[name], row[engines[0]])
                   for program, row in figures.comparable(rows, name, engines[0]).items()} for name in engines[1:]}
