#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "fuzz/check/parts.h"
#include "fuzz/language/codec.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/corpus_and_mutants.h"
#include "fuzz/triage/message.h"

namespace shootdown {

namespace {

// Some that follow each other: several of them may be made of the same operations.
struct Block {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};
constexpr std::uint64_t block_size = 288;

// A piece lasts so long, so that one can see how it goes on.
constexpr double piece_seconds = 0.5;

// What came of mutants: how many were run, and for each guarantee the smallest program that breaks it.
struct MutantsFound {
  MutantsRun run;
  Breaches breaches;
  std::uint64_t failed = 0;
  std::string failed_where;  // the first of them
  std::string failed_how;

  void add(const MutantsFound& other);
};

void MutantsFound::add(const MutantsFound& other) {
  run.runs += other.run.runs;
  run.refused += other.run.refused;
  breaches.note(other.breaches);
  if (failed == 0) {
    failed_where = other.failed_where;
    failed_how = other.failed_how;
  }
  failed += other.failed;
}

// --- on their way from process to process ---

std::string packed(const MutantsFound& found) {
  std::string bytes(as_bytes(found.run));
  bytes += as_bytes(found.failed);
  append_text(bytes, found.failed_where);
  append_text(bytes, found.failed_how);
  for (const OracleId oracle : oracle_ids) {
    for (const Breach& breach : found.breaches.of(oracle)) {
      bytes += as_bytes(oracle);
      bytes += as_bytes(breach.number);
      append_text(bytes, breach.origin);
      append_text(bytes, as_characters(breach.program));
    }
  }
  return bytes;
}

MutantsFound unpacked_mutants(std::string_view bytes) {
  MutantsFound found;
  found.run = taken_from<MutantsRun>(bytes);
  found.failed = taken_from<std::uint64_t>(bytes);
  found.failed_where = text_from(bytes);
  found.failed_how = text_from(bytes);
  while (!bytes.empty()) {
    const auto oracle = taken_from<OracleId>(bytes);
    const auto number = taken_from<std::uint64_t>(bytes);
    Breach breach{.part = CheckPart::mutants, .number = number, .origin = std::string(text_from(bytes)), .program = {}};
    const std::string_view program = text_from(bytes);
    breach.program.assign(program.begin(), program.end());
    found.breaches.note(oracle, breach);
  }
  return found;
}

// --- runs ---

class MutantsCheck {
 public:
  MutantsCheck(const CheckSettings& settings, const std::vector<CorpusProgram>& corpus, CheckClock::time_point end)
      : settings_(settings), programs_(corpus, settings.seed), begun_(CheckClock::now()), end_(end) {
    const double seconds = seconds_until(end);
    pieces_ = settings.processes * static_cast<std::size_t>(std::ceil(seconds / piece_seconds));
  }

  std::size_t pieces() const { return pieces_; }

  // Where it may fail.
  std::string serve(std::string_view request) {
    if (replayer_ == nullptr) replayer_ = std::make_shared<Replayer>(*settings_.engine, settings_.defect);
    return packed(run(taken_from<Block>(request)));
  }
  // Every so manieth block, until the time of the piece is over.
  std::string work(std::size_t piece, Isolation& isolation) const;

 private:
  MutantsFound run(const Block& block) const;
  MutantsFound ask_for(const Block& block, Isolation& isolation) const;
  CheckClock::time_point end_of(std::size_t piece) const;

  const CheckSettings& settings_;
  CorpusAndMutants programs_;
  CheckClock::time_point begun_;
  CheckClock::time_point end_;
  std::size_t pieces_;
  std::shared_ptr<Replayer> replayer_;  // in the process only
};

MutantsFound MutantsCheck::run(const Block& block) const {
  const Engine& engine = *settings_.engine;
  MutantsFound found;
  const auto program = std::make_unique<Program>();
  for (std::uint64_t number = block.first; number < block.first + block.count; ++number) {
    const std::size_t place = programs_.corpus_size() + number;
    programs_.get(place, *program);
    if (!engine.refusal(*program).empty()) {
      ++found.run.refused;
      continue;
    }
    ++found.run.runs;
    const OracleSet broken = replayer_->run(*program).broken;
    if (broken.empty()) continue;
    found.breaches.note(
        broken,
        {.part = CheckPart::mutants, .number = number, .origin = programs_.name(place), .program = encode(*program)});
  }
  return found;
}

// If Shootdown fails in one of them, each is asked for alone: so it is found out which one it was.
MutantsFound MutantsCheck::ask_for(const Block& block, Isolation& isolation) const {
  const Answer answer = ask(isolation, as_bytes(block));
  if (!answer.has_failed()) return unpacked_mutants(answer.reply);
  MutantsFound found;
  if (block.count == 1) {
    found.failed = 1;
    found.failed_where = programs_.name(programs_.corpus_size() + block.first);
    found.failed_how = answer.failure;
    return found;
  }
  for (std::uint64_t i = 0; i < block.count && CheckClock::now() < end_; ++i)
    found.add(ask_for({.first = block.first + i, .count = 1}, isolation));
  return found;
}

CheckClock::time_point MutantsCheck::end_of(std::size_t piece) const {
  const std::size_t before = piece / settings_.processes;  // of the process that does it
  const double seconds = piece_seconds * static_cast<double>(before + 1);
  return std::min(end_, begun_ + duration_of(seconds));
}

std::string MutantsCheck::work(std::size_t piece, Isolation& isolation) const {
  MutantsFound found;
  const CheckClock::time_point end = end_of(piece);
  for (std::uint64_t block = piece; CheckClock::now() < end; block += pieces_)
    found.add(ask_for({.first = block * block_size, .count = block_size}, isolation));
  return packed(found);
}

std::vector<CorpusProgram> programs_of(const std::vector<Input>& corpus, const Engine& engine) {
  std::vector<CorpusProgram> programs;
  for (const Input& input : corpus) {
    const Program& program = input.document.program;
    if (engine.refusal(program).empty()) programs.push_back({.name = input.name, .encoded = encode(program)});
  }
  return programs;
}

}  // namespace

void check_mutants(EngineChecked& checked, const std::vector<Input>& corpus, Crew& crew, CheckClock::time_point end) {
  const std::vector<CorpusProgram> programs = programs_of(corpus, *checked.settings.engine);
  MutantsCheck check(checked.settings, programs, end);
  MutantsFound all;
  CrewWork work{.pieces = check.pieces()};
  work.serve = [&](std::string_view request) { return check.serve(request); };
  work.work = [&](std::size_t piece, Isolation& isolation) { return check.work(piece, isolation); };
  work.done = [&](std::size_t /*piece*/, std::string_view result) { all.add(unpacked_mutants(result)); };
  if (!crew.work("slices of mutants", work)) checked.interrupted = true;
  checked.mutants = all.run;
  checked.breaches.note(all.breaches);
  if (all.failed == 0) return;
  note_failure(checked, all.failed_where, all.failed_how);
  checked.failed += all.failed - 1;
}

}  // namespace shootdown
