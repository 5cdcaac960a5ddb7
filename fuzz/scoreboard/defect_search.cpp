#include "fuzz/scoreboard/defect_search.h"

#include <algorithm>
#include <ctime>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/check.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/isolated_replay.h"
#include "fuzz/triage/message.h"

namespace shootdown {

namespace {

// What goes to the process; the counts come back.
struct Request {
  SearchCounts counts;
  std::uint64_t until;  // so many runs
};

// What a run is of: the numbers of a program and of an engine.
struct ProgramOnEngine {
  std::size_t program;
  std::size_t engine;
};

// Of run number `run`, from 0.
ProgramOnEngine what_is_run(std::size_t run, std::size_t corpus_size, std::size_t engines) {
  if (run < corpus_size * engines) return {run / engines, run % engines};
  return {corpus_size + run - corpus_size * engines, run % engines};
}

// Of this process, in nanoseconds.
std::uint64_t cpu_time() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

// --- in the process ---

// Makes the runs.
class DefectSearch::Bench {
 public:
  Bench(Defect defect, std::span<const Engine* const> engines, const CorpusAndMutants& programs)
      : defect_(defect), programs_(programs), replayers_(engines.size()) {
    for (std::size_t i = 0; i < engines.size(); ++i) replayers_[i].engine = engines[i];
  }

  SearchCounts run(SearchCounts counts, std::uint64_t until) {
    const std::uint64_t begun = cpu_time();
    const std::uint64_t compared = time_of_comparisons_;
    while (counts.runs < until && !counts.detected) run_next(counts);
    counts.cpu_time += cpu_time() - begun - (time_of_comparisons_ - compared);
    return counts;
  }

 private:
  // Made when they are needed.
  struct Replayers {
    const Engine* engine = nullptr;
    std::unique_ptr<Replayer> mistaken;
    std::unique_ptr<Replayer> right;
  };

  static Replayer& made(std::unique_ptr<Replayer>& replayer, const Engine& engine, Defect defect) {
    if (replayer == nullptr) replayer = std::make_unique<Replayer>(engine, defect);
    return *replayer;
  }

  void run_next(SearchCounts& counts) {
    const auto [number, place] = what_is_run(counts.runs, programs_.corpus_size(), replayers_.size());
    Replayers& replayers = replayers_[place];
    ++counts.runs;
    if (number != number_) programs_.get(number, *program_);
    number_ = number;
    if (!replayers.engine->refusal(*program_).empty()) return;
    Replayer& replayer = made(replayers.mistaken, *replayers.engine, defect_);
    const RunResult result = replayer.run(*program_);
    const OracleSet broken = result.broken & claims_of(*replayers.engine);
    if (!result.defect_reached) return count_without(counts, place, replayer, broken);
    if (counts.reached == 0) counts.reached = counts.runs;
    if (counts.triggered == 0 || !broken.empty()) compare(counts, place, result, broken);
  }

  // A run with the mistake: to one without it, which else is the same.
  void compare(SearchCounts& counts, std::size_t place, const RunResult& mistaken, OracleSet broken) {
    const std::uint64_t begun = cpu_time();
    Replayers& replayers = replayers_[place];
    Replayer& replayer = made(replayers.right, *replayers.engine, Defect::none);
    const RunResult right = replayer.run(*program_);
    count_without(counts, place, replayer, right.broken & claims_of(*replayers.engine));
    time_of_comparisons_ += cpu_time() - begun;

    const bool same =
        mistaken.hash == right.hash && mistaken.broken == right.broken && mistaken.outcome == right.outcome;
    if (!same && counts.triggered == 0) counts.triggered = counts.runs;
    const OracleSet by_mistake = broken - right.broken;
    if (by_mistake.empty()) return;
    counts.detected = {.run = counts.runs, .engine = place, .oracle = replayers.mistaken->report().first(by_mistake)};
  }

  static void count_without(SearchCounts& counts, std::size_t place, const Replayer& replayer, OracleSet broken) {
    ++counts.runs_without;
    if (broken.empty()) return;
    if (counts.false_alarms++ == 0)
      counts.false_alarm = {.run = counts.runs, .engine = place, .oracle = replayer.report().first(broken)};
  }

  Defect defect_;
  const CorpusAndMutants& programs_;
  std::vector<Replayers> replayers_;
  std::unique_ptr<Program> program_ = std::make_unique<Program>();
  std::optional<std::size_t> number_;  // of the program
  std::uint64_t time_of_comparisons_ = 0;
};

// --- outside ---

std::vector<const Engine*> engines_for(const DefectInfo& defect) {
  const bool everywhere = defect.engine == any_engine || defect.engine == no_engine;
  std::vector<const Engine*> engines;
  for (const Engine* const engine : model_engines()) {
    if (everywhere || engine->name() == defect.engine) engines.push_back(engine);
  }
  SHOOTDOWN_CHECK(!engines.empty());
  return engines;
}

DefectSearch::DefectSearch(Defect defect, std::vector<const Engine*> engines, const CorpusAndMutants& programs)
    : defect_(defect),
      engines_(std::move(engines)),
      programs_(programs),
      isolation_(
          [this](std::string_view bytes) {
            const auto request = taken_from<Request>(bytes);
            if (bench_ == nullptr) bench_ = std::make_shared<Bench>(defect_, engines_, programs_);
            return std::string(as_bytes(bench_->run(request.counts, request.until)));
          },
          default_run_limit) {}

// Many runs at a time, because to ask for one takes longer than to make it. If Shootdown fails in one of them, they are
// asked for once more: one, then two, and so on; so it is found out which one it was.
const SearchResult& DefectSearch::run(std::size_t limit) {
  constexpr std::uint64_t most = 256;
  std::uint64_t portion = 1;
  SearchCounts& counts = result_.counts;
  while (counts.runs < limit && !counts.detected) {
    const Request request{.counts = counts, .until = std::min<std::uint64_t>(counts.runs + portion, limit)};
    const Isolation::Outcome outcome = isolation_.call(as_bytes(request));
    std::string_view reply = outcome.reply;
    if (outcome.clean()) {
      counts = taken_from<SearchCounts>(reply);
      portion = std::min(2 * portion, most);
    } else if (request.until - counts.runs > 1) {
      portion = 1;
    } else {
      if (result_.failures++ == 0) result_.failed = failure_message(outcome);
      ++counts.runs;
    }
  }
  return result_;
}

std::size_t DefectSearch::program_of(const BrokenRun& broken) const {
  return program_of_run(broken.run, programs_.corpus_size(), engines_.size());
}

std::size_t program_of_run(std::uint64_t run, std::size_t corpus_size, std::size_t engines) {
  return what_is_run(run - 1, corpus_size, engines).program;
}

void DefectSearch::pass_over() {
  SearchCounts& counts = result_.counts;
  const std::size_t program = program_of(counts.detected);
  if (program < programs_.corpus_size()) counts.runs = (program + 1) * engines_.size();
  counts.detected = {};
}

std::vector<std::size_t> exposing(const DefectInfo& defect, const std::vector<CorpusProgram>& corpus) {
  const CorpusAndMutants programs(corpus, 0);
  DefectSearch search(defect.id, engines_for(defect), programs);
  std::vector<std::size_t> found;
  while (const BrokenRun detected = search.run(corpus.size() * search.engines().size()).counts.detected) {
    found.push_back(search.program_of(detected));
    search.pass_over();
  }
  return found;
}

}  // namespace shootdown
