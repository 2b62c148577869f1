# The hostile modules: what each is, what becomes of it, and in what time and memory.
"""CASES is the table. A case's module is made when it runs. It is refused, traps, or runs to its end: with a value of f, if it
has an f."""
import dataclasses
import itertools
from collections.abc import Callable

from modules import (ADD, AND, BLOCK, DROP, ELSE, F32, F64, FUNCREF, HEADER, I32, I64, IF, LOAD, LOOP, MUL, SELECT, STORE,
                     SUB, V128, XOR, body, br_if, br_table, call, const, custom, export, function, get, module, overlong,
                     put, run_length, same, section, sized, signature, u, vector)

MIB = 1 << 20
QUIET = body(b"")
FROM_MEMORY = const(0) + LOAD + u(0)  # a number that no compiler knows


@dataclasses.dataclass
class Case:
    name: str
    make: Callable[[], bytes]
    refused: str = ""  # pattern of the refusal; "" where it runs
    result: int | None = None  # of f; None: the module has _start
    trap: str = ""  # words of the trap that it ends with
    seconds: float = 10  # of processor time, all of slackd's processes together
    mib: int = 700  # the largest process
    large: bool = False  # with --all only


CASES = []


def case(name, **expected):
    def add(make):
        CASES.append(Case(name, make, **expected))
        return make
    return add


def signed(number):
    return (number + 2**31) % 2**32 - 2**31


# --- nesting ---
def add_nesting():
    def nest(opening, count, inside=b"", closing=b""):
        return lambda: module([body(opening * count + (inside + closing + b"\x0b") * count, run_length((1, I32)))])

    for count, seconds, mib in ((10_000, 4, 300), (100_000, 15, 1200)):
        CASES.extend([
            Case(f"{count} blocks in each other", nest(BLOCK, count), seconds=seconds, mib=mib),
            Case(f"{count} loops in each other", nest(LOOP, count), seconds=seconds, mib=mib),
            Case(f"{count} ifs in each other", nest(const(1) + IF, count), seconds=seconds, mib=mib),
            Case(f"{count} loops in each other, each with its branch", nest(LOOP, count, get(0), br_if(0)),
                 seconds=2 * seconds, mib=2 * mib),
        ])
    CASES.append(Case("1000000 blocks in each other", nest(BLOCK, 1_000_000), seconds=30, mib=3300))
    CASES.append(Case("1000000 loops in each other, each with its branch", nest(LOOP, 1_000_000, get(0), br_if(0)),
                      refused="limit compile-memory", seconds=30, mib=3300))


add_nesting()


# --- locals, parameters, results ---
# With quick effort nothing folds: what looks from one operator to the next must not do so without end.
@case("a hundred thousand reinterpretations there and back", result=0, seconds=10)
def _():
    there_and_back = b"\xbe\xbc"  # f32.reinterpret_i32, i32.reinterpret_f32
    return function(get(0) + b"\x22\0" + there_and_back * 100_000, run_length((1, I32)))


@case("50000 locals, each made from the last", result=49_999, seconds=10)
def _():
    steps = b"".join(get(i) + const(1) + ADD + put(i + 1) for i in range(49_999))
    return function(steps + get(49_999), run_length((50_000, I32)))


@case("50001 locals", refused="50001 locals of a function, over the limit of 50000 \\(limit locals\\)")
def _():
    return function(const(0), run_length((50_001, I32)))


@case("locals by run length beyond 2^32", refused="too many locals")
def _():
    return function(const(0), run_length((2**32 - 1, I32), (2, I64)))


@case("a million runs of no locals", result=7)
def _():
    return function(const(7), same(u(0) + I32, 1_000_000))


@case("50000 locals in each of 2000 functions", refused="over the limit of 67108864 \\(limit all-locals\\)")
def _():
    return module(same(body(b"", run_length((50_000, I32))), 2_000), of_type=same(b"\0", 2_000))


@case("50000 locals live through 5000 ifs", result=0, seconds=15)
def _():
    steps = b"".join(get(i) + IF + get(i * 7) + put(i * 3) + ELSE + get(i * 10) + put(i * 9) + b"\x0b"
                     for i in range(5_000))
    return function(steps + const(0) + b"".join(get(i) + ADD for i in range(50_000)), run_length((50_000, I32)))


@case("1000 parameters and 1000 results, 100 times", result=1000 * 5, seconds=40)
def _():
    kind = signature(I32 * 1000, I32 * 1000)
    sum_up = const(5) * 1000 + call(1) * 100 + ADD * 999
    return module([body(sum_up), body(b"".join(get(i) for i in range(1000)))], types=[signature(b"", I32), kind],
                  of_type=[0, 1], exports=vector([export(b"f", 0)]))


@case("1001 parameters", refused="1001 parameters of a type, over the limit of 1000 \\(limit parameters\\)")
def _():
    return module([QUIET], types=[signature(), signature(I32 * 1001)])


@case("1001 results", refused="1001 results of a type, over the limit of 1000 \\(limit results\\)")
def _():
    return module([QUIET], types=[signature(), signature(b"", I32 * 1001)])


@case("a stack of two million operands", refused="over the limit of 1000000 \\(limit operands\\)")
def _():
    return function(const(1) * 2_000_000 + ADD * 1_999_999)


# --- br_table ---
def dispatch(labels, default):
    """Of ten nested blocks the one that label 3 leaves gives 3, and so on."""
    arms = b"".join(b"\x0b" + const(i) + b"\x0f" for i in range(10))
    return function(BLOCK * 10 + const(60_000) + br_table(labels, default) + arms + b"\x00")


CASES.append(Case("br_table of 65520 labels", lambda: dispatch([i * 7 % 10 for i in range(65_520)], 9), result=0))
CASES.append(Case("br_table of a million labels", lambda: dispatch([i * 3 % 10 for i in range(1_000_000)], 9), result=0))


@case("br_table that names 2^32-1 labels and has none", refused="unexpected end")
def _():
    return function(const(0) + b"\x0e" + u(2**32 - 1))


@case("1500 loops, each with a table of 1300 labels", seconds=30, mib=900)
def _():
    one = (LOOP + BLOCK * 4 + get(0) + br_table([i % 5 for i in range(1300)], 3) + b"\x0b" * 4 + get(0) + const(1) + SUB +
           b"\x22\0" + const(0) + b"\x4a" + br_if(0) + b"\x0b")
    return module([body(one * 1500, run_length((1, I32)))])


@case("branches between 2000 blocks like a knot", seconds=15)
def _():
    count = 2000
    code = FROM_MEMORY + put(0) + LOOP + BLOCK * count + get(0) + br_table(range(count), count - 1) + b"\x0b"
    for i in range(count - 1):
        code += get(0) + const(i * 7 + 3) + ADD + put(0) + get(0) + const(1) + AND + br_if(max(count - 2 - i, 0)) + b"\x0b"
    return module([body(code + b"\x0b", run_length((1, I32)))])


@case("20000 branches that carry 100 values each", refused="limit compile-memory", seconds=60, mib=3300, large=True)
def _():
    kind = signature(b"", I32 * 100)
    code = b"\x02\1" + get(0) * 100 + (get(0) + br_if(0)) * 20_000 + b"\x0b" + DROP * 100
    return module([body(code, run_length((1, I32)))], types=[signature(), kind])


@case("200000 branches to one place", seconds=30, mib=1900)
def _():
    return module([body(BLOCK + (get(0) + br_if(0)) * 200_000 + b"\x0b", run_length((1, I32)))])


# --- numbers of things ---
def functions(count):
    return module(same(QUIET, count), of_type=same(b"\0", count), pages=None)


CASES.append(Case("a million tiny functions", lambda: functions(1_000_000), seconds=75, mib=3300))
CASES.append(Case("1000001 functions", lambda: functions(1_000_001), refused="over the limit of 1000000 \\(limit functions\\)"))


@case("1000 functions that call each other in a chain", result=1_000, seconds=50, mib=900)
def _():
    links = [body(call(i + 1) + const(1) + ADD) for i in range(1_000)]
    return module([*links, body(const(0))], types=[signature(b"", I32)], exports=vector([export(b"f", 0)]))


@case("5 calls of 5 calls of … 30 deep", seconds=5)
def _():
    kind = signature(I32, I32)
    levels = [body(get(0) + call(i + 2) * 5) for i in range(30)]
    start = body(get(0) + b"\x04\x40" + const(1) + call(1) + DROP + b"\x0b", run_length((1, I32)))
    return module([start, *levels, body(get(0) + const(3) + MUL)], types=[signature(), kind],
                  of_type=[0] + [1] * 31)


@case("a million different types", seconds=40, mib=2000)
def _():
    kinds = itertools.islice(itertools.product((I32, I64, F32, F64, V128, FUNCREF, b"\x6f"), repeat=8), 999_999)
    return module([QUIET], types=vector([signature(), *(signature(b"".join(kind)) for kind in kinds)]))


@case("1000001 types", refused="1000001 types, over the limit of 1000000 \\(limit types\\)")
def _():
    return module([QUIET], types=same(signature(), 1_000_001))


@case("20000 types of 2000 values", seconds=15, mib=1500)
def _():
    def kind(number):
        return signature(bytes(0x7F - (number >> i & 1) for i in range(15)) + I32 * 985, I64 * 1000)
    return module([QUIET], types=vector([signature(), *(kind(i) for i in range(20_000))]))


@case("100001 data segments", refused="100001 data segments, over the limit of 100000 \\(limit data-segments\\)")
def _():
    return module([QUIET], data=same(b"\1\0", 100_001))


@case("1000001 globals", refused="1000001 globals, over the limit of 1000000 \\(limit globals\\)")
def _():
    return module([QUIET], globals_=same(I32 + b"\0\x41\0\x0b", 1_000_001))


@case("5000 globals, each read and written 20 times", seconds=15)
def _():
    count = 5000
    code = b"".join(b"\x23" + u(i) + b"\x23" + u((i * 7 + 1) % count) + ADD + b"\x24" + u(i) for i in range(count))
    return module([body(code * 10)], globals_=same(I32 + b"\1\x41\0\x0b", count))


@case("a million globals of 16 bytes", seconds=20, mib=1500)
def _():
    return module([QUIET], globals_=same(V128 + b"\1\xfd\x0c" + bytes(16) + b"\x0b", 1_000_000))


@case("100001 tables", refused="100001 tables, over the limit of 100000 \\(limit tables\\)")
def _():
    return module([QUIET], tables=same(FUNCREF + b"\0\0", 100_001))


@case("100000 tables", seconds=10)
def _():
    return module([QUIET], tables=same(FUNCREF + b"\0\0", 100_000))


@case("a table of 10000001 elements", refused="over the limit of 10000000 \\(limit table-elements\\)")
def _():
    return module([QUIET], tables=b"\1" + FUNCREF + b"\0" + u(10_000_001))


@case("a table of up to 2^32-1 elements", seconds=3)
def _():
    return module([QUIET], tables=b"\1" + FUNCREF + b"\1\0" + u(2**32 - 1))


@case("an element segment of 10000000", seconds=40, mib=3300)
def _():
    count = 10_000_000
    return module([QUIET], tables=b"\1" + FUNCREF + b"\0" + u(count), elements=b"\1\0\x41\0\x0b" + same(b"\0", count))


@case("100001 element segments", refused="100001 element segments, over the limit of 100000 \\(limit element-segments\\)")
def _():
    return module([QUIET], tables=b"\1" + FUNCREF + b"\0\1", elements=same(b"\1\0\0", 100_001))


@case("a memory of more than 4 GiB", refused="memory size must be at most 65536 pages")
def _():
    return module([QUIET], pages=65_537)


@case("two memories", refused="multiple memories")
def _():
    return HEADER + section(5, b"\2\0\1\0\1")


@case("a million exports of one function", seconds=40, mib=3300)
def _():
    return module([QUIET], exports=vector([export(b"_start", 0), *(export(b"%x" % i, 0) for i in range(999_999))]))


@case("1000001 exports", refused="1000001 exports, over the limit of 1000000 \\(limit exports\\)")
def _():
    return module([QUIET], exports=same(export(b"a", 0), 1_000_001))


@case("1000001 imports", refused="1000001 imports, over the limit of 1000000 \\(limit imports\\)")
def _():
    return module([QUIET], imports=same(b"\1a\1b\0\0", 1_000_001))


# --- data ---
def data(*segments):
    return module([QUIET], pages=2048, data=vector(b"\0" + const(where) + b"\x0b" + sized(content) for where, content in segments))


CASES.append(Case("100 MiB of data", lambda: data((0, b"\xab" * (100 * MIB))), seconds=10, mib=1200))
CASES.append(Case("100000 segments of a byte", lambda: data(*((i, b"\xab") for i in range(100_000))), seconds=10))
CASES.append(Case("500 MiB of data", lambda: data((0, b"\xab" * (500 * MIB))), refused="limit image-bytes", seconds=20, mib=3300))
CASES.append(Case("data beyond memory", lambda: data((2**27 - 1, b"ab")), trap="out of bounds memory access"))


# --- LEB128, counts, sizes ---
@case("LEB128 of five bytes for 0", seconds=3)
def _():
    return HEADER + section(1, overlong(1, 5) + b"\x60\x80\x80\x80\x80\0\0") + section(3, b"\1\x80\0") + section(
        7, vector([export(b"_start", 0)])) + section(10, overlong(1, 5) + overlong(2, 5) + b"\0\x0b")


@case("LEB128 of six bytes", refused="integer representation too long")
def _():
    return HEADER + section(1, overlong(0, 6))


@case("LEB128 with bits beyond 32", refused="integer too large")
def _():
    return HEADER + section(1, b"\xff\xff\xff\xff\x1f")


@case("i32.const with bits beyond its sign", refused="integer too large")
def _():
    return function(b"\x41\x80\x80\x80\x80\x70")


def add_counts():
    for number, what in ((1, "types"), (2, "imports"), (3, "functions"), (4, "tables"), (6, "globals"), (7, "exports"),
                         (9, "element segments"), (10, "bodies"), (11, "data segments")):
        CASES.append(Case(f"2^32-1 {what} in a section of five bytes",
                          lambda number=number: HEADER + section(number, u(2**32 - 1)),
                          refused="over the limit of|unexpected end", mib=200, seconds=3))


add_counts()


@case("a section that says it has 4 GiB", refused="length out of bounds")
def _():
    return HEADER + b"\1" + u(2**32 - 1) + b"\0"


@case("a million empty custom sections", seconds=5)
def _():
    return HEADER + b"\0\1\0" * 1_000_000 + module([QUIET])[8:]


@case("a custom section of 300 MiB", seconds=8, mib=800)
def _():
    return module([QUIET], more=custom(b"x", bytes(300 * MIB)))


# --- names ---
@case("duplicate export name", refused='duplicate export name "a"')
def _():
    return module([QUIET], exports=vector([export(b"a", 0), export(b"b", 0), export(b"a", 0)]))


@case("an export name that is no UTF-8", refused="malformed UTF-8 encoding")
def _():
    return module([QUIET], exports=vector([export(b"\xff", 0)]))


@case("an export name of 100 MiB", seconds=20, mib=3300)
def _():
    return module([QUIET], exports=vector([export(b"_start", 0), export(b"n" * (100 * MIB), 0)]))


def names(count, entries):
    subsection = vector(entries)
    return module(same(QUIET, count), of_type=same(b"\0", count), more=custom(b"name", b"\1" + sized(subsection)))


CASES.append(Case("100000 functions of one name", lambda: names(100_000, (u(i) + b"\1a" for i in range(100_000))), seconds=20,
                  mib=1500))
CASES.append(Case("100000 functions of names that end in numbers",
                  lambda: names(100_000, (u(i) + sized(b"a.%d" % (i + 1) if i % 2 else b"a") for i in range(100_000))),
                  seconds=20, mib=1500))
CASES.append(Case("names of functions that are not there", lambda: names(1, [u(2**32 - 1) + b"\1a"]), seconds=3))
CASES.append(Case("names twice, backwards and without an end",
                  lambda: names(2, [b"\1\1a", b"\0\1b", b"\0\1c", b"\xff\xff\xff\xff\x0f"]), seconds=3))
CASES.append(Case("a name section of rubbish",
                  lambda: module([QUIET], more=custom(b"name", bytes(i * 37 % 256 for i in range(100_000)))), seconds=3))


# --- long code ---
@case("60000 calls of a leaf", result=60_000, seconds=30, mib=900)
def _():
    leaf = body(get(0) + const(1) + ADD)
    return module([body(const(0) + call(1) * 60_000), leaf], types=[signature(b"", I32), signature(I32, I32)],
                  of_type=[0, 1], exports=vector([export(b"f", 0)]))


@case("20000 calls through a table", trap="uninitialized element", seconds=30, mib=1400)
def _():
    code = b"".join(const(i % 100) + b"\x11\0\0" for i in range(20_000))
    return module([body(code)], tables=b"\1" + FUNCREF + b"\0\x64")


@case("a sum of 100000 operands", result=signed(sum(range(100_000))), seconds=10)
def _():
    return function(b"".join(map(const, range(100_000))) + ADD * 99_999)


@case("a sum of 100000 loads", result=0, seconds=15)
def _():
    return function(b"".join(const(i * 4 % 60_000) + LOAD + u(0) for i in range(100_000)) + ADD * 99_999)


@case("10000 values live at once", result=0, seconds=10)
def _():
    return function(b"".join(const(i * 4 % 60_000) + LOAD + u(0) for i in range(10_000)) + XOR * 9_999)


@case("200000 loads that nobody needs, the last beyond memory", trap="out of bounds memory access", seconds=15)
def _():
    return module([body((const(8) + LOAD + u(0) + DROP) * 200_000 + const(-4) + LOAD + u(0) + DROP)])


@case("200000 stores", seconds=30, mib=1000)
def _():
    return module([body(b"".join(const(i * 4 % 60_000) + const(i) + STORE + u(0) for i in range(200_000)))])


@case("200000 loads, each where the last one says", result=0, seconds=40, mib=1500)
def _():
    return function((get(0) + LOAD + u(0) + get(0) + ADD + put(0)) * 200_000 + get(0), run_length((1, I32)))


@case("200000 selects in a chain", result=0, seconds=30, mib=1500)
def _():
    steps = b"".join(get(0) + get(1) + get(2) + SELECT + put(i % 3) for i in range(200_000))
    return function(steps + get(0), run_length((3, I32)))


@case("40000 selects in each other", result=1, seconds=30, mib=900)
def _():
    return function(const(1) + (const(2) + const(1) + SELECT) * 40_000)


@case("20000 selects of loads in each other", result=0, seconds=30, mib=900)
def _():
    one = const(16) + LOAD + u(0) + const(20) + LOAD + u(0) + SELECT
    return function(const(4) + LOAD + u(0) + one * 20_000)


@case("20000 additions of floats in a chain", result=0, seconds=20, mib=900)
def _():
    steps = (b"\x43\0\0\x80\x3f" + b"\x92") * 20_000 + b"\xa8" + DROP
    return function(b"\x43" + bytes(4) + steps + const(0))


@case("values through 10000 joins", result=50 * 0, seconds=15)
def _():
    steps = b"".join(get(i % 50) + IF + get(i * 7 % 50) + put(i * 3 % 50) + b"\x0b" for i in range(10_000))
    return function(steps + const(0) + b"".join(get(i) + ADD for i in range(50)), run_length((50, I32)))


@case("490 loops one after the other", result=490, seconds=20)
def _():
    one = (LOOP + get(0) + const(1) + ADD + put(0) + BLOCK * 4 + get(1) + br_table([0, 1, 2, 3, 0], 3) + b"\x0b" * 4 +
           get(1) + br_if(0) + b"\x0b")
    return function(FROM_MEMORY + put(1) + one * 490 + get(0), run_length((2, I32)))


@case("5000 loops one after the other", result=5000, seconds=20)
def _():
    one = (LOOP + get(0) + const(1) + ADD + put(0) + BLOCK * 4 + get(1) + br_table([0, 1, 2, 3, 0], 3) + b"\x0b" * 4 +
           get(1) + br_if(0) + b"\x0b")
    return function(FROM_MEMORY + put(1) + one * 5000 + get(0), run_length((2, I32)))


def counted_loop(rounds, inside=b"", local=0):
    """Down to 0: (loop INSIDE (br_if 0 (local.tee (i32.sub (local.get) (i32.const 1)))))."""
    return const(rounds) + put(local) + LOOP + inside + get(local) + const(1) + SUB + b"\x22" + u(local) + br_if(0) + b"\x0b"


# Vectorised by 256 and unrolled for all the rest, each would be as many safepoints as rounds.
@case("450 empty loops of 16384 rounds one after the other", seconds=12, mib=400)
def _():
    return module([body(counted_loop(16_384) * 450, run_length((1, I32)))])


@case("300 functions of 6 empty loops of 16384 rounds", seconds=12, mib=400)
def _():
    return module([body(counted_loop(16_384) * 6, run_length((1, I32)))] * 300)


@case("100 loops of 16384 rounds in loops of 60 in loops of 30", seconds=12, mib=400)
def _():
    nest = counted_loop(30, counted_loop(60, counted_loop(16_384), local=1), local=2)
    return module([body(nest * 100, run_length((3, I32)))])


@case("5 loops of 18000 rounds of 8000 operators that do nothing", seconds=10, mib=400)
def _():
    return module([body(counted_loop(18_000, (get(0) + DROP) * 8_000) * 5, run_length((1, I32)))])


@case("30000 vector operators", seconds=15)
def _():
    codes = [b"\xfd\x6e", b"\xfd\x8e\1", b"\xfd\xae\1", b"\xfd\xb6\1", b"\xfd\x0d" + bytes(i * 3 % 32 for i in range(16))]
    steps = b"".join(get(i % 8) + get((i * 3 + 1) % 8) + codes[i % 5] + put(i % 8) for i in range(30_000))
    return module([body(steps, run_length((8, V128)))])


@case("a function body of 7654321 bytes", refused="limit compile-memory", seconds=90, mib=3300)
def _():
    step = get(0) + LOAD + u(0) + get(0) + ADD + put(0)
    room = 7_654_321 - len(run_length((1, I32))) - 1
    return module([body(step * (room // len(step)) + b"\x01" * (room % len(step)), run_length((1, I32)))])


@case("a function body of 7654322 bytes", refused="7654322 bytes of a function body, over the limit of 7654321 \\(limit body-bytes\\)")
def _():
    return module([body(b"\x01" * (7_654_322 - 2))])


@case("a constant expression of a million operators", refused="constant expression required")
def _():
    return module([QUIET], globals_=b"\1" + I32 + b"\0" + const(1) * 1_000_000 + ADD * 999_999 + b"\x0b")


@case("a constant expression of a million blocks", refused="constant expression required")
def _():
    return module([QUIET], globals_=b"\1" + I32 + b"\0" + BLOCK * 1_000_000 + b"\x0b" * 1_000_001)


# --- ends ---
@case("a start function that traps", trap="unreachable", seconds=3)
def _():
    return module([body(b"\0")], start=0)


@case("no _start, and a million functions", refused="module exports no function _start; name one with --invoke", seconds=6)
def _():
    return module(same(QUIET, 1_000_000), of_type=same(b"\0", 1_000_000), exports=vector([export(b"other", 0)]))
