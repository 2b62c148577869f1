# Programs whose fuel is easy to get wrong: loops at the edges of their trip counts, exits, nests, calls, bulk operators.
"""programs() yields (title, text of a module, requests to reference-run without the module). Each runs in all metering modes.

A loop is made for each combination of counter type, step, place of the test and body; programs/*.wat are written by
hand, with `;; call: NAME ARGUMENT… | …` lines (one instance, in order) and `;; exhausts:` lines (an instance each).
"""
import itertools
import json
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
MODES = ["none", "counted", "slacked", "checked", "epoch"]
# Limits of fuel under which mode `checked` must end at a figure that the program passes.
LITTLE_FUEL = [0, 1, 7, 100, 1023, 4096, 20000]
TRIPS = [0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 1023, 1024, 1025]
# Around the rounds of some strips (jit/llvm/strip_mining.hpp), by the cost of a round and how many go into a vector.
LONG_TRIPS = [2047, 2048, 2049, 8191, 8192, 8193, 65535, 65536, 65537]
LONG_BODIES = ("sum", "read")
STEPS = [1, 2, 3, -1]

# What a round does; T is the counter's type, $i the counter, $at the same as an i32, $k the number of the round that differs.
BODIES = {
    "nothing": "",
    "sum": "(local.set $sum (i64.add (local.get $sum) (i64.const 3)))",
    "mix": "(local.set $sum (i64.mul (i64.xor (local.get $sum) (i64.const 0x9e3779b9)) (i64.const 0x100000001b3)))",
    "read": "(local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (i32.load (i32.shl AT (i32.const 2))))))",
    "write": "(i32.store (i32.shl AT (i32.const 2)) (i32.mul AT (i32.const 7)))",
    "bytes": "(i32.store8 offset=1 AT (i32.add (i32.load8_u AT) (i32.const 1)))",
    "float": "(f32.store (i32.shl AT (i32.const 2)) (f32.mul (f32.load (i32.shl AT (i32.const 2))) (f32.const 1.5)))",
    "arms": "(if (i32.and AT (i32.const 2)) (then (local.set $sum (i64.add (local.get $sum) (i64.const 5))))"
            " (else (local.set $sum (i64.rotl (i64.xor (local.get $sum) (i64.const 9)) (i64.const 3)))))",
    "arm_of_fuel_only": "(if (T.eq (local.get $i) (T.const 1)) (then (drop (i32.const 1)) (drop (i32.const 2)) (drop (i32.const 3))))",
    "call": "(local.set $sum (call $leaf (local.get $sum)))",
    "indirect": "(local.set $sum (call_indirect (type $unary) (local.get $sum) (i32.and AT (i32.const 1))))",
    "fill": "(memory.fill (i32.const 64) AT (i32.and AT (i32.const 15)))",
    "divide": "(local.set $sum (i64.add (local.get $sum) (i64.div_u (i64.const 100) (i64.extend_i32_u (i32.sub AT (local.get $k))))))",
    "leave": "(if (i32.eq AT (local.get $k)) (then (return (local.get $sum))))",
    "unreachable": "(if (i32.eq AT (local.get $k)) (then (unreachable)))",
    "table": "(block $a (block $b (block $c (br_table $a $b $c $out (i32.rem_u AT (i32.const 37)))) (local.set $sum (i64.const 1)))"
             " (local.set $sum (i64.add (local.get $sum) (i64.const 2))))",
    "out": "(local.set $sum (i64.load (i32.mul AT (local.get $k))))",
}
# Bodies with a round that differs: which ones.
ROUNDS = {"divide": [0, 1, 16, 1000], "leave": [0, 5, 1022], "unreachable": [3, 1024], "out": [1024, 65536, 1 << 20]}


def function(kind, step, test, body):
    text = BODIES[body].replace("AT", "(local.get $i)" if kind == "i32" else "(i32.wrap_i64 (local.get $i))").replace("T.", kind + ".")
    end = f"({kind}.mul (local.get $n) ({kind}.const {max(step, 1)}))"
    if step < 0:
        start, end = end, f"({kind}.const 0)"
        more = f"({kind}.gt_s (local.get $i) (local.get $end))"
    else:
        start, more = f"({kind}.const 0)", f"({kind}.lt_u (local.get $i) (local.get $end))"
    advance = f"(local.set $i ({kind}.add (local.get $i) ({kind}.const {step})))"
    loop = (f"(loop $next (br_if $out ({kind}.eq (local.get $i) (local.get $end))) {text} {advance} (br $next))" if test == "first"
            else f"(loop $next {text} {advance} (br_if $next {more}))")
    return (f'(func (export "{body}") (param $n {kind}) (param $k i32) (result i64) (local $i {kind}) (local $end {kind}) (local $sum i64)'
            f" (local.set $i {start}) (local.set $end {end}) (block $out {loop}) (local.get $sum))")


def loops(kind, step, test):
    functions = "\n  ".join(function(kind, step, test, body) for body in BODIES)
    return f"""(module
  (type $unary (func (param i64) (result i64)))
  (memory (export "memory") 16)
  (table 2 funcref) (elem (i32.const 0) $leaf $other)
  (func $leaf (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
  (func $other (param i64) (result i64) (i64.rotl (local.get 0) (i64.const 7)))
  {functions})"""


def call(name, *arguments):
    return {"export": name, "args": [[argument & ((1 << 64) - 1), 0] for argument in arguments]}


def calls_of_loops():
    for body in BODIES:
        for trips in TRIPS + (LONG_TRIPS if body in LONG_BODIES else []):
            for different in ROUNDS.get(body, [0]):
                yield call(body, trips, different)


def written(source):
    """Requests of a program written by hand."""
    sessions, exhausting = [[]], []
    for kind, line in re.findall(r"^;; (call|exhausts): (.*)$", source, re.MULTILINE):
        calls = [call(name, *map(int, arguments)) for name, *arguments in (each.split() for each in line.split("|"))]
        if kind == "call":
            sessions[0] += calls
        else:
            exhausting += [[each] for each in calls]
    yield {"sessions": sessions}
    if exhausting:
        yield {"sessions": exhausting, "exhausts": True, "most_fuel": 10_000_000}


def programs():
    for source in sorted((HERE / "programs").glob("*.wat")):
        text = source.read_text()
        yield source.name, text, list(written(text))
    of_i64 = [("i64", 1, "first"), ("i64", -1, "last")]  # half as many: the counters differ little
    for kind, step, test in [*itertools.product(["i32"], STEPS, ["first", "last"]), *of_i64]:
        # From few rounds to many and not the other way: what a call leaves in memory is the next one's input.
        yield f"loops of {kind} by {step}, tested {test}", loops(kind, step, test), [{"sessions": [list(calls_of_loops())]}]
    yield "2^32 rounds", HUGE, []


def run(bench, title, wat, requests):
    """What reference-run says of a program in each mode."""
    source = bench.folder / f"{re.sub(r'[^a-z0-9]+', '_', title.removesuffix('.wat'))}.wat"
    source.write_text(wat)
    module = {"module": str(bench.parse(source))}
    if not requests:
        return huge(bench, module)
    answers = []
    for request in requests:
        for mode in MODES:
            answers.append(bench.ask(request | module | {"metering": mode}))
            answers[-1]["wrong"] = [f"{mode}: {text}" for text in answers[-1]["wrong"]]
        if "exhausts" in request:
            continue
        apart = [[each] for session in request["sessions"] for each in session]
        for limit in LITTLE_FUEL:
            each = apart[LITTLE_FUEL.index(limit)::len(LITTLE_FUEL)]
            answers.append(bench.ask(module | {"sessions": each, "metering": "checked", "fuel_limit": limit}))
            answers[-1]["wrong"] = [f"checked with {limit}: {text}" for text in answers[-1]["wrong"]]
    return answers


# Counters that wrap around, or run to the end of their type: too many rounds for the interpreter, but each costs the same, so
# that fuel follows from two short runs.
HUGE = """(module
  (func (export "down") (param $n i32) (result i32) (local $x i32)
    (loop $next
      (local.set $x (i32.add (local.get $x) (local.get $n)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x))
  (func (export "up") (param $from i32) (result i32) (local $x i32)
    (loop $next
      (local.set $x (i32.rotl (i32.xor (local.get $x) (local.get $from)) (i32.const 1)))
      (br_if $next (local.tee $from (i32.add (local.get $from) (i32.const 1)))))
    (local.get $x))
  (func (export "up_to") (param $from i64) (result i64) (local $x i64)
    (block $out
      (loop $next
        (br_if $out (i64.gt_u (local.get $from) (i64.const 0xffffffff)))
        (local.set $x (i64.add (local.get $x) (local.get $from)))
        (local.set $from (i64.add (local.get $from) (i64.const 1)))
        (br $next)))
    (local.get $x)))"""
# Function, arguments of two short runs, of the long one, and how many rounds each has.
HUGE_RUNS = [("down", (1000, 3000), 0, (1000, 3000, 1 << 32)),
             ("down", (1000, 3000), 0xFFFF_FFFF, (1000, 3000, (1 << 32) - 1)),
             ("up", (0xFFFF_FF00, 0xFFFF_0000), 1, (0x100, 0x1_0000, (1 << 32) - 1)),
             ("up_to", (0xFFFF_FF00, 0xFFFF_0000), 0, (0x100, 0x1_0000, 1 << 32))]


def huge(bench, module):
    answers = []
    for name, short, long, rounds in HUGE_RUNS:
        for mode in ("counted", "slacked", "checked"):
            request = module | {"metering": mode, "tells": True}
            answers.append(bench.ask(request | {"sessions": [[call(name, argument)] for argument in short]}))
            first, second = (each[1] for each in answers[-1]["fuel"])
            of_a_round, rest = divmod(second - first, rounds[1] - rounds[0])
            told = bench.ask(request | {"sessions": [[call(name, long)]], "only_generated": True})
            want = first + of_a_round * (rounds[2] - rounds[0])
            if rest or told.get("fuel") != [[0, want]]:
                answers[-1]["wrong"].append(f"{mode}: {name} of {long}: fuel {json.dumps(told.get('fuel'))}, by its rounds {want}")
            answers.append(told)
    return answers
