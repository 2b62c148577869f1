#!/usr/bin/env python3
# Holds loads to their whole width: one that reaches over the end of memory traps, however little of its value is needed.
"""Usage: whole_loads.py --spec-run PROGRAM --wasm-tools PROGRAM [--cpu NAME], or whole_loads.py --print

A code generator loads what it needs of a value, which may lie inside memory where the whole does not; which instructions
do so differs from processor to processor: --cpu names one of LLVM's, the default is this one. For kinds of loads and pairs
of operators behind them there is a function here that stores what comes of it. Each is called with the last address at
which the load is inside memory, which must return, and with the next one, which must trap. --print prints the script, in
the format of the official suite, and runs nothing. Both efforts that a function may be compiled with are tested. The last
line is `N passed, N failed, N skipped`.
"""
import argparse
import pathlib
import sys
import tempfile

from scripts import assemble, run

MEMORY = 65536
FUNCTIONS = 1000  # in a module: spec-run has a time limit for each

LANES = {"i8x16": (16, "i32"), "i16x8": (8, "i32"), "i32x4": (4, "i32"), "i64x2": (2, "i64"), "f32x4": (4, "f32"),
         "f64x2": (2, "f64")}  # how many, and the type of one
INTEGERS = ["i8x16", "i16x8", "i32x4", "i64x2"]
CONSTANT = "(v128.const i64x2 {} {})"
OTHER = "(local.get 1)"


def widened(operator):
    """The operators of SIMD that take half of a vector's lanes, or pairs of them, to lanes of twice the width."""
    for wide, narrow in (("i16x8", "i8x16"), ("i32x4", "i16x8"), ("i64x2", "i32x4")):
        for sign in "su":
            for half in ("low", "high"):
                yield f"{wide}.{operator}_{half}_{narrow}_{sign}"


def unary_vectors():
    """(operator with X where its operand goes)"""
    names = [*widened("extend")]
    names += [f"{wide}.extadd_pairwise_{narrow}_{sign}"
              for wide, narrow in (("i16x8", "i8x16"), ("i32x4", "i16x8")) for sign in "su"]
    names += [f"{lanes}.{operator}" for lanes in INTEGERS for operator in ("abs", "neg")] + ["v128.not", "i8x16.popcnt"]
    names += [f"{lanes}.{operator}" for lanes in ("f32x4", "f64x2") for operator in ("abs", "neg", "sqrt", "nearest")]
    names += ["f32x4.demote_f64x2_zero", "f64x2.promote_low_f32x4"]
    names += [f"{pair}_{sign}"
              for pair in ("i32x4.trunc_sat_f32x4", "f32x4.convert_i32x4", "f64x2.convert_low_i32x4") for sign in "su"]
    names += [f"i32x4.trunc_sat_f64x2_{sign}_zero" for sign in "su"]
    return [f"({name} X)" for name in names]


def mixed_vectors():
    names = ["v128.and", "v128.or", "v128.xor", "v128.andnot", "i8x16.swizzle", "i8x16.add", "i16x8.mul", "i32x4.mul", "i64x2.mul",
             "i8x16.eq", "i16x8.lt_u", "i32x4.gt_s", "f32x4.add", "f64x2.mul", "f32x4.min", "i8x16.narrow_i16x8_s",
             "i8x16.narrow_i16x8_u", "i16x8.narrow_i32x4_s", "i16x8.narrow_i32x4_u", "i32x4.dot_i16x8_s", *widened("extmul")]
    halves = [CONSTANT.format(low, high) for low, high in ((0, -1), (-1, 0), (255, 0), (3, 3))]
    yield from (f"({name} X {OTHER})" for name in names)
    yield from (f"({name} {OTHER} X)" for name in names)
    yield from (f"({name} X {half})" for name in names for half in halves)
    yield from (f"({lanes}.{shift} X (i32.const {bits}))"
                for lanes in INTEGERS for shift in ("shl", "shr_s", "shr_u") for bits in (7, 31))
    yield from (f"({lanes}.replace_lane {lane} X ({number}.const 7))"
                for lanes, (count, number) in LANES.items() for lane in (0, count - 1))
    yield from (f"({lanes}.splat ({end} X))" for lanes, end, _ in lane_reads())
    for second in (OTHER, CONSTANT.format(0, 0)):
        for pick in shuffles():
            yield f"(i8x16.shuffle {' '.join(map(str, pick))} X {second})"


def shuffles():
    low, high = list(range(8)), list(range(8, 16))
    yield from (low + low, high + high, low + [at + 16 for at in low], [at + 16 for at in high] + high, high + low)
    yield from ([byte] * 16 for byte in (0, 15))
    for width in (1, 2, 4):  # interleaved: the low halves of both, the high halves, every other lane
        lanes = [list(range(at, at + width)) for at in range(0, 16, width)]
        for part in (lanes[:len(lanes) // 2], lanes[len(lanes) // 2:]):
            yield [byte for lane in part for byte in (*lane, *(at + 16 for at in lane))]
        yield [byte for lane in lanes[::2] for byte in (*lane, *(at + 16 for at in lane))]
    yield list(range(4, 20))
    yield list(range(15, -1, -1))


def lane_reads():
    """(shape, operator, type of what it gives)"""
    for lanes, (count, number) in LANES.items():
        for sign in (("_s", "_u") if count > 4 else ("",)):
            for lane in (0, count - 1):
                yield lanes, f"{lanes}.extract_lane{sign} {lane}", number


def vector_ends():
    """(operator with X, type): what makes a number of a vector."""
    yield from ((f"({operator} X)", number) for _, operator, number in lane_reads())
    yield from ((f"({lanes}.{test} X)", "i32") for lanes in INTEGERS for test in ("all_true", "bitmask"))
    yield "(v128.any_true X)", "i32"


def number_steps(bits):
    """Operators from a number of so many bits to one of the same type."""
    number = f"i{bits}"
    masks = (1, 255, 0xff00, 65535, 1 << (bits - 1))
    yield from (f"({number}.and X ({number}.const {mask}))" for mask in masks)
    yield from (f"({number}.{shift} X ({number}.const {by}))"
                for shift in ("shl", "shr_s", "shr_u", "rotl") for by in (1, 8, bits // 2, bits - 8, bits - 1))
    yield from (f"({number}.{name} X)" for name in ("clz", "ctz", "popcnt", "extend8_s", "extend16_s"))
    yield from (f"({number}.{name} X ({number}.const 255))" for name in ("or", "xor", "add", "mul", "div_u"))
    yield f"({number}.reinterpret_f{bits} (f{bits}.abs (f{bits}.reinterpret_i{bits} X)))"
    if bits == 64:
        yield "(i64.extend32_s X)"
        yield "(i64.extend_i32_u (i32.wrap_i64 X))"


def tests(number):
    yield from (f"({number}.{test} X ({number}.const {other}))" for test in ("eq", "lt_s", "lt_u", "gt_u")
                for other in (0, 255, 65536))


def store(number, value, bits=""):
    return f"({number}.store{bits} (i32.const 0) {value})"


def behind(loads, chain):
    """Functions' bodies with the width of their load, in bytes, for a chain of operators with X."""
    for load, width in loads:
        yield chain.replace("X", f"({load} (local.get 0))"), width


def bodies():
    vector = [("v128.load", 16)]
    halves = [(f"v128.load{lanes}_{sign}", 8) for lanes in ("8x8", "16x4", "32x2") for sign in "su"]
    halves += [("v128.load64_splat", 8), ("v128.load64_zero", 8), ("v128.load32_splat", 4), ("v128.load32_zero", 4)]
    unary, mixed, ends = unary_vectors(), [*mixed_vectors()], [*vector_ends()]
    extensions = [f"({name} X)" for name in widened("extend")]
    for step in unary + mixed:
        yield from behind(vector, store("v128", step))
        for second in extensions:
            yield from behind(vector, store("v128", second.replace("X", step)))
    for step in unary:
        yield from behind(halves, store("v128", step))
        yield from behind(vector, f"(v128.store64_lane 0 (i32.const 0) {step})")
        for end, number in ends:
            yield from behind(vector, store(number, end.replace("X", step)))
    for end, number in ends:
        yield from behind(vector + halves, store(number, end))
    for first in extensions:
        yield from behind(halves, store("v128", first.replace("X", first)))
        for second in extensions:  # of one value, each a part
            parts = first.replace("X", "(local.tee 1 X)") + second.replace("X", "(local.get 1)")
            yield from behind(vector, store("v128", f"(v128.xor {parts})"))
        for way in (f"(if (local.get 2) (then {store('v128', first.replace('X', '(local.get 1)'))}))",
                    f"(loop {store('v128', first.replace('X', '(local.get 1)'))} (br_if 0 (i32.eqz (local.get 2))))",
                    store("v128", f"(select {first.replace('X', '(local.get 1)')} (v128.const i64x2 0 0) (local.get 2))")):
            yield from behind(vector, f"(local.set 1 X) {way}")
    for bits in (32, 64):
        number = f"i{bits}"
        loads = [(f"{number}.load", bits // 8)]
        loads += [(f"{number}.load{part}_{sign}", part // 8) for part in (16, 32) if part < bits for sign in "su"]
        for first in ("X", *number_steps(bits)):
            for second in number_steps(bits):
                yield from behind(loads[:1], store(number, second.replace("X", first)))
            for part in (8, 16, 32)[:bits // 32 + 1]:
                yield from behind(loads, store(number, first, part))
            for test in tests(number):
                yield from behind(loads, store("i32", test.replace("X", first)))


def script():
    every = [*bodies()]
    for begin in range(0, len(every), FUNCTIONS):
        part = every[begin:begin + FUNCTIONS]
        yield "(module (memory 1)"
        yield from (f'(func (export "{index}") (param i32 v128 i32) {body})' for index, (body, _) in enumerate(part))
        yield ")"
        for index, (_, width) in enumerate(part):
            last = MEMORY - width
            call = f'(invoke "{index}" (i32.const {{}}) (v128.const i64x2 5 9) (i32.const 1))'
            yield f"(assert_return {call.format(last)})"
            yield f'(assert_trap {call.format(last + 1)} "out of bounds memory access")'


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[1])
    parser.add_argument("--spec-run")
    parser.add_argument("--wasm-tools")
    parser.add_argument("--cpu")
    parser.add_argument("--print", action="store_true")
    arguments = parser.parse_args()
    if arguments.print:
        print("\n".join(script()))
        return 0
    if not arguments.spec_run or not arguments.wasm_tools:
        parser.error("--spec-run and --wasm-tools are wanted")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        wast = folder / "whole_loads.wast"
        wast.write_text("\n".join(script()))
        assemble(arguments.wasm_tools, wast, folder)
        cpu = ["--cpu", arguments.cpu] if arguments.cpu else []
        counts = [0, 0, 0]
        for effort in ([], ["--quick"]):
            label = " ".join([arguments.cpu or "this processor", *effort])
            counts = [sum(column) for column in zip(counts, run([arguments.spec_run, folder, *cpu, *effort], label))]
    print("{} passed, {} failed, {} skipped".format(*counts))
    return 0 if counts[0] and not counts[1] else 1


if __name__ == "__main__":
    sys.exit(main())
