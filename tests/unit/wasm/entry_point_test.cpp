// The export that a run calls.
#include "jit/wasm/entry_point.hpp"

#include <catch2/catch.hpp>

#include "jit/wasm/module.hpp"

using namespace slack::wasm;

namespace {

// Function 0 takes nothing, function 1 a number.
Module module_with(std::vector<Export> exports) {
  Module module;
  module.types = {FunctionType{}, FunctionType{{ValueType::i32}, {}}};
  module.functions.resize(2);
  module.functions[1].type = 1;
  module.exports = std::move(exports);
  return module;
}

std::string reason(const Module& module, std::string_view name) {
  const auto checked = check_entry_point(module, name);
  return checked ? "" : checked.error().reason;
}

}  // namespace

TEST_CASE("a function that is exported can be called") {
  const auto module = module_with({{"_start", ExternKind::function, 0, {}}, {"add", ExternKind::function, 1, {}}});
  CHECK(reason(module, "_start").empty());
  CHECK(reason(module, "add").empty());
}

TEST_CASE("what is not exported, or is no function, is named") {
  const auto module = module_with({{"_start", ExternKind::memory, 0, {}}});
  CHECK(reason(module, "_start") == "module exports no function _start; name one with --invoke");
  CHECK(reason(module, "add") == "module exports no function add");
}

TEST_CASE("a command's _start takes nothing") {
  CHECK(reason(module_with({{"_start", ExternKind::function, 1, {}}}), "_start") ==
        "_start takes parameters; a command's takes none");
}
