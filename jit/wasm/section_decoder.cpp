// The binary grammar of each section.
#include "jit/wasm/section_decoder.hpp"

#include <limits>

namespace slack::wasm {

bool SectionDecoder::decode(SectionId id) {
  switch (id) {
    case SectionId::custom:
      break;
    case SectionId::type:
      return types();
    case SectionId::import:
      return imports();
    case SectionId::function:
      return functions();
    case SectionId::table:
      return tables();
    case SectionId::memory:
      return memories();
    case SectionId::global:
      return globals();
    case SectionId::export_:
      return exports();
    case SectionId::start:
      return start();
    case SectionId::element:
      return elements();
    case SectionId::code:
      return code();
    case SectionId::data:
      return data();
    case SectionId::data_count:
      return data_count();
  }
  return true;
}

bool SectionDecoder::within(std::uint64_t figure, const Limit& limit, WasmOffset where) {
  if (figure <= limit.most) return true;
  return reader_.fail(over_limit(figure, limit, where));
}

bool SectionDecoder::count(std::uint32_t& out, const Limit& limit, std::uint64_t already) {
  const WasmOffset where = reader_.offset();
  return reader_.count(out) && within(already + out, limit, where);
}

bool SectionDecoder::type_list(std::vector<ValueType>& out, const Limit& limit) {
  std::uint32_t size = 0;
  if (!count(size, limit)) return false;
  out.resize(size);
  for (ValueType& type : out) {
    if (!read_value_type(reader_, type)) return false;
  }
  return true;
}

bool SectionDecoder::types() {
  constexpr std::int64_t kFunctionForm = -0x20;
  std::uint32_t size = 0;
  if (!count(size, limits::kTypes)) return false;
  module_.types.reserve(size);
  for (std::uint32_t i = 0; i < size; ++i) {
    const WasmOffset where = reader_.offset();
    std::int64_t form = 0;
    if (!reader_.s7(form)) return false;
    if (form != kFunctionForm) return reader_.malformed(where, "malformed function type");
    FunctionType& type = module_.types.emplace_back();
    if (!type_list(type.parameters, limits::kParameters) || !type_list(type.results, limits::kResults)) return false;
  }
  return true;
}

bool SectionDecoder::limits_of(Limits& out) {
  const WasmOffset where = reader_.offset();
  std::uint8_t flags = 0;
  const bool is_later_flag = reader_.peek(flags) && flags > 1 && flags < 8;
  bool has_maximum = false;
  if (!reader_.u1(has_maximum)) {
    if (is_later_flag) {
      return reader_.malformed(where,
                               "integer too large: limits flags of shared or 64-bit memories and tables, not "
                               "part of WebAssembly 2.0");
    }
    return false;
  }
  if (!reader_.u32(out.minimum)) return false;
  if (!has_maximum) return true;
  out.maximum.emplace();
  return reader_.u32(*out.maximum);
}

bool SectionDecoder::table_type(TableType& out) {
  out.offset = reader_.offset();
  return read_reference_type(reader_, out.element) && limits_of(out.limits);
}

bool SectionDecoder::memory_type(MemoryType& out) {
  out.offset = reader_.offset();
  return limits_of(out.limits);
}

bool SectionDecoder::global_type(GlobalType& out) {
  if (!read_value_type(reader_, out.type)) return false;
  const WasmOffset where = reader_.offset();
  std::uint8_t mutability = 0;
  if (!reader_.byte(mutability)) return false;
  if (mutability > 1) return reader_.malformed(where, "malformed mutability");
  out.is_mutable = mutability == 1;
  return true;
}

bool SectionDecoder::import_type(Import& import) {
  const WasmOffset where = reader_.offset();
  std::uint8_t kind = 0;
  if (!reader_.byte(kind)) return false;
  if (kind > static_cast<std::uint8_t>(ExternKind::global)) return reader_.malformed(where, "malformed import kind");
  import.kind = static_cast<ExternKind>(kind);
  const WasmOffset type_offset = reader_.offset();
  switch (import.kind) {
    case ExternKind::function: {
      import.index = module_.imported_functions++;
      Function& function = module_.functions.emplace_back();
      function.offset = type_offset;
      return reader_.u32(function.type);
    }
    case ExternKind::table:
      import.index = module_.imported_tables++;
      return within(module_.imported_tables, limits::kTables, where) && table_type(module_.tables.emplace_back());
    case ExternKind::memory:
      import.index = module_.imported_memories++;
      return memory_type(module_.memories.emplace_back());
    case ExternKind::global:
      import.index = module_.imported_globals++;
      module_.globals.emplace_back().offset = type_offset;
      return global_type(module_.globals.back().type);
  }
  return false;
}

bool SectionDecoder::imports() {
  std::uint32_t size = 0;
  if (!count(size, limits::kImports)) return false;
  module_.imports.reserve(size);
  for (std::uint32_t i = 0; i < size; ++i) {
    Import& import = module_.imports.emplace_back();
    import.offset = reader_.offset();
    if (!reader_.name(import.module) || !reader_.name(import.name) || !import_type(import)) return false;
  }
  return true;
}

bool SectionDecoder::functions() {
  std::uint32_t size = 0;
  if (!count(size, limits::kFunctions, module_.functions.size())) return false;
  module_.functions.reserve(module_.functions.size() + size);
  for (std::uint32_t i = 0; i < size; ++i) {
    Function& function = module_.functions.emplace_back();
    function.offset = reader_.offset();
    if (!reader_.u32(function.type)) return false;
  }
  return true;
}

bool SectionDecoder::tables() {
  std::uint32_t size = 0;
  if (!count(size, limits::kTables, module_.tables.size())) return false;
  module_.tables.reserve(module_.tables.size() + size);
  for (std::uint32_t i = 0; i < size; ++i) {
    if (!table_type(module_.tables.emplace_back())) return false;
  }
  return true;
}

bool SectionDecoder::memories() {
  std::uint32_t size = 0;
  if (!reader_.count(size)) return false;  // more than one is invalid, so no limit of ours bounds them
  for (std::uint32_t i = 0; i < size; ++i) {
    if (!memory_type(module_.memories.emplace_back())) return false;
  }
  return true;
}

bool SectionDecoder::globals() {
  std::uint32_t size = 0;
  if (!count(size, limits::kGlobals, module_.globals.size())) return false;
  module_.globals.reserve(module_.globals.size() + size);
  for (std::uint32_t i = 0; i < size; ++i) {
    Global& global = module_.globals.emplace_back();
    global.offset = reader_.offset();
    if (!global_type(global.type) || !constant_expression(global.init.emplace())) return false;
  }
  return true;
}

bool SectionDecoder::exports() {
  std::uint32_t size = 0;
  if (!count(size, limits::kExports)) return false;
  module_.exports.reserve(size);
  for (std::uint32_t i = 0; i < size; ++i) {
    Export& entry = module_.exports.emplace_back();
    entry.offset = reader_.offset();
    std::uint8_t kind = 0;
    if (!reader_.name(entry.name)) return false;
    const WasmOffset where = reader_.offset();
    if (!reader_.byte(kind)) return false;
    if (kind > static_cast<std::uint8_t>(ExternKind::global)) return reader_.malformed(where, "malformed export kind");
    entry.kind = static_cast<ExternKind>(kind);
    if (!reader_.u32(entry.index)) return false;
  }
  return true;
}

bool SectionDecoder::start() {
  module_.start_offset = reader_.offset();
  return reader_.u32(module_.start.emplace());
}

bool SectionDecoder::element_items(ElementSegment& segment, bool by_expression) {
  std::uint32_t size = 0;
  if (!count(size, limits::kSegmentItems)) return false;
  segment.items.reserve(size);
  for (std::uint32_t i = 0; i < size; ++i) {
    ConstantExpression& item = segment.items.emplace_back();
    if (by_expression) {
      if (!constant_expression(item)) return false;
      continue;
    }
    item.kind = ConstantExpression::Kind::ref_func;
    item.type = ValueType::funcref;
    item.offset = reader_.offset();
    if (!reader_.u32(item.index)) return false;
  }
  return true;
}

bool SectionDecoder::elements() {
  // Bits of the flags, as section 5.5.12 explains them.
  constexpr std::uint32_t kNotActive = 1;
  constexpr std::uint32_t kTableOrDeclared = 2;
  constexpr std::uint32_t kByExpression = 4;
  std::uint32_t size = 0;
  if (!count(size, limits::kElementSegments)) return false;
  for (std::uint32_t i = 0; i < size; ++i) {
    ElementSegment& segment = module_.elements.emplace_back();
    segment.file_offset = reader_.offset();
    std::uint32_t flags = 0;
    if (!reader_.u32(flags)) return false;
    if (flags > 7) return reader_.malformed(segment.file_offset, "malformed elements segment kind");
    if ((flags & kNotActive) != 0) {
      segment.mode = (flags & kTableOrDeclared) != 0 ? SegmentMode::declared : SegmentMode::passive;
    } else {
      segment.mode = SegmentMode::active;
      if ((flags & kTableOrDeclared) != 0 && !reader_.u32(segment.table)) return false;
      if (!constant_expression(segment.offset)) return false;
    }
    const bool by_expression = (flags & kByExpression) != 0;
    segment.by_expression = by_expression;
    if ((flags & (kNotActive | kTableOrDeclared)) != 0) {  // else the type is funcref without saying so
      if (by_expression) {
        if (!read_reference_type(reader_, segment.type)) return false;
      } else {
        const WasmOffset where = reader_.offset();
        std::uint8_t kind = 0;
        if (!reader_.byte(kind)) return false;
        if (kind != 0) return reader_.malformed(where, "malformed element kind");
      }
    }
    if (!element_items(segment, by_expression)) return false;
  }
  return true;
}

bool SectionDecoder::locals(Function& function) {
  const WasmOffset where = reader_.offset();
  std::uint32_t size = 0;
  if (!reader_.count(size)) return false;
  runs_.clear();
  std::uint64_t total = 0;
  for (std::uint32_t i = 0; i < size; ++i) {
    LocalRun& run = runs_.emplace_back();
    if (!reader_.u32(run.count) || !read_value_type(reader_, run.type)) return false;
    total += run.count;
  }
  if (total > std::numeric_limits<std::uint32_t>::max()) return reader_.malformed(where, "too many locals");
  const std::uint64_t parameters =
      function.type < module_.types.size() ? module_.types[function.type].parameters.size() : 0;
  total_locals_ += total;
  if (!within(total + parameters, limits::kLocals, where) || !within(total_locals_, limits::kTotalLocals, where)) {
    return false;
  }
  function.locals.reserve(total);
  for (const LocalRun& run : runs_) function.locals.insert(function.locals.end(), run.count, run.type);
  return true;
}

bool SectionDecoder::body(Function& function) {
  std::uint32_t size = 0;
  const WasmOffset where = reader_.offset();
  if (!reader_.length(size) || !within(size, limits::kBodyBytes, where)) return false;
  const std::uint64_t end = reader_.offset().count() + size;
  if (!locals(function)) return false;
  function.body_offset = reader_.offset();
  if (function.body_offset.count() > end) return reader_.malformed(where, "section size mismatch");
  return reader_.bytes(end - function.body_offset.count(), function.body);
}

bool SectionDecoder::code() {
  if (!reader_.count(bodies_)) return false;
  Function stray;
  for (std::uint32_t i = 0; i < bodies_; ++i) {
    const std::size_t index = std::size_t{module_.imported_functions} + i;
    // That there are as many as declared can only be said at the file's end: sections may yet be found out of order.
    if (!body(index < module_.functions.size() ? module_.functions[index] : stray = {})) return false;
  }
  return true;
}

bool SectionDecoder::data() {
  constexpr std::uint32_t kActive = 0;
  constexpr std::uint32_t kPassive = 1;
  constexpr std::uint32_t kActiveWithMemory = 2;
  std::uint32_t size = 0;
  if (!count(size, limits::kDataSegments)) return false;
  module_.data.reserve(size);
  for (std::uint32_t i = 0; i < size; ++i) {
    DataSegment& segment = module_.data.emplace_back();
    segment.file_offset = reader_.offset();
    std::uint32_t flags = kActive;
    if (!reader_.u32(flags)) return false;
    if (flags > kActiveWithMemory) return reader_.malformed(segment.file_offset, "malformed data segment kind");
    segment.mode = flags == kPassive ? SegmentMode::passive : SegmentMode::active;
    if (flags == kActiveWithMemory && !reader_.u32(segment.memory)) return false;
    if (flags != kPassive && !constant_expression(segment.offset)) return false;
    std::uint32_t length = 0;
    if (!reader_.u32(length) || !reader_.bytes(length, segment.bytes)) return false;
  }
  return true;
}

bool SectionDecoder::data_count() { return reader_.u32(module_.data_count.emplace()); }

}  // namespace slack::wasm
