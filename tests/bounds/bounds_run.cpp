// bounds-run: compiles modules and proves the bound between safepoints of what becomes code; tests/bounds/bounds drives
// it.
//
// A line of JSON in, a line out. {"module": FILE, "mode": NAME, "quick": BOOL}, or {"ir": FILE} for IR as it is; with
// "limits": [INSTRUCTIONS, CALLS_OUT, FRAME, FUEL] in place of those that hold for the compiler. The answer is
// {"wrong": [TEXT…], and figures, or {"refused": TEXT}. With "count": true it is {"vectorised": NUMBER}.
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "jit/llvm/compiler.hpp"
#include "tests/bounds/ir_reader.hpp"
#include "tests/bounds/proof.hpp"

namespace slack::bounds {
namespace {

using nlohmann::json;

// What the compiler is held to. Instructions of a path: those of a strip of a loop that is cut (some 65,000 fuel, most
// of it an instruction or two), of two long stretches of code that is none (some 8,000 fuel each; LLVM unrolls), or the
// 50,000 locals of an entry; a tenth of a millisecond, about. Calls out of the instance: services take some 20
// microseconds at the most until they poll, so ten milliseconds. A frame on the way back out of a recursion: as
// many frames as a stack of 8 MiB has room for follow each other, at worst, and those with much to do are large.
// Fuel: of rounds that are merged or of two stretches (16,384 each, jit/meter/poll_bounds.hpp), and as much again for
// small callees. Only what one block adds is seen, so no strip is in it.
constexpr Limits kLimits{.path = {.instructions = 1 << 18, .calls_out = 1 << 9, .fuel = 1 << 15}, .frame = 1 << 13};

std::vector<char> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

json describe(const Most& most) { return {most.value, most.where}; }

json answer(const json& request) {
  std::vector<char> text;
  if (request.contains("ir")) {
    text = read_file(request.at("ir"));
  } else {
    const auto bytes = read_file(request.at("module"));
    jit::CompileOptions options;
    options.stage = jit::Stage::optimised_ir;
    options.metering = metering_named(request.value("mode", "slacked")).value();
    options.always_quick = request.value("quick", false);
    jit::Crew crew(request.value("jobs", 1u));
    auto compiled = jit::compile({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, options,
                                 jit::kNoScratch, &crew);
    if (!compiled) {
      const auto* refusal = std::get_if<wasm::Refusal>(&compiled.error());
      if (refusal) return {{"refused", refusal->reason}};
      return {{"wrong", {std::get<Fault>(compiled.error()).what}}};
    }
    text = std::move(*compiled);
  }
  const std::string_view view(text.data(), text.size());
  if (request.value("count", false)) {
    const auto count = count_vectorised_loops(view);
    return count ? json{{"vectorised", *count}} : json{{"wrong", {count.error().what}}};
  }
  const auto program = read_program(view);
  if (!program) return {{"wrong", {program.error().what}}};
  auto limits = kLimits;
  if (request.contains("limits")) {
    const auto& given = request["limits"];
    limits = {{given.at(0), given.at(1), given.size() > 3 ? given.at(3) : json(kEndless)}, given.at(2)};
  }
  const auto proof = prove(*program, limits);
  return {{"wrong", proof.wrong},
          {"instructions", describe(proof.instructions)},
          {"calls_out", describe(proof.calls_out)},
          {"fuel", describe(proof.fuel)},
          {"frame", describe(proof.frame)},
          {"functions", proof.functions},
          {"safepoints", proof.safepoints},
          {"open_loops", proof.open_loops}};
}

}  // namespace
}  // namespace slack::bounds

int main() {
  for (std::string line; std::getline(std::cin, line);)
    std::cout << slack::bounds::answer(nlohmann::json::parse(line)).dump() << std::endl;
  return 0;
}
