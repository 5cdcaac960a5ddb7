#include "fuzz/scoreboard/defect_search.h"

#include <algorithm>
#include <ctime>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/check.h"
#include "fuzz/language/codec.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/isolated_replay.h"
#include "fuzz/triage/message.h"

namespace shootdown {

namespace {

// What goes to the process. There come back the counts, the features that were new, and the programs that were kept
// for them.
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
  Bench(Defect defect, std::span<const Engine* const> engines, CorpusAndMutants& programs, Novelty& novelty)
      : defect_(defect), programs_(programs), novelty_(novelty), replayers_(engines.size()) {
    for (std::size_t i = 0; i < engines.size(); ++i) replayers_[i].engine = engines[i];
  }

  std::string reply(const Request& request) {
    news_.clear();
    kept_.clear();
    const SearchCounts counts = run(request.counts, request.until);
    std::string bytes(as_bytes(counts));
    bytes += as_bytes(news_.size());
    for (const Novelty::Feature feature : news_) bytes += as_bytes(feature);
    return bytes + kept_;
  }

 private:
  // Made when they are needed.
  struct Replayers {
    const Engine* engine = nullptr;
    std::unique_ptr<Replayer> mistaken;
    std::unique_ptr<Replayer> right;
  };

  SearchCounts run(SearchCounts counts, std::uint64_t until) {
    const std::uint64_t begun = cpu_time();
    const std::uint64_t compared = time_of_comparisons_;
    while (counts.runs < until && !counts.detected) run_next(counts);
    counts.cpu_time += cpu_time() - begun - (time_of_comparisons_ - compared);
    return counts;
  }

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
    novelty_.expect(*program_);
    const RunResult result = replayer.run(*program_, &novelty_);
    learn(number);
    const OracleSet broken = result.broken & claims_of(*replayers.engine);
    if (!result.defect_reached) return count_without(counts, place, replayer, broken);
    if (counts.reached == 0) counts.reached = counts.runs;
    if (counts.triggered == 0 || !broken.empty()) compare(counts, place, result, broken);
  }

  // From the run that was made last.
  void learn(std::size_t number) {
    if (novelty_.news().empty()) return;
    news_.insert(news_.end(), novelty_.news().begin(), novelty_.news().end());
    if (number < programs_.corpus_size()) return;
    const std::vector<std::uint8_t> encoded = encode(*program_);
    kept_ += as_bytes(number);
    append_text(kept_, as_characters(encoded));
    programs_.keep(number, encoded);
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
  CorpusAndMutants& programs_;
  Novelty& novelty_;
  std::vector<Replayers> replayers_;
  std::unique_ptr<Program> program_ = std::make_unique<Program>();
  std::optional<std::size_t> number_;  // of the program
  std::uint64_t time_of_comparisons_ = 0;
  std::vector<Novelty::Feature> news_;  // of this reply
  std::string kept_;                    // programs, in bytes: number, size, itself
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

// The process works on a copy of what this one has learnt, and tells it what it has learnt itself: so nothing is lost if it dies.
DefectSearch::DefectSearch(Defect defect, std::vector<const Engine*> engines, CorpusAndMutants programs)
    : defect_(defect),
      engines_(std::move(engines)),
      programs_(std::move(programs)),
      isolation_(
          [this](std::string_view bytes) {
            if (bench_ == nullptr) bench_ = std::make_shared<Bench>(defect_, engines_, programs_, novelty_);
            return bench_->reply(taken_from<Request>(bytes));
          },
          default_run_limit) {}

// From what comes behind the counts in a reply.
void DefectSearch::learn(std::string_view reply) {
  const auto features = taken_from<std::size_t>(reply);
  for (std::size_t i = 0; i < features; ++i) novelty_.know(taken_from<Novelty::Feature>(reply));
  while (!reply.empty()) {
    const auto number = taken_from<std::size_t>(reply);
    const std::string_view encoded = text_from(reply);
    programs_.keep(number, {encoded.begin(), encoded.end()});
  }
}

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
      learn(reply);
      portion = std::min(2 * portion, most);
    } else if (request.until - counts.runs > 1) {
      portion = 1;
    } else {
      if (result_.failures++ == 0) result_.failed = failure_message(outcome);
      ++counts.runs;
    }
  }
  if (counts.false_alarm && result_.false_alarm.empty())
    result_.false_alarm = programs_.encoded(program_of(counts.false_alarm));
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
  DefectSearch search(defect.id, engines_for(defect), CorpusAndMutants(corpus, 0));
  std::vector<std::size_t> found;
  while (const BrokenRun detected = search.run(corpus.size() * search.engines().size()).counts.detected) {
    found.push_back(search.program_of(detected));
    search.pass_over();
  }
  return found;
}

}  // namespace shootdown
