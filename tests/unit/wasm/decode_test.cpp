// Sections, names, limits and the offsets that refusals carry.
#include <malloc.h>
#include <catch2/catch.hpp>

#include "jit/wasm/decode.hpp"
#include "jit/wasm/limits.hpp"
#include "tests/unit/wasm/module_bytes.hpp"

using namespace slack;
using namespace slack::wasm;
using namespace slack::wasm::test;

namespace {

Refusal refusal_of(const Buffer& bytes) {
  auto module = decode(bytes);
  REQUIRE_FALSE(module);
  return module.error();
}

// A module of one function [] -> [] that does nothing, exported as "run", and a custom section "name".
Buffer named(const Buffer& name_section) {
  return module_with({0x0b}, section(7, Buffer{0x01} + text("run") + Buffer{0x00, 0x00})) +
         section(0, text("name") + name_section);
}
std::string name_of_function(const Buffer& bytes) {
  const auto module = decode(bytes);
  REQUIRE(module);
  return std::string(module->functions.at(0).name);
}

}  // namespace

TEST_CASE("the empty module is a module") {
  const Buffer bytes = header();
  auto module = decode(bytes);
  REQUIRE(module);
  CHECK(validate(*module));
}

TEST_CASE("what is no module is told apart") {
  CHECK(refusal_of({}).reason == "unexpected end of file");
  CHECK(refusal_of({'(', 'm', 'o', 'd', 'u', 'l', 'e', ')'}).reason.find("text format") != std::string::npos);
  CHECK(refusal_of({0x7f, 'E', 'L', 'F', 2, 1, 1, 0}).reason == "magic header not detected");
  const Refusal component = refusal_of({0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00});
  CHECK(component.reason == "unknown binary version: this is a component, not a core module");
  CHECK(component.offset == WasmOffset(4));
}

TEST_CASE("bodies, locals and their offsets") {
  const Buffer bytes =
      module_with({0x20, 0x00, 0x1a, 0x0b}, {}, {0x60, 0x01, 0x7f, 0x00}, {0x02, 0x02, 0x7f, 0x01, 0x7c});
  const auto module = decode(bytes);
  REQUIRE(module);
  const Function& function = module->functions.at(0);
  CHECK(function.locals == std::vector<ValueType>{ValueType::i32, ValueType::i32, ValueType::f64});
  REQUIRE(function.body.size() == 4);
  CHECK(function.body.data() == bytes.data() + function.body_offset.count());
  CHECK(function.body_offset == WasmOffset(bytes.size() - 4));
  CHECK(function.body.back() == 0x0b);
}

TEST_CASE("equal types share a canonical index, the first one") {
  const Buffer bytes = header() + section(1, {0x05, 0x60, 0x00, 0x01, 0x7f,  // [] -> [i32]
                                              0x60, 0x01, 0x7f, 0x00,        // [i32] -> []
                                              0x60, 0x00, 0x01, 0x7f,        //
                                              0x60, 0x00, 0x01, 0x7e,        // [] -> [i64]
                                              0x60, 0x01, 0x7f, 0x00});
  const auto module = decode(bytes);
  REQUIRE(module);
  CHECK(module->canonical_types == std::vector<std::uint32_t>{0, 1, 0, 3, 1});
}

TEST_CASE("imports come first in each index space") {
  const Buffer bytes = header() + section(1, {0x01, 0x60, 0x00, 0x00}) +
                       section(2, Buffer{0x04} + text("m") + text("f") + Buffer{0x00, 0x00} +         //
                                      text("m") + text("t") + Buffer{0x01, 0x70, 0x01, 0x01, 0x05} +  //
                                      text("m") + text("mem") + Buffer{0x02, 0x00, 0x01} +            //
                                      text("m") + text("g") + Buffer{0x03, 0x7e, 0x01}) +
                       section(3, {0x01, 0x00}) + section(10, Buffer{0x01} + body({0x0b}));
  const auto module = decode(bytes);
  REQUIRE(module);
  CHECK(module->imported_functions == 1);
  CHECK(module->functions.size() == 2);
  CHECK(module->functions[0].body.empty());
  CHECK(module->imports.at(1).name == "t");
  CHECK(module->tables.at(0).limits.maximum == 5U);
  CHECK(module->memories.at(0).limits.minimum == 1);
  CHECK(module->globals.at(0).type.is_mutable);
  CHECK_FALSE(module->globals.at(0).init);
}

TEST_CASE("functions are named by the name section, else by an export") {
  const Buffer good = Buffer{0x01} + leb(6) + Buffer{0x01, 0x00} + text("abc");
  CHECK(name_of_function(named(good)) == "abc");
  CHECK(name_of_function(named({})) == "run");
}

TEST_CASE("a broken name section is ignored as a whole") {
  const Buffer entry = Buffer{0x01, 0x00} + text("abc");
  CHECK(name_of_function(named(Buffer{0x01} + leb(7) + entry)) == "run");                 // size past the end
  CHECK(name_of_function(named(Buffer{0x01} + leb(7) + entry + Buffer{0x00})) == "run");  // bytes left over
  CHECK(name_of_function(named(Buffer{0x01} + leb(5) + Buffer{0x01, 0x00, 0x02, 0xff, 0xff})) == "run");  // no UTF-8
  CHECK(name_of_function(named(Buffer{0x01, 0x05, 0xff, 0xff, 0xff, 0xff, 0x0f})) == "run");              // huge count
  const Buffer twice = Buffer{0x02, 0x00} + text("a") + Buffer{0x00} + text("b");
  CHECK(name_of_function(named(Buffer{0x01} + leb(twice.size()) + twice)) == "run");
  // Names of functions that do not exist break nothing.
  const Buffer beyond = Buffer{0x02, 0x00} + text("a") + Buffer{0x63} + text("b");
  CHECK(name_of_function(named(Buffer{0x01} + leb(beyond.size()) + beyond)) == "a");
}

TEST_CASE("sections out of order, twice, or of a wrong size") {
  const Buffer type = section(1, {0x00});
  const Refusal twice = refusal_of(header() + type + type);
  CHECK(twice.reason == "unexpected content after last section");
  CHECK(twice.offset == WasmOffset(11));
  CHECK(refusal_of(header() + section(1, {0x00, 0x00})).reason == "section size mismatch");
  CHECK(refusal_of(header() + Buffer{0x01, 0x05, 0x00}).reason == "length out of bounds");
  CHECK(refusal_of(header() + Buffer{0x0d, 0x00}).reason == "malformed section id");
  // Custom sections may stand anywhere, with any content.
  CHECK(decode(header() + section(0, text("x")) + type + section(0, text("x") + Buffer{0xff})));
}

TEST_CASE("a malformed body is named before what follows it") {
  // The body's size is one too small, so that its last byte is read as a section.
  const Buffer bytes = header() + section(1, {0x01, 0x60, 0x00, 0x00}) + section(3, {0x01, 0x00}) +
                       Buffer{0x0a, 0x04, 0x01, 0x02, 0x00, 0xff, 0x0b};
  CHECK(refusal_of(bytes).reason == "illegal opcode ff");
}

TEST_CASE("constant expressions are reduced to one value") {
  const Buffer bytes =
      header() + section(6, Buffer{0x03} + Buffer{0x7f, 0x00, 0x41, 0x7f, 0x0b} + Buffer{0x70, 0x00, 0xd0, 0x70, 0x0b} +
                                Buffer{0x7b, 0x00, 0xfd, 0x0c, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0x0b});
  const auto module = decode(bytes);
  REQUIRE(module);
  CHECK(module->globals.at(0).init->low == 0xffffffffU);
  CHECK(module->globals.at(1).init->kind == ConstantExpression::Kind::ref_null);
  CHECK(module->globals.at(2).init->type == ValueType::v128);
  CHECK(module->globals.at(2).init->high == 2);
}

TEST_CASE("an initialiser that computes is invalid, and a malformed byte after it weighs more") {
  const Buffer global = section(6, {0x01, 0x7f, 0x00, 0x41, 0x00, 0x45, 0x0b});
  const Refusal invalid = refusal_of(header() + global);
  CHECK(invalid.kind == Refusal::Kind::invalid);
  CHECK(invalid.reason == "constant expression required");
  CHECK(invalid.offset == WasmOffset(13));
  CHECK(refusal_of(header() + global + Buffer{0x0d, 0x00}).kind == Refusal::Kind::malformed);
  CHECK(refusal_of(header() + section(6, {0x01, 0x7f, 0x00, 0x0b})).reason.starts_with("type mismatch"));
}

TEST_CASE("each limit is named when it is crossed, and holds to the unit") {
  const auto reason = [](const Buffer& bytes) {
    const Refusal refusal = refusal_of(bytes);
    CHECK(refusal.kind == Refusal::Kind::over_limit);
    return refusal.reason;
  };
  const Buffer type = section(1, {0x01, 0x60, 0x00, 0x00});
  CHECK(reason(header() + section(1, list(1'000'001, {0x60, 0x00, 0x00}))) ==
        "1000001 types, over the limit of 1000000 (limit types)");
  CHECK(reason(header() + type + section(3, list(1'000'001, {0x00}))) ==
        "1000001 functions, over the limit of 1000000 (limit functions)");
  CHECK(reason(header() + section(1, Buffer{0x01, 0x60} + list(1'001, {0x7f}) + Buffer{0x00})) ==
        "1001 parameters of a type, over the limit of 1000 (limit parameters)");
  CHECK(reason(header() + section(1, Buffer{0x01, 0x60, 0x00} + list(1'001, {0x7f}))) ==
        "1001 results of a type, over the limit of 1000 (limit results)");
  CHECK(reason(header() + section(4, list(100'001, {0x70, 0x00, 0x00}))) ==
        "100001 tables, over the limit of 100000 (limit tables)");
  CHECK(reason(header() + section(11, list(100'001, {0x01, 0x00}))) ==
        "100001 data segments, over the limit of 100000 (limit data-segments)");
  CHECK(reason(header() + section(9, list(100'001, {0x01, 0x00, 0x00}))) ==
        "100001 element segments, over the limit of 100000 (limit element-segments)");
  CHECK(reason(module_with({0x0b}, {}, {0x60, 0x01, 0x7f, 0x00}, Buffer{0x01} + leb(50'000) + Buffer{0x7f})) ==
        "50001 locals of a function, over the limit of 50000 (limit locals)");
  CHECK(decode(module_with({0x0b}, {}, {0x60, 0x01, 0x7f, 0x00}, Buffer{0x01} + leb(49'999) + Buffer{0x7f})));
  CHECK(reason(module_with(repeat(7'654'321, {0x01}) + Buffer{0x0b})) ==
        "7654323 bytes of a function body, over the limit of 7654321 (limit body-bytes)");
  CHECK(decode(module_with(repeat(7'654'319, {0x01}) + Buffer{0x0b})));
}

TEST_CASE("a table over the limit is refused at validation") {
  const Buffer bytes = header() + section(4, Buffer{0x01, 0x70, 0x00} + leb(10'000'001));
  auto module = decode(bytes);
  REQUIRE(module);
  const auto checked = validate(*module);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().reason == "10000001 elements of a table, over the limit of 10000000 (limit table-elements)");
}

TEST_CASE("few bytes cannot ask for much memory by declaring locals") {
  const Buffer one = body({0x0b}, Buffer{0x01} + leb(50'000) + Buffer{0x7f});
  const Buffer bytes =
      header() + section(1, {0x01, 0x60, 0x00, 0x00}) + section(3, list(2'000, {0x00})) + section(10, list(2'000, one));
  const Refusal refusal = refusal_of(bytes);
  CHECK(refusal.kind == Refusal::Kind::over_limit);
  CHECK(refusal.reason == "67150000 locals of all functions, over the limit of 67108864 (limit all-locals)");
}

TEST_CASE("a decoded module takes a bounded number of bytes for each byte of input") {
  constexpr std::size_t kMost = 60;
  const auto per_byte = [](const Buffer& bytes) {
    const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    const auto module = decode(bytes);
    REQUIRE(module);
    return (mallinfo2().uordblks + mallinfo2().hblkhd - before) / bytes.size();
  };
  const Buffer type = section(1, {0x01, 0x60, 0x00, 0x00});
  CHECK(per_byte(header() + section(1, list(900'000, {0x60, 0x00, 0x00}))) <= kMost);
  CHECK(per_byte(header() + type + section(3, list(900'000, {0x00})) + section(10, list(900'000, body({0x0b})))) <=
        kMost);
  CHECK(per_byte(header() + section(6, list(900'000, {0x7f, 0x00, 0x41, 0x00, 0x0b}))) <= kMost);
  CHECK(per_byte(header() + section(9, Buffer{0x01, 0x01, 0x00} + list(2'000'000, {0x00}))) <= kMost);
  CHECK(per_byte(header() + section(9, list(100'000, {0x01, 0x00, 0x00}))) <= kMost);
}

TEST_CASE("no truncation of a module is accepted as that module, and none breaks the decoder") {
  const Buffer bytes = named(Buffer{0x01} + leb(6) + Buffer{0x01, 0x00} + text("abc"));
  const auto whole = decode(bytes);
  REQUIRE(whole);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Buffer cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    if (auto module = decode(cut)) {
      const auto checked = validate(*module);
      CHECK((!checked || module->functions.empty() || module->functions[0].name != "abc"));
    } else {
      CHECK(module.error().offset <= WasmOffset(size));
      CHECK_FALSE(module.error().reason.empty());
    }
  }
}
