# Modules whose code is long ways from one safepoint to the next, if the compiler lets it.
"""MODULES: title → text of a module. What is long is in the order of the text, in the arms of branches, in calls, in services."""

STEP = "(local.set 1 (i32.xor (i32.mul (local.get 1) (local.get 0)) (i32.load (local.get 1))))"  # seven operators
LEAF = "(func $leaf (param i32) (result i32) (local.get 0)" + " (i32.mul (i32.const 3))" * 60 + ")"


def function(body, more=""):
    return f'(module (memory 1) {more} (func (export "f") (param i32) (result i32) (local i32)\n{body}\n(local.get 1)))'


def arms(count, operators=8_192):
    """Ifs of so many operators each, of which `else` has the most: who counts operators in the order of the text and stops at each
    8,192nd is in `then` each time, and who runs is in `else`."""
    then = 60
    otherwise, rest = divmod(operators - 7 - 7 * then, 7)
    ifs = "\n".join(f"(if (i32.eq (i32.load (i32.const {4 * i})) (local.get 0)) (then {STEP * then})"
                    f" (else {STEP * otherwise} {'nop ' * rest}))" for i in range(count))
    return STEP * 1_114 + ifs


def dear_loop(rounds, operators=8_000):
    """Nothing is left of a round but what it costs."""
    return (f"(local.set 1 (i32.const {rounds})) (loop $again {'(drop (local.get 0))' * operators}"
            " (br_if $again (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))")


MODULES = {
    "arms that are not taken": function(arms(40)),
    "a long straight way": function(STEP * 20_000),
    "a small function called 20000 times": function("(local.set 1 (call $leaf (local.get 1)))\n" * 20_000, LEAF),
    "5000 copies": function("(memory.copy (i32.const 0) (i32.const 4096) (i32.const 61440))\n" * 5_000),
    "a loop of 18000 rounds of 8000 operators that do nothing": function(dear_loop(18_000)),
    "a loop of 16384 rounds of 8000 operators that do nothing": function(dear_loop(16_384)),
    "a loop of 100 rounds of 700 operators that do nothing": function(dear_loop(100, 700)),
    "a loop of 16384 rounds of 600 operators that do nothing": function(dear_loop(16_384, 600)),
    "5000 times memory.grow": function("(drop (memory.grow (i32.const 0)))\n" * 5_000),
}
