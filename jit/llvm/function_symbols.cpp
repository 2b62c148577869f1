// What the functions of a module are called in the image.
#include "jit/llvm/function_symbols.hpp"

#include <algorithm>

#include <llvm/ADT/StringSet.h>

#include "jit/image/format.hpp"

namespace slack::jit {

namespace {

// Control characters would break every tool that prints a symbol table; behind '@' linkers look for a version.
bool is_unfit(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '@'; }

}  // namespace

std::vector<std::string> function_symbols(const wasm::Module& wasm) {
  std::vector<std::string> symbols(wasm.functions.size());
  llvm::StringSet<> taken;
  const auto name = [&](std::uint32_t index) {
    auto& symbol = symbols[index];
    const auto number = std::to_string(index);
    const auto& its_name = wasm.functions[index].name;
    symbol = image::kFunctionSymbolPrefix;
    symbol += its_name.empty() ? "func[" + number + "]" : std::string(its_name);
    std::replace_if(symbol.begin(), symbol.end(), is_unfit, '?');
    while (!taken.insert(symbol).second) symbol += "." + number;
  };
  // Of several with one name, one that is defined keeps it.
  for (std::uint32_t i = wasm.imported_functions; i < wasm.functions.size(); ++i) name(i);
  for (std::uint32_t i = 0; i < wasm.imported_functions; ++i) name(i);
  return symbols;
}

}  // namespace slack::jit
