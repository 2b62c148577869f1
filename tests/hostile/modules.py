# Writes modules in WebAssembly's binary format, the bytes as a hostile client would choose them.
"""A body is bytes of operators; `module` puts sections around it. Numbers: WebAssembly Core Specification 2.0, section 5."""
I32, I64, F32, F64, V128, FUNCREF = b"\x7f", b"\x7e", b"\x7d", b"\x7c", b"\x7b", b"\x70"
END, DROP, ADD, SUB, MUL, XOR, AND, SELECT = b"\x0b", b"\x1a", b"\x6a", b"\x6b", b"\x6c", b"\x73", b"\x71", b"\x1b"
BLOCK, LOOP, IF, ELSE = b"\x02\x40", b"\x03\x40", b"\x04\x40", b"\x05"
LOAD, STORE = b"\x28\x02", b"\x36\x02"  # i32, aligned; the offset follows
HEADER = b"\0asm\1\0\0\0"


def u(number):
    """Unsigned LEB128."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def s(number):
    """Signed LEB128."""
    out = bytearray()
    while not -0x40 <= number < 0x40:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number & 0x7F)
    return bytes(out)


def overlong(number, size):
    """Unsigned LEB128 in `size` bytes."""
    return bytes([number >> 7 * i & 0x7F | (0x80 if i + 1 < size else 0) for i in range(size)])


def const(number):
    return b"\x41" + s(number)


def get(index):
    return b"\x20" + u(index)


def put(index):
    return b"\x21" + u(index)


def call(index):
    return b"\x10" + u(index)


def br_if(depth):
    return b"\x0d" + u(depth)


def br_table(labels, default):
    return b"\x0e" + u(len(labels)) + b"".join(u(label) for label in labels) + u(default)


def sized(content):
    return u(len(content)) + content


def vector(items):
    items = list(items)
    return u(len(items)) + b"".join(items)


def same(item, count):
    return u(count) + item * count


def section(number, content):
    return bytes([number]) + sized(content)


def custom(name, content):
    return section(0, sized(name) + content)


def signature(parameters=b"", results=b""):
    return b"\x60" + sized(parameters) + sized(results)


def run_length(*runs):
    """Declarations of locals: pairs of count and type."""
    return vector(u(count) + kind for count, kind in runs)


def body(code, locals_=b"\0"):
    return sized(locals_ + code + END)


def export(name, index, kind=0):
    return sized(name) + bytes([kind]) + u(index)


def module(bodies, types=(signature(),), of_type=None, imports=b"", tables=b"", pages=1, globals_=b"", exports=None,
           start=None, elements=b"", data=b"", more=b""):
    """`bodies`: of functions, or ready content of the code section; of_type: type indices, all 0 without."""
    code = bodies if isinstance(bodies, bytes) else vector(bodies)
    functions = of_type if isinstance(of_type, bytes) else vector(map(u, of_type or [0] * len(bodies)))
    parts = [(1, types if isinstance(types, bytes) else vector(types)), (2, imports), (3, functions), (4, tables),
             (5, b"\1\0" + u(pages) if pages is not None else b""), (6, globals_),
             (7, exports if exports is not None else vector([export(b"_start", 0)])),
             (8, u(start) if start is not None else b""), (9, elements), (10, code), (11, data)]
    return HEADER + b"".join(section(number, content) for number, content in parts if content) + more


def function(code, locals_=b"\0", results=I32, **parts):
    """A module with one function "f" without parameters."""
    return module([body(code, locals_)], types=[signature(b"", results)], exports=vector([export(b"f", 0)]), **parts)


def names_of(names):
    """A name section with these names of functions."""
    return custom(b"name", b"\1" + sized(vector(u(i) + sized(name) for i, name in enumerate(names))))
