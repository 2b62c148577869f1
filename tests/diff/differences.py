# Compares what two engines made of one session, and holds the one list of what may differ between them.
"""A session's description is that of diff-run. Whatever is not named in MAY_DIFFER must be equal, bit by bit: results, traps,
fuel, and in the end the exported globals, tables and memories. NaN bits are no exception: in every configuration of the
tests either the module or both engines make NaNs canonical.
"""

# What may differ, and why. `ends`: what follows in the session depends on it and is not compared.
MAY_DIFFER = {
    "stack": ("the depth at which the stack is exhausted is the engine's own (specification, 4.1: an embedder may bound the "
              "resources of an execution); what was done until then depends on it", True),
    "out of fuel": ("the reference is given an amount of fuel so that every call ends; with slackd such a call would go on", True),
    "fuel of a trap": ("wasmtime 50 keeps fuel in a register and loses what it has not written back when an access traps; "
                       "only at `unreachable`, and where a call returns, is its figure that of the operators executed", False),
    "fuel of a failed growth": ("wasmtime charges a delta that it sees to be a constant whether the growth succeeds or not, and "
                                "one that it does not only when it succeeds; slackd charges success", False),
    "state after an access trapped": ("a run ends at its trap and nothing it did is seen, so that the compiler may move a store before "
                             "an access that traps; calls that follow are made in an instance of their own", True),
    "table or element": ("wasmtime has one trap where the specification's suite has two messages: an index outside a table, "
                         "in an access of the table and in an indirect call", False),
    "a refusal": ("slackd names limits of its own (jit/wasm/limits): a module over one is refused, with a reason that says so", True),
}
# Findings that are not mended yet, by seed or file, with what is wrong: skipped by name while they differ, a failure when they no
# longer do.
OPEN = {}
FUEL_COUNTS_AT = (None, "unreachable")
SAME_TRAP = {"undefined element": "out of bounds table access"}


class Counts(dict):
    """How often each difference was let pass."""

    def let_pass(self, name):
        self[name] = self.get(name, 0) + 1
        return MAY_DIFFER[name][1]


def compare_call(ours, theirs, counts):
    """(what is wrong or None, whether the session can be followed further)"""
    traps = ours.get("trap"), theirs.get("trap")
    if "call stack exhausted" in traps:
        return None, not counts.let_pass("stack")
    if traps[1] == "out of fuel":
        return None, not counts.let_pass("out of fuel")
    if traps[0] != traps[1]:
        if SAME_TRAP.get(traps[0], traps[0]) != traps[1]:
            return f"{traps[0] or 'no trap'}, wasmtime: {traps[1] or 'no trap'}", False
        counts.let_pass("table or element")
    if ours.get("values") != theirs.get("values"):
        return f"results {text(ours.get('values'))}, wasmtime: {text(theirs.get('values'))}", False
    if ours["published"] > ours["fuel"]:
        return f"published fuel {ours['published']} above the exact figure {ours['fuel']}", False
    if traps[1] not in FUEL_COUNTS_AT:
        counts.let_pass("fuel of a trap")
    elif ours["fuel"] < theirs["fuel"] <= ours["fuel"] + ours.get("failed_growth", 0):
        counts.let_pass("fuel of a failed growth")
    elif ours["fuel"] != theirs["fuel"]:
        return f"fuel {ours['fuel']}, wasmtime: {theirs['fuel']}", False
    return None, True


def compare_session(ours, theirs, counts, fuel_counts):
    """What is wrong, or None. `fuel_counts`: the metering mode of ours counts."""
    if "died" in ours:
        if any(call.get("trap") in ("out of fuel", "call stack exhausted") for call in [theirs["start"], *theirs["calls"]]):
            return None
        return f"died: {ours['died']}"
    start = dict(ours["start"])
    if not fuel_counts:
        start["fuel"], start["published"] = theirs["start"]["fuel"], 0
    wrong, goes_on = compare_call(start, theirs["start"], counts)
    if wrong or not goes_on:
        return f"start: {wrong}" if wrong else None
    for number, (our_call, their_call) in enumerate(zip(ours["calls"], theirs["calls"])):
        if not fuel_counts:
            our_call["fuel"], our_call["published"] = their_call["fuel"], 0
        wrong, goes_on = compare_call(our_call, their_call, counts)
        if wrong:
            return f"call {number}: {wrong}"
        if not goes_on:
            return None
    if any(call.get("trap") == "out of bounds memory access" for call in theirs["calls"]):
        counts.let_pass("state after an access trapped")
        return None
    for whose in ("state", "other"):
        for kind, theirs_by_name in theirs.get(whose, {}).items():
            for name, value in theirs_by_name.items():
                if ours[whose][kind].get(name) != value:
                    return f"{whose}: {kind} {name!r}: {text(ours[whose][kind].get(name))}, wasmtime: {text(value)}"
    return None


def text(value):
    """Values in hexadecimal."""
    if isinstance(value, list):
        return "[" + ", ".join(text(each) for each in value) + "]"
    return f"{value:#x}" if isinstance(value, int) else str(value)
