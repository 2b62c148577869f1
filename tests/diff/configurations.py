# The kinds of random modules that the differential tests make, and how each is compiled.
"""A configuration is what `wasm-tools smith` is told, how long its random input is, and the modes of both engines."""
import dataclasses
import hashlib
import random

# smith's kinds of instructions, a bit each; 16 are those of tables and references.
NO_TABLES = 0x7FF & ~16

# WebAssembly 2.0 and nothing beyond; small, and with maxima that both engines can grant.
COMMON = {
    "export-everything": True, "max-imports": 0, "min-types": 3, "max-types": 8, "min-funcs": 3, "max-funcs": 8, "max-exports": 1000,
    "min-globals": 2, "max-globals": 8, "max-memories": 1, "max-memory32-bytes": 1 << 20, "memory-max-size-required": True, "max-tables": 3,
    "max-table-elements": 64, "table-max-size-required": True, "max-data-segments": 6, "max-element-segments": 6,
    "bulk-memory-enabled": True, "multi-value-enabled": True, "reference-types-enabled": True,
    "saturating-float-to-int-enabled": True, "sign-extension-ops-enabled": True, "simd-enabled": False,
    "compact-imports-enabled": False, "custom-descriptors-enabled": False, "custom-page-sizes-enabled": False,
    "exceptions-enabled": False, "extended-const-enabled": False, "gc-enabled": False, "generate-custom-sections": False,
    "memory64-enabled": False, "relaxed-simd-enabled": False, "shared-everything-threads-enabled": False,
    "tail-call-enabled": False, "threads-enabled": False, "wide-arithmetic-enabled": False, "canonicalize-nans": True,
}


@dataclasses.dataclass(frozen=True)
class Configuration:
    what: str
    smith: dict
    input_bytes: int = 4_000
    metering: str = "slacked"
    canonical_nans: bool = False
    linked: bool = False  # with other.wat, from which it imports
    ci_seeds: int = 0  # how many the suite runs: 2,000 in all

    @property
    def counts_fuel(self):
        return self.metering not in ("none", "epoch")


CONFIGURATIONS = {
    "default": Configuration(
        "scalar code that seldom traps", COMMON | {"disallow-traps": True, "min-memories": 1, "max-instructions": 120}, ci_seeds=300),
    "traps": Configuration(
        "scalar code that traps a great deal, accesses near the end of memory",
        COMMON | {"min-memories": 1, "min-tables": 1, "memory-offset-choices": [60, 30, 10], "max-instructions": 60}, ci_seeds=400),
    "simd": Configuration(
        "vectors", COMMON | {"simd-enabled": True, "min-memories": 1, "disallow-traps": True, "max-instructions": 120,
                             "allowed-instructions": NO_TABLES},
        ci_seeds=400),
    "simd-traps": Configuration(
        "vectors and memory accesses that trap", COMMON | {"simd-enabled": True, "min-memories": 1, "max-instructions": 60},
        ci_seeds=100),
    "big": Configuration(
        "large bodies", COMMON | {"disallow-traps": True, "min-memories": 1, "max-funcs": 12, "max-instructions": 2_500},
        input_bytes=30_000, ci_seeds=100),
    "direct": Configuration(
        "functions that direct calls alone reach",
        COMMON | {"export-everything": False, "min-exports": 2, "max-exports": 3, "min-memories": 1, "min-funcs": 6, "max-funcs": 14,
                  "max-element-segments": 0, "max-globals": 2, "max-tables": 0, "max-instructions": 60,
                  "allowed-instructions": NO_TABLES},
        ci_seeds=100),
    "linked": Configuration(
        "imports from another instance: functions, globals, tables, memory",
        COMMON | {"max-imports": 30, "max-types": 30, "max-funcs": 30, "max-globals": 20, "max-tables": 6, "max-instructions": 120},
        linked=True, ci_seeds=150),
    "deterministic": Configuration(
        "NaNs made canonical by the compilers, not by the module",
        COMMON | {"canonicalize-nans": False, "simd-enabled": False, "min-memories": 1, "disallow-traps": True,
                  "max-instructions": 120, "allowed-instructions": NO_TABLES},
        canonical_nans=True, ci_seeds=175),
    "deterministic-simd": Configuration(
        "the same with vectors",
        COMMON | {"canonicalize-nans": False, "simd-enabled": True, "min-memories": 1, "disallow-traps": True,
                  "max-instructions": 120, "allowed-instructions": NO_TABLES},
        canonical_nans=True, ci_seeds=100),
    "counted": Configuration(
        "the mode without safepoints", COMMON | {"min-memories": 1, "max-instructions": 120}, metering="counted", ci_seeds=50),
    "none": Configuration(
        "the mode without fuel", COMMON | {"min-memories": 1, "max-instructions": 120}, metering="none", ci_seeds=50),
    "checked": Configuration(
        "the mode that compares at each safepoint", COMMON | {"min-memories": 1, "max-instructions": 120}, metering="checked",
        ci_seeds=50),
    "epoch": Configuration(
        "the mode that looks at a clock", COMMON | {"min-memories": 1, "max-instructions": 120}, metering="epoch", ci_seeds=25),
}

SESSIONS = 6  # exported functions that are called, each in an instance of its own
CALLS = 3     # of one function in one session

INTEGERS = [0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0xFFFF_FFFF]
FLOATS = {32: [0x0000_0000, 0x8000_0000, 0x3F80_0000, 0xBF80_0000, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0x0000_0001,
               0x4F00_0000, 0xCF00_0000, 0x4F80_0000, 0x5F00_0000, 0x3EFF_FFFF, 0x4B00_0001, 0x7F7F_FFFF],
          64: [0, 1 << 63, 0x3FF0_0000_0000_0000, 0xBFF0_0000_0000_0000, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000,
               0x7FF8_0000_0000_0000, 1, 0x41E0_0000_0000_0000, 0xC1E0_0000_0020_0000, 0x43E0_0000_0000_0000,
               0x3FDF_FFFF_FFFF_FFFF, 0x4330_0000_0000_0001, 0x7FEF_FFFF_FFFF_FFFF]}


def smith_input(name, seed):
    """The random bytes of a seed: the same on every machine, and others in every configuration."""
    return hashlib.shake_128(f"{name}:{seed}".encode()).digest(CONFIGURATIONS[name].input_bytes)


def argument(source, kind):
    """Bits of a value of this type, [low, high]: an interesting one, or any."""
    if kind in ("i32", "i64"):
        bits = 32 if kind == "i32" else 64
        number = source.choice([source.choice(INTEGERS), -source.choice(INTEGERS), (1 << (bits - 1)) - source.choice([0, 1]),
                                source.getrandbits(bits)])
        return [number & ((1 << bits) - 1), 0]
    if kind in ("f32", "f64"):
        bits = int(kind[1:])
        return [source.choice([*FLOATS[bits], source.getrandbits(bits) & ~(0x7F80_0000 if bits == 32 else 0x7FF0 << 48)]), 0]
    if kind == "v128":
        lanes = source.choice([["i32"] * 4, ["i64"] * 2, ["f32"] * 4, ["f64"] * 2])
        width = 128 // len(lanes)
        number = sum(argument(source, lane)[0] << (width * i) for i, lane in enumerate(lanes))
        return [number & ((1 << 64) - 1), number >> 64]
    return [0, 0]  # a null reference


def sessions_of(seed, functions):
    """The calls of each session: functions with arguments, by the seed alone."""
    sessions = []
    for name, parameters in list(functions)[:SESSIONS]:
        source = random.Random(f"{seed}:{name}")
        sessions.append([{"export": name, "args": [argument(source, kind) for kind in parameters]}
                         for _ in range(CALLS if parameters else 2)])
    return sessions
