// The image: what the compiler hands to the worker and the monitor, written once.
//
// An image is a position-dependent ELF64 executable linked at the image address of its slot. Its e_entry is that of an
// ImageHeader in read-only data; every pointer below is an absolute address inside the image, filled in by the linker.
// Section .slack.safepoints (not loaded) is an array of SafepointEntry sorted by pc; .slack.lines (not loaded) an array
// of LineEntry sorted by pc; both are made by the compiler after linking. The symbol table names the Wasm functions:
// `wasm.NAME`, for the reader of a disassembly; .slack.names (not loaded) has the names themselves, of inlined
// functions too: an array of function_count uint32_t, the ends of the names one after another, and then the names'
// bytes.
#pragma once

#include <cstdint>

namespace slack::image {

inline constexpr std::uint64_t kMagic = 0x316b'6361'6c73'7f00;  // "\0\x7fslack1"
inline constexpr std::uint32_t kVersion = 2;
inline constexpr char kSafepointSection[] = ".slack.safepoints";
inline constexpr char kLineSection[] = ".slack.lines";
inline constexpr char kNameSection[] = ".slack.names";
inline constexpr char kFunctionSymbolPrefix[] = "wasm.";

enum class ValueType : std::uint32_t {
  i32 = 0x7f,
  i64 = 0x7e,
  f32 = 0x7d,
  f64 = 0x7c,
  v128 = 0x7b,
  funcref = 0x70,
  externref = 0x6f
};
enum class ExternKind : std::uint32_t {
  function = 0,
  table = 1,
  memory = 2,
  global = 3
};  // the binary format's numbers

struct Text {
  std::uint64_t bytes;  // address; UTF-8, not terminated
  std::uint64_t size;
};

struct Signature {
  std::uint64_t types;  // address of parameter_count + result_count ValueType
  std::uint32_t parameter_count;
  std::uint32_t result_count;
};

// A number for a function type that is the same in every image: FNV-1a, 64 bits, over the parameters, a zero byte and
// the results (isthe.com/chongo/tech/comp/fnv). Two types with one digest can be made on purpose; so nothing relies on
// there being none before a compiler has compared the types of its module and a worker those of all its images.
inline constexpr std::uint64_t kDigestBasis = 0xcbf2'9ce4'8422'2325;
[[nodiscard]] constexpr std::uint64_t digest_byte(std::uint64_t digest, std::uint8_t byte) {
  return (digest ^ byte) * 0x0000'0100'0000'01b3;
}
template <typename Types>
[[nodiscard]] constexpr std::uint64_t digest_of(const Types& parameters, const Types& results) {
  std::uint64_t digest = kDigestBasis;
  for (const auto type : parameters) digest = digest_byte(digest, static_cast<std::uint8_t>(type));
  digest = digest_byte(digest, 0);
  for (const auto type : results) digest = digest_byte(digest, static_cast<std::uint8_t>(type));
  return digest;
}

struct Import {
  Text module;
  Text name;
  ExternKind kind;
  std::uint32_t index;    // in the index space of its kind; a function's is its import slot
  Signature signature;    // functions only
  std::uint64_t adapter;  // functions only: what calls the slot's host function; 0: none can have this signature
};

struct Export {
  Text name;
  ExternKind kind;
  std::uint32_t index;
  Signature signature;  // functions only
  std::uint64_t thunk;  // services::Thunk; functions only
  std::uint64_t code;   // internal calling convention, for an instance that imports it; functions only
};

enum class InitKind : std::uint32_t { constant = 0, imported_global = 1 };
struct InitExpression {
  InitKind kind;
  std::uint32_t global;  // of an imported_global
  std::uint64_t low;     // of a constant: services::Value
  std::uint64_t high;
};

struct Global {
  ValueType type;
  std::uint32_t is_mutable;
  InitExpression init;
};

struct Table {
  ValueType type;
  std::uint32_t minimum;
  std::uint32_t maximum;  // kNoMaximum: none
  std::uint32_t imported;
};
inline constexpr std::uint32_t kNoMaximum = 0xffff'ffff;

struct Memory {
  std::uint32_t present;
  std::uint32_t imported;
  std::uint64_t minimum_pages;
  std::uint64_t maximum_pages;  // kMostPages if the module sets none
  std::uint32_t has_maximum;
  std::uint32_t reserved;
};
inline constexpr std::uint64_t kMostPages = 65536;

enum class SegmentMode : std::uint32_t { active = 0, passive = 1, declared = 2 };

// A reference of an element segment: the address of a FunctionDescriptor, 0 for null, or, with the lowest bit set, the
// value that imported global `reference >> 1` has at instantiation.
[[nodiscard]] constexpr std::uint64_t reference_to_global(std::uint32_t global) {
  return std::uint64_t{global} << 1 | 1;
}
[[nodiscard]] constexpr bool is_reference_to_global(std::uint64_t reference) { return (reference & 1) != 0; }

struct ElementSegment {
  std::uint64_t references;  // address of `count` references
  std::uint32_t count;
  SegmentMode mode;
  std::uint32_t table;
  std::uint32_t by_expression;  // 1: its items were written as expressions, not as function indices
  InitExpression offset;
};

struct DataSegment {
  std::uint64_t bytes;
  std::uint64_t size;
  SegmentMode mode;
  std::uint32_t memory;
  InitExpression offset;
};

struct ImageHeader {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t metering;    // slack::Metering
  std::uint64_t text_begin;  // generated code: [text_begin, text_end)
  std::uint64_t text_end;
  std::uint64_t imports;  // Import[import_count]
  std::uint64_t exports;  // Export[export_count]
  std::uint64_t globals;  // Global[global_count], imported ones first
  std::uint64_t tables;   // Table[table_count], imported ones first
  std::uint64_t elements;
  std::uint64_t data;
  std::uint64_t types;  // Signature[type_count]: each function type once
  std::uint32_t import_count;
  std::uint32_t export_count;
  std::uint32_t global_count;
  std::uint32_t table_count;
  std::uint32_t element_count;
  std::uint32_t data_count;
  std::uint32_t imported_function_count;
  std::uint32_t function_count;  // imported ones included
  std::uint32_t type_count;
  std::uint32_t slot;  // of address_map
  Memory memory;
  std::uint64_t start_thunk;  // services::Thunk of the start function, 0 if there is none
};

// What the parked thread's registers mean at one safepoint: exact fuel = register (or immediate) + potential.
struct SafepointEntry {
  std::uint64_t pc;
  std::uint32_t function;       // Wasm function index
  std::uint32_t offset;         // byte offset in the .wasm file
  std::uint64_t potential;      // fuel counted but not yet added at this safepoint, >= 0
  std::uint64_t immediate;      // the stored value, where fuel_register is kImmediate
  std::uint32_t fuel_register;  // x86-64 encoding: 0 rax, 1 rcx, 2 rdx, 3 rbx, 4 rsp, 5 rbp, 6 rsi, 7 rdi, 8-15 r8-r15
  std::uint32_t reserved;
};
inline constexpr std::uint32_t kImmediate = 16;

// Generated code from `pc` up to the next entry's belongs to this operator; to none (thunks, padding) where `function`
// is kNoFunction.
inline constexpr std::uint32_t kNoFunction = 0xffff'ffff;
struct LineEntry {
  std::uint64_t pc;
  std::uint32_t function;
  std::uint32_t offset;
};

static_assert(sizeof(SafepointEntry) == 40 && sizeof(LineEntry) == 16 && sizeof(InitExpression) == 24);

}  // namespace slack::image
