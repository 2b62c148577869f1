# The reference of the differential tests: runs a module's sessions under wasmtime and describes them as diff-run does.
"""Values go in and out as bits, by the C interface below wasmtime's Python classes: those take no vectors, and would turn
floats into Python's, NaNs with them.
"""
import ctypes
import zlib

import wasmtime
from wasmtime import _ffi as ffi

# wasmtime_valkind_t by type, and types by their byte in a module.
KINDS = {"i32": 0, "i64": 1, "f32": 2, "f64": 3, "v128": 4, "funcref": 5, "externref": 6}
TYPES = {0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64", 0x7B: "v128", 0x70: "funcref", 0x6F: "externref"}
BYTES = {0: 4, 1: 8, 2: 4, 3: 8, 4: 16}
# Fuel of one call: enough for what ends, little enough that what does not is given up in milliseconds.
FUEL_OF_A_CALL = 2_000_000
# wasmtime's names of traps as the specification's; the two that it does not tell apart are one in differences.py.
TRAPS = {"STACK_OVERFLOW": "call stack exhausted", "MEMORY_OUT_OF_BOUNDS": "out of bounds memory access",
         "TABLE_OUT_OF_BOUNDS": "out of bounds table access", "INDIRECT_CALL_TO_NULL": "uninitialized element",
         "BAD_SIGNATURE": "indirect call type mismatch", "INTEGER_OVERFLOW": "integer overflow",
         "INTEGER_DIVISION_BY_ZERO": "integer divide by zero", "BAD_CONVERSION_TO_INTEGER": "invalid conversion to integer",
         "UNREACHABLE": "unreachable", "OUT_OF_FUEL": "out of fuel"}


def engine(canonical_nans):
    config = wasmtime.Config()
    config.consume_fuel = True
    config.cranelift_opt_level = "none"  # quick, and the less in common with an optimiser
    config.cranelift_nan_canonicalization = canonical_nans
    config.parallel_compilation = False
    return wasmtime.Engine(config)


def to_raw(kind, bits):
    value = ffi.wasmtime_val_t()
    ctypes.memset(ctypes.byref(value), 0, ctypes.sizeof(value))  # of a reference: null
    value.kind = kind
    if kind in BYTES:
        content = (bits[0] | bits[1] << 64).to_bytes(16, "little")[:BYTES[kind]]
        ctypes.memmove(ctypes.byref(value.of), content, len(content))
    return value


def from_raw(value):
    kind = getattr(value.kind, "value", value.kind)
    if kind == KINDS["funcref"]:
        return "reference" if value.of.funcref.store_id else "null"
    if kind == KINDS["externref"]:
        return "reference" if value.of.externref.store_id else "null"
    content = ctypes.string_at(ctypes.byref(value.of), BYTES[kind])
    return [int.from_bytes(content[:8], "little"), int.from_bytes(content[8:], "little")]


def name_of_trap(code):
    return TRAPS.get(code.name, code.name) if code is not None else "unknown trap"


class Signatures:
    """Types of the functions that a valid module has and exports: wasmtime's Python has no vector types."""

    def __init__(self, content):
        self.content, self.at = content, 8
        types, functions, self.exported, imported = [], [], {}, 0
        while self.at < len(content):
            section, size = self.byte(), self.number()
            end = self.at + size
            if section == 1:
                types = [self.signature() for _ in range(self.number())]
            elif section == 2:
                imported = sum(self.skip_import() for _ in range(self.number()))
            elif section == 3:
                functions = [self.number() for _ in range(self.number())]
            elif section == 7:
                for _ in range(self.number()):
                    name, kind, index = self.take(self.number()).decode(), self.byte(), self.number()
                    if kind == 0 and index >= imported:
                        self.exported[name] = types[functions[index - imported]]
            self.at = end

    def take(self, count):
        self.at += count
        return self.content[self.at - count:self.at]

    def byte(self):
        return self.take(1)[0]

    def number(self):
        """Unsigned LEB128."""
        result = shift = 0
        while (byte := self.byte()) & 0x80:
            result |= (byte & 0x7F) << shift
            shift += 7
        return result | byte << shift

    def skip_import(self):
        """Whether it is a function's."""
        self.take(self.number())
        self.take(self.number())
        kind = self.byte()
        if kind == 0:
            self.number()
        elif kind == 3:
            self.take(2)
        else:
            if kind == 1:
                self.byte()
            if self.byte() & 1:
                self.number()
            self.number()
        return kind == 0

    def signature(self):
        self.byte()
        return tuple([TYPES[self.byte()] for _ in range(self.number())] for _ in range(2))


class Module:
    """A module that compiled; none of its sessions knows of another."""

    def __init__(self, compiler, content, other=None):
        self.engine, self.other = compiler, other
        self.module = wasmtime.Module(compiler, content)
        self.signatures = Signatures(content).exported

    def functions(self):
        """(name, names of its parameter types) of each exported function."""
        for name, (parameters, _) in self.signatures.items():
            yield name, parameters

    def session(self, calls):
        store = wasmtime.Store(self.engine)
        store.set_fuel(FUEL_OF_A_CALL)
        linker = wasmtime.Linker(self.engine)
        if self.other:
            other = linker.instantiate(store, self.other.module)
            linker.define_instance(store, "other", other)
            store.set_fuel(FUEL_OF_A_CALL)
        start = {}
        try:
            exports = linker.instantiate(store, self.module).exports(store)
        except wasmtime.Trap as trap:
            start["trap"] = name_of_trap(trap.trap_code)
        start["fuel"] = FUEL_OF_A_CALL - store.get_fuel()
        result = {"start": start, "calls": []}
        if "trap" not in start:
            result["calls"] = [self.call(store, exports[each["export"]], self.signatures[each["export"]], each["args"])
                               for each in calls]
            result["state"] = self.state(store, exports)
            if self.other:
                result["other"] = self.other.state(store, other.exports(store))
        return result

    @staticmethod
    def call(store, function, signature, arguments):
        parameters = (ffi.wasmtime_val_t * max(len(arguments), 1))()
        for i, (each, bits) in enumerate(zip(signature[0], arguments)):
            parameters[i] = to_raw(KINDS[each], bits)
        count = len(signature[1])
        results = (ffi.wasmtime_val_t * max(count, 1))()
        trap = ctypes.POINTER(ffi.wasm_trap_t)()
        store.set_fuel(FUEL_OF_A_CALL)
        error = ffi.wasmtime_func_call(store._context(), ctypes.byref(function._func), parameters, len(arguments), results,
                                       count, ctypes.byref(trap))
        if error:
            raise wasmtime.WasmtimeError._from_ptr(error)
        outcome = {"fuel": FUEL_OF_A_CALL - store.get_fuel()}
        if trap:
            outcome["trap"] = name_of_trap(wasmtime.Trap._from_ptr(trap).trap_code)
        else:
            outcome["values"] = [from_raw(results[i]) for i in range(count)]
        return outcome

    @staticmethod
    def element(store, table, index):
        raw = ffi.wasmtime_val_t()
        ffi.wasmtime_table_get(store._context(), ctypes.byref(table._table), index, ctypes.byref(raw))
        return from_raw(raw)

    def state(self, store, exports):
        result = {"globals": {}, "tables": {}, "memories": {}}
        for export in self.module.exports:
            thing = exports[export.name]
            if isinstance(thing, wasmtime.Global):
                raw = ffi.wasmtime_val_t()
                ffi.wasmtime_global_get(store._context(), ctypes.byref(thing._global), ctypes.byref(raw))
                result["globals"][export.name] = from_raw(raw)
            elif isinstance(thing, wasmtime.Table):
                size = thing.size(store)
                used = bytes(int(self.element(store, thing, i) != "null") for i in range(size))
                result["tables"][export.name] = [size, zlib.crc32(used)]
            elif isinstance(thing, wasmtime.Memory):
                size = thing.data_len(store)
                content = ctypes.string_at(thing.data_ptr(store), size) if size else b""
                result["memories"][export.name] = [size, zlib.crc32(content)]
        return result
