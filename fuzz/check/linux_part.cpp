#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "engine/zap/engines.h"
#include "fuzz/check/parts.h"
#include "fuzz/compare/comparison.h"
#include "fuzz/compare/sequential_programs.h"
#include "fuzz/language/text.h"
#include "fuzz/triage/message.h"

namespace shootdown {

namespace {

// In the process: what came of all comparisons; the counts, then the first difference.
std::string compare(const Engine& model, const Engine& kernel, const std::vector<Input>& corpus,
                    CheckClock::time_point end) {
  Comparison comparison({.engine = &model}, {.engine = &kernel});
  const auto program = std::make_unique<Program>();
  std::string first;
  const auto look = [&](const std::string& name) {
    const std::string difference = comparison.compare(*program);
    if (first.empty() && !difference.empty()) first = fmt::format("{}:\n{}{}", name, print(*program), difference);
  };
  for (const Input& input : corpus) {
    *program = input.document.program;
    make_sequential(*program);
    look(input.name);
  }
  SequentialPrograms programs;
  for (std::uint64_t i = 0; CheckClock::now() < end; ++i) {
    programs.next(*program);
    look(fmt::format("pseudo-random program {}", i));
  }
  return std::string(as_bytes(comparison.counts())) + first;
}

LinuxCompared compared(const Engine& model, const Engine& kernel, std::string_view reply) {
  const auto counts = taken_from<ComparisonCounts>(reply);
  return {.kernel = std::string(kernel.name()),
          .what = std::string(kernel.summary()),
          .model = std::string(model.name()),
          .programs = counts.programs,
          .operations = counts.operations,
          .refused = counts.refused,
          .explained = counts.explained,
          .different = counts.different,
          .first = std::string(reply)};
}

}  // namespace

// There is one such engine, or two: one of the processes does each.
void check_linux(EngineChecked& checked, const std::vector<Input>& corpus, Crew& crew, CheckClock::time_point end) {
  const Engine* const kernel = engine_of_linux();
  if (kernel == nullptr) return;
  const auto models = models_of_linux();
  const auto end_of = [&](std::size_t piece) {
    return end_of_piece(piece, models.size(), checked.settings.processes, end);
  };
  CrewWork work{.pieces = models.size(), .limit = limit_until(end)};
  work.serve = [&](std::string_view request) {
    const auto piece = taken_from<std::size_t>(request);
    return compare(*models[piece], *kernel, corpus, end_of(piece));
  };
  work.work = [](std::size_t piece, Isolation& isolation) { return packed(ask(isolation, as_bytes(piece))); };
  work.done = [&](std::size_t piece, std::string_view result) {
    const Answer answer = unpacked(result);
    if (answer.has_failed())
      return note_failure(checked, fmt::format("{} against {}", models[piece]->name(), kernel->name()), answer.failure);
    checked.linux_code.push_back(compared(*models[piece], *kernel, answer.reply));
  };
  if (!crew.work("comparisons", work)) checked.interrupted = true;
}

}  // namespace shootdown
