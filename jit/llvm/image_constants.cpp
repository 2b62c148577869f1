// The image header and everything it points to, as constants of the LLVM module. Layouts: jit/image/format.hpp.
#include "jit/llvm/image_constants.hpp"

#include <map>

#include "jit/image/format.hpp"
#include "jit/llvm/thunks.hpp"

namespace slack::jit {

namespace {

using Fields = llvm::ArrayRef<llvm::Constant*>;

class Constants {
 public:
  explicit Constants(Environment& environment)
      : environment_(environment), wasm_(environment.wasm()), context_(environment.context()) {}

  llvm::Constant* header();

 private:
  llvm::Constant* u32(std::uint64_t value) {
    return llvm::ConstantInt::get(llvm::Type::getInt32Ty(context_), static_cast<std::uint32_t>(value));
  }
  llvm::Constant* u64(std::uint64_t value) { return llvm::ConstantInt::get(llvm::Type::getInt64Ty(context_), value); }
  template <typename Enum>
  llvm::Constant* number(Enum value) {
    return u32(static_cast<std::uint32_t>(value));
  }
  llvm::Constant* structure(Fields fields) { return llvm::ConstantStruct::getAnon(fields); }

  // The address of a constant of its own; null for an array of nothing.
  llvm::Constant* address_of(llvm::Constant* value, unsigned align) {
    auto* global = new llvm::GlobalVariable(environment_.module(), value->getType(), true,
                                            llvm::GlobalValue::PrivateLinkage, value, "slack_constant");
    global->setAlignment(llvm::Align(align));
    return llvm::ConstantExpr::getPtrToInt(global, llvm::Type::getInt64Ty(context_));
  }
  llvm::Constant* array(Fields items, std::uint64_t item_bytes) {
    if (items.empty()) return u64(0);
    auto* type = items.front()->getType();
    if (environment_.module().getDataLayout().getTypeAllocSize(type) != item_bytes) {
      llvm::report_fatal_error("a constant of the image differs from its layout");
    }
    return address_of(llvm::ConstantArray::get(llvm::ArrayType::get(type, items.size()), items), 16);
  }
  llvm::Constant* bytes(llvm::ArrayRef<std::uint8_t> content, unsigned align) {
    return content.empty() ? u64(0) : address_of(llvm::ConstantDataArray::get(context_, content), align);
  }
  llvm::Constant* text(std::string_view content) {
    const llvm::ArrayRef<std::uint8_t> view(reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
    return structure({bytes(view, 1), u64(content.size())});
  }
  llvm::Constant* signature(const wasm::FunctionType* type);
  llvm::Constant* init(const wasm::ConstantExpression& expression);
  llvm::Constant* reference(const wasm::ConstantExpression& expression);
  llvm::Constant* thunk(std::uint32_t function);
  llvm::Constant* address_of(llvm::Function* function) {
    return function ? llvm::ConstantExpr::getPtrToInt(function, llvm::Type::getInt64Ty(context_)) : u64(0);
  }
  llvm::Constant* symbol(const char* name) {
    return llvm::ConstantExpr::getPtrToInt(environment_.fixed_symbol(name), llvm::Type::getInt64Ty(context_));
  }
  llvm::Constant* memory();
  llvm::Constant* types();
  llvm::Constant* imports();
  llvm::Constant* exports();
  llvm::Constant* globals();
  llvm::Constant* tables();
  llvm::Constant* elements();
  llvm::Constant* data();

  Environment& environment_;
  const wasm::Module& wasm_;
  llvm::LLVMContext& context_;
  std::map<std::uint32_t, llvm::Constant*> thunks_;
  std::size_t type_count_ = 0;
};

llvm::Constant* Constants::signature(const wasm::FunctionType* type) {
  if (!type) return structure({u64(0), u32(0), u32(0)});
  llvm::SmallVector<llvm::Constant*, 8> types;
  for (const auto parameter : type->parameters) types.push_back(number(parameter));
  for (const auto result : type->results) types.push_back(number(result));
  return structure({array(types, 4), u32(type->parameters.size()), u32(type->results.size())});
}

llvm::Constant* Constants::init(const wasm::ConstantExpression& expression) {
  const bool from_global = expression.kind == wasm::ConstantExpression::Kind::global_get;
  llvm::Constant* low = from_global ? u64(0) : u64(expression.low);
  if (expression.kind == wasm::ConstantExpression::Kind::ref_func) low = reference(expression);
  if (expression.kind == wasm::ConstantExpression::Kind::ref_null) low = u64(0);
  return structure({number(from_global ? image::InitKind::imported_global : image::InitKind::constant),
                    u32(from_global ? expression.index : 0), low, u64(expression.high)});
}

llvm::Constant* Constants::reference(const wasm::ConstantExpression& expression) {
  switch (expression.kind) {
    case wasm::ConstantExpression::Kind::ref_func:
      return llvm::ConstantExpr::getPtrToInt(environment_.descriptor(expression.index),
                                             llvm::Type::getInt64Ty(context_));
    case wasm::ConstantExpression::Kind::global_get:
      return u64(image::reference_to_global(expression.index));
    default:
      return u64(0);
  }
}

llvm::Constant* Constants::thunk(std::uint32_t function) {
  auto& known = thunks_[function];
  if (!known) {
    known = address_of(make_thunk(environment_, function));
  }
  return known;
}

llvm::Constant* Constants::memory() {
  if (wasm_.memories.empty()) return structure({u32(0), u32(0), u64(0), u64(0), u32(0), u32(0)});
  const auto& limits = wasm_.memories.front().limits;
  return structure({u32(1), u32(wasm_.imported_memories), u64(limits.minimum),
                    u64(limits.maximum.value_or(image::kMostPages)), u32(limits.maximum.has_value()), u32(0)});
}

llvm::Constant* Constants::types() {
  std::vector<llvm::Constant*> items;
  for (std::uint32_t i = 0; i < wasm_.types.size(); ++i) {
    if (wasm_.canonical_types[i] == i) items.push_back(signature(&wasm_.types[i]));
  }
  type_count_ = items.size();
  return array(items, sizeof(image::Signature));
}

llvm::Constant* Constants::imports() {
  std::vector<llvm::Constant*> items;
  for (const auto& each : wasm_.imports) {
    const auto* type = each.kind == wasm::ExternKind::function ? &wasm_.type_of(each.index) : nullptr;
    items.push_back(structure({text(each.module), text(each.name), number(each.kind), u32(each.index), signature(type),
                               address_of(type ? environment_.make_import_adapter(each.index) : nullptr)}));
  }
  return array(items, sizeof(image::Import));
}

llvm::Constant* Constants::exports() {
  std::vector<llvm::Constant*> items;
  for (const auto& each : wasm_.exports) {
    const bool is_function = each.kind == wasm::ExternKind::function;
    items.push_back(structure({text(each.name), number(each.kind), u32(each.index),
                               signature(is_function ? &wasm_.type_of(each.index) : nullptr),
                               is_function ? thunk(each.index) : u64(0),
                               address_of(is_function ? environment_.function(each.index) : nullptr)}));
  }
  return array(items, sizeof(image::Export));
}

llvm::Constant* Constants::globals() {
  std::vector<llvm::Constant*> items;
  for (const auto& each : wasm_.globals) {
    items.push_back(structure(
        {number(each.type.type), u32(each.type.is_mutable), init(each.init.value_or(wasm::ConstantExpression{}))}));
  }
  return array(items, sizeof(image::Global));
}

llvm::Constant* Constants::tables() {
  std::vector<llvm::Constant*> items;
  for (std::uint32_t i = 0; i < wasm_.tables.size(); ++i) {
    const auto& table = wasm_.tables[i];
    items.push_back(structure({number(table.element), u32(table.limits.minimum),
                               u32(table.limits.maximum.value_or(image::kNoMaximum)), u32(i < wasm_.imported_tables)}));
  }
  return array(items, sizeof(image::Table));
}

llvm::Constant* Constants::elements() {
  std::vector<llvm::Constant*> items;
  for (const auto& each : wasm_.elements) {
    std::vector<llvm::Constant*> references;
    for (const auto& item : each.items) references.push_back(reference(item));
    items.push_back(structure({array(references, 8), u32(references.size()), number(each.mode), u32(each.table),
                               u32(each.by_expression), init(each.offset)}));
  }
  return array(items, sizeof(image::ElementSegment));
}

llvm::Constant* Constants::data() {
  std::vector<llvm::Constant*> items;
  for (const auto& each : wasm_.data) {
    items.push_back(structure({bytes({each.bytes.data(), each.bytes.size()}, 16), u64(each.bytes.size()),
                               number(each.mode), u32(each.memory), init(each.offset)}));
  }
  return array(items, sizeof(image::DataSegment));
}

llvm::Constant* Constants::header() {
  auto* all_types = types();
  return structure({u64(image::kMagic),
                    u32(image::kVersion),
                    number(environment_.options().metering),
                    symbol(kTextBeginSymbol),
                    symbol(kTextEndSymbol),
                    imports(),
                    exports(),
                    globals(),
                    tables(),
                    elements(),
                    data(),
                    all_types,
                    u32(wasm_.imports.size()),
                    u32(wasm_.exports.size()),
                    u32(wasm_.globals.size()),
                    u32(wasm_.tables.size()),
                    u32(wasm_.elements.size()),
                    u32(wasm_.data.size()),
                    u32(wasm_.imported_functions),
                    u32(wasm_.functions.size()),
                    u32(type_count_),
                    u32(environment_.options().slot),
                    memory(),
                    wasm_.start ? thunk(*wasm_.start) : u64(0)});
}

}  // namespace

void add_image_constants(Environment& environment) {
  auto* value = Constants(environment).header();
  auto& module = environment.module();
  if (module.getDataLayout().getTypeAllocSize(value->getType()) != sizeof(image::ImageHeader)) {
    llvm::report_fatal_error("the image header differs from its layout");
  }
  auto* header = new llvm::GlobalVariable(module, value->getType(), true, llvm::GlobalValue::ExternalLinkage, value,
                                          kHeaderSymbol);
  header->setAlignment(llvm::Align(16));
  header->setDSOLocal(true);
}

}  // namespace slack::jit
