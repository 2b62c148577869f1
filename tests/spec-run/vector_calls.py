# Calls with vectors, which wasmtime's Python interface does not take: a module that makes them, with constant arguments.
"""A caller is a module that imports functions of another instance and has, for each call of a list, an exported function
call0, call1, … without parameters and results, which pushes the arguments, calls, and drops what comes back. In fuel a call
through it costs overhead(call) more than the same call from outside."""

TYPES = {"i32": 0x7F, "i64": 0x7E, "f32": 0x7D, "f64": 0x7C, "v128": 0x7B, "funcref": 0x70, "externref": 0x6F}
LANE_BITS = {"i8": 8, "i16": 16, "i32": 32, "i64": 64, "f32": 32, "f64": 64}
MODULE = "callee"


def leb(number, signed=False):
    out = bytearray()
    while True:
        byte, number = number & 0x7F, number >> 7
        if (not signed and number == 0) or (signed and number == -(byte >> 6)):
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)


def vector(items):
    return leb(len(items)) + b"".join(items)


def name(text):
    encoded = text.encode()
    return leb(len(encoded)) + encoded


def section(number, items):
    content = vector(items)
    return bytes([number]) + leb(len(content)) + content


def constant(value):
    kind = value["type"]
    if kind == "v128":
        bits = LANE_BITS[value["lane_type"]]
        lanes = [int(lane) & ((1 << bits) - 1) for lane in value["value"]]
        return b"\xfd\x0c" + b"".join(lane.to_bytes(bits // 8, "little") for lane in lanes)
    width = 32 if kind.endswith("32") else 64
    number = int(value["value"]) & ((1 << width) - 1)
    if kind.startswith("i"):
        return bytes([0x41 if width == 32 else 0x42]) + leb(number - (number >> (width - 1) << width), signed=True)
    return bytes([0x43 if width == 32 else 0x44]) + number.to_bytes(width // 8, "little")


def has_vectors(command):
    return any(value["type"] == "v128" for value in command["action"]["args"] + command.get("expected", []))


def overhead(command):
    """The caller's entry, its constants and its call instruction; to drop a value is free."""
    return 1 + len(command["action"]["args"]) + 1


def make_caller(commands):
    """The bytes of a caller for invocations as the suite's scripts describe them."""
    types = [b"\x60\x00\x00"]
    imports, functions, exports, bodies = [], [], [], []
    for command in commands:
        action, results = command["action"], command.get("expected", [])
        signature = [vector([bytes([TYPES[value["type"]]]) for value in values]) for values in (action["args"], results)]
        types.append(b"\x60" + b"".join(signature))
        imports.append(name(MODULE) + name(action["field"]) + b"\x00" + leb(len(types) - 1))
    for index, command in enumerate(commands):
        body = b"\x00" + b"".join(constant(value) for value in command["action"]["args"])
        body += b"\x10" + leb(index) + b"\x1a" * len(command.get("expected", [])) + b"\x0b"
        functions.append(b"\x00")
        exports.append(name(f"call{index}") + b"\x00" + leb(len(commands) + index))
        bodies.append(leb(len(body)) + body)
    return (b"\0asm\1\0\0\0" + section(1, types) + section(2, imports) + section(3, functions) + section(7, exports) +
            section(10, bodies))
