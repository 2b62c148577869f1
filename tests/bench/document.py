# The JSON document of a benchmark: read and checked, gone on with, written whole now and then.
"""A document has the rows of all programs, and the sessions that measured them: each has its own date, priority and other work on
the machine. What it says is what holds for its rows, so sessions of earlier runs stay as long as a row does.
"""
import copy
import dataclasses
import json
import math
import time

import machine
import whole_file
from measure import Row

JOURNAL_SECONDS = 10  # at the least, between two writes
WORDS = {dict: "object", list: "array", str: "string"}
EACH = object()  # in a shape: every key, in place of a named one
NUMBER = (int, float)
SHAPE = {"wanted": [str], "engines": [str], "machine": {"processor": str, "processors": int},
         "programs": {EACH: {"key": str, "runs": {EACH: [[NUMBER]]}, "not_measured": {EACH: str}, "counters": {EACH: {EACH: NUMBER}}}},
         "compile_usec": {EACH: {EACH: (*NUMBER, type(None))}}}
SESSION = {"begun": str, "priority": str, "counters": str, "other_work": NUMBER, "stolen": NUMBER}


class Unusable(Exception):
    """It is not what this program writes; the text says why."""


def check(value, shape, where="it"):
    """Raises Unusable where `value` is not of this shape: a type, [of all elements], or {name: of its value}."""
    kind = type(shape) if isinstance(shape, (dict, list)) else shape
    if not isinstance(value, kind):
        raise Unusable(f"{where} is no {WORDS.get(kind, 'number')}")
    if isinstance(shape, list):
        for each in value:
            check(each, shape[0], f"a part of {where}")
    elif isinstance(shape, dict):
        for name in value if EACH in shape else shape:
            if name not in value:
                raise Unusable(f"{where} has no {name!r}")
            check(value[name], shape.get(EACH) or shape[name], repr(name))


def check_times(name, runs):
    for layouts in runs.values():
        if not layouts or not all(layouts) or not all(math.isfinite(each) and each >= 0 for times in layouts for each in times):
            raise Unusable(f"{name!r} has an engine without a time")


def load(path):
    try:
        document = json.loads(path.read_text())
    except OSError as error:
        raise Unusable(error.strerror) from error
    except (ValueError, RecursionError) as error:
        raise Unusable(f"no JSON: {error}") from error
    check(document, SHAPE)
    if not document["engines"]:
        raise Unusable("it has no engine")
    # A document without sessions was written by a bench.py that knew of its last one only.
    document.setdefault("sessions", [{"begun": "some time ago", "other_work": 0, "stolen": 0} | document["machine"]])
    check(document["sessions"], [SESSION])
    for name, row in document["programs"].items():
        check_times(name, row["runs"])
    return document


class Journal:
    """The document of a run of the programs named in `wanted`; `earlier` is the one that it goes on with."""

    def __init__(self, path, wanted, engines, layouts, earlier=None):
        self.path, self.written, self.session, self.begun = path, 0.0, None, 0.0
        self.earlier = earlier or {"programs": {}, "compile_usec": {}, "sessions": []}
        self.document = {"wanted": list(wanted), "engines": list(engines), "layouts": layouts, "machine": machine.description(),
                         "sessions": [], "programs": {}, "compile_usec": {}}

    def resume(self, program, key):
        """Takes over an earlier row of the same images that nothing failed in; None where there is none."""
        row = self.earlier["programs"].get(program)
        if not row or row["key"] != key or row["not_measured"] or row.get("retries"):
            return None
        self.take_over(program)
        known = {each.name for each in dataclasses.fields(Row)}
        # A file that does not say so was written by a bench.py that wrote no row before it was done.
        return Row(**{"done": True} | {name: copy.deepcopy(value) for name, value in row.items() if name in known})

    def take_over(self, name):
        """The row as it is, and with it the sessions it may be of."""
        self.document["programs"][name] = self.earlier["programs"][name]
        self.document["sessions"] = self.earlier["sessions"]

    def keep_others(self, known, keys):
        """Rows of the programs that are not wanted now are kept as they are, where `keys(name)` has theirs. `known` are the
        names of all programs, in their order. Returns the names of those that cannot be kept."""
        others = [name for name in self.earlier["programs"] if name not in self.document["wanted"]]
        kept = [name for name in others if name in known and self.earlier["programs"][name]["key"] in keys(name)]
        for name in kept:
            self.take_over(name)
        self.document["wanted"] = [name for name in known if name in kept or name in self.document["wanted"]]
        return [name for name in others if name not in kept]

    def begin_session(self, priority, counters):
        self.begun = time.monotonic()
        self.session = {"begun": time.strftime("%Y-%m-%d %H:%M:%S"), "seconds": 0.0, "priority": priority, "counters": counters,
                        "other_work": 0.0, "stolen": 0.0}
        self.document["sessions"] = [*self.document["sessions"], self.session]

    def add(self, program, key, row):
        self.document["programs"][program] = {"key": key, **dataclasses.asdict(row)}

    def keep_up(self, engines, watch):
        if time.monotonic() - self.written > JOURNAL_SECONDS:
            self.write(engines, watch.conditions())

    def write(self, engines, conditions):
        self.written = time.monotonic()
        rows = self.document["programs"]
        self.document["programs"] = {name: rows[name] for name in self.document["wanted"] if name in rows}
        if self.session:
            self.session |= conditions | {"seconds": self.written - self.begun}
        self.document["compile_usec"] = {
            name: self.earlier["compile_usec"].get(name, {}) | variants[0].compile_usec for name, variants in engines.items()}
        if self.path:
            whole_file.write(self.path, json.dumps(self.document, indent=1))
