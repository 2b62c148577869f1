// The safepoint table of a linked executable.
#include "jit/llvm/safepoint_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include <llvm/MC/MCAsmInfo.h>
#include <llvm/MC/MCContext.h>
#include <llvm/MC/MCDisassembler/MCDisassembler.h>
#include <llvm/MC/MCInst.h>
#include <llvm/MC/MCInstrInfo.h>
#include <llvm/MC/MCRegisterInfo.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/Endian.h>
#include <llvm/Target/TargetMachine.h>

#include "daemon/base/address_map.hpp"
#include "jit/llvm/safepoint_lowering.hpp"

namespace slack::jit {

namespace {

using llvm::support::endian::read32le;
using llvm::support::endian::read64le;

struct Record {
  std::uint32_t function;
  std::uint32_t offset;
  std::uint64_t potential;
};

Fault broken(const std::string& what) { return Fault{EIO, "safepoint table: " + what}; }

// Distances count from where they stand in the file's section, whose address is 0 as it is not loaded.
Expected<std::map<std::uint64_t, Record>> read_records(const Placed& section) {
  std::map<std::uint64_t, Record> records;
  std::vector<std::uint64_t> counters;
  auto rest = section.bytes;
  while (!rest.empty()) {
    if (rest.size() < 4) return fail(broken("record section ends within a record"));
    const auto word = read32le(rest.data());
    if (word != kRecordMark) {
      const auto at = section.address + (section.bytes.size() - rest.size());
      counters.push_back(at + static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(word))));
      rest = rest.drop_front(4);
      continue;
    }
    constexpr std::size_t kRecordBytes = 4 + 4 + 4 + 8;
    if (rest.size() < kRecordBytes) return fail(broken("record section ends within a record"));
    const Record record{read32le(&rest[4]), read32le(&rest[8]), read64le(&rest[12])};
    for (const auto counter : counters) {
      if (!records.emplace(counter, record).second) {
        return fail(broken(fmt::format("two records for {:#x}", counter)));
      }
    }
    counters.clear();
    rest = rest.drop_front(kRecordBytes);
  }
  if (!counters.empty()) return fail(broken("record section ends within a record"));
  return records;
}

class Disassembler {
 public:
  explicit Disassembler(const llvm::TargetMachine& target)
      : target_(target),
        context_(target.getTargetTriple(), target.getMCAsmInfo(), target.getMCRegisterInfo(),
                 target.getMCSubtargetInfo()),
        decoder_(target.getTarget().createMCDisassembler(*target.getMCSubtargetInfo(), context_)) {}

  // Bytes of the instruction at `pc`, 0 if there is none.
  [[nodiscard]] std::uint64_t decode(llvm::ArrayRef<std::uint8_t> bytes, std::uint64_t pc) {
    std::uint64_t size = 0;
    instruction_.clear();
    const auto status = decoder_->getInstruction(instruction_, size, bytes, pc, llvm::nulls());
    return status == llvm::MCDisassembler::Success ? size : 0;
  }

  // Fills register or immediate if the instruction last decoded is a 64-bit store to the safepoint page; a store there
  // of another kind is a fault.
  [[nodiscard]] Expected<bool> safepoint_store(std::uint64_t next_pc, image::SafepointEntry& entry) const {
    const auto& description = target_.getMCInstrInfo()->get(instruction_.getOpcode());
    // The five operands of an x86 memory reference (base, scale, index, displacement, segment) lead a store.
    if (!description.mayStore() || instruction_.getNumOperands() < 6 || !address_is_fixed()) return false;
    const bool relative = name_of(instruction_.getOperand(0).getReg()) == "RIP";
    const auto address = static_cast<std::uint64_t>(instruction_.getOperand(3).getImm()) + (relative ? next_pc : 0);
    if (address < address_map::kSafepoint || address >= address_map::kSafepoint + address_map::kPageBytes) return false;
    const auto mnemonic = target_.getMCInstrInfo()->getName(instruction_.getOpcode());
    const auto& source = instruction_.getOperand(5);
    if (address == address_map::kSafepoint && mnemonic == "MOV64mr") {
      entry.fuel_register = target_.getMCRegisterInfo()->getEncodingValue(source.getReg());
      return true;
    }
    if (address == address_map::kSafepoint && mnemonic == "MOV64mi32") {
      entry.fuel_register = image::kImmediate;
      entry.immediate = static_cast<std::uint64_t>(source.getImm());
      return true;
    }
    return fail(broken(fmt::format("unexpected {} to {:#x} before {:#x}", mnemonic.str(), address, next_pc)));
  }

 private:
  [[nodiscard]] llvm::StringRef name_of(unsigned reg) const { return target_.getMCRegisterInfo()->getName(reg); }
  [[nodiscard]] bool address_is_fixed() const {
    for (const unsigned i : {0u, 2u, 4u}) {
      if (!instruction_.getOperand(i).isReg()) return false;
    }
    if (!instruction_.getOperand(1).isImm() || !instruction_.getOperand(3).isImm()) return false;
    const auto base = instruction_.getOperand(0).getReg();
    return instruction_.getOperand(2).getReg() == 0 && (base == 0 || name_of(base) == "RIP");
  }

  const llvm::TargetMachine& target_;
  llvm::MCContext context_;
  std::unique_ptr<llvm::MCDisassembler> decoder_;
  llvm::MCInst instruction_;
};

}  // namespace

Expected<std::vector<image::SafepointEntry>> make_safepoint_table(const Placed& text, const Placed& section,
                                                                  const llvm::TargetMachine& target) {
  auto records = read_records(section);
  if (!records) return tl::unexpected(records.error());
  Disassembler disassembler(target);
  std::vector<image::SafepointEntry> table;
  std::uint64_t position = 0;
  while (position < text.bytes.size()) {
    const auto pc = text.address + position;
    const auto size = disassembler.decode(text.bytes.drop_front(position), pc);
    if (size == 0) return fail(broken(fmt::format("no instruction at {:#x}", pc)));
    position += size;
    image::SafepointEntry entry{};
    const auto is_store = disassembler.safepoint_store(pc + size, entry);
    if (!is_store) return tl::unexpected(is_store.error());
    if (!*is_store) continue;
    const auto record = records->find(pc);
    if (record == records->end()) return fail(broken(fmt::format("no record for the store at {:#x}", pc)));
    entry.pc = pc;
    entry.function = record->second.function;
    entry.offset = record->second.offset;
    entry.potential = record->second.potential;
    records->erase(record);
    table.push_back(entry);
  }
  if (!records->empty()) {
    return fail(broken(fmt::format("no store at {:#x}, for which there is a record", records->begin()->first)));
  }
  return table;
}

}  // namespace slack::jit
