#include "fuzz/check/check_words.h"

#include <fmt/format.h>

#include "engine/zap/engines.h"
#include "fuzz/io/output.h"
#include "fuzz/prove/freedoms.h"
#include "fuzz/replay/replay.h"

namespace shootdown {

namespace {

std::string exceptions(int count) {
  return counted(static_cast<std::uint64_t>(count), "exception");
}

// "all 12", "3 of 12"
std::string of_all(std::uint64_t count, std::uint64_t all) {
  return count == all ? "all " + grouped(all) : fmt::format("{} of {}", grouped(count), grouped(all));
}

// "every schedule of 57 of 150, of 93 those with up to N exceptions, N from 1 to 5"
std::string covered_without_bound(const SearchTally& tally) {
  std::string text = "every schedule of " + of_all(tally.holds, tally.programs);
  if (tally.holds_up_to != 0) {
    const std::string range = tally.fewest == tally.most
                                  ? exceptions(tally.most)
                                  : fmt::format("N exceptions, N from {} to {}", tally.fewest, tally.most);
    text += fmt::format(", of {} those with up to {}", grouped(tally.holds_up_to), range);
  }
  const std::uint64_t unknown = tally.programs - tally.holds - tally.holds_up_to;
  return unknown == 0 ? text : text + fmt::format(", of {} none", grouped(unknown));
}

std::string covered(const SearchTally& tally, std::optional<int> bound) {
  if (!bound.has_value()) return covered_without_bound(tally);
  return fmt::format("every schedule with up to {} of {}", exceptions(*bound), of_all(tally.decided, tally.programs));
}

std::string search_words(const SearchTally& tally, std::optional<int> bound) {
  std::string text = covered(tally, bound);
  if (tally.breaking != 0) text += fmt::format("; {} break something", grouped(tally.breaking));
  return text + fmt::format("; {}, omission below {:.0e}", counted(tally.states, "state"), tally.omission);
}

// "up to 2 operations"
std::string length_of(const SmallPrograms& programs) {
  return (programs.or_fewer ? "up to " : "") + counted(static_cast<std::uint64_t>(programs.operations), "operation");
}

// The longest programs of which every schedule was searched, and of all shorter ones.
int proved_length(const EngineChecked& checked) {
  int length = 0;
  for (const SmallPrograms& programs : checked.programs) {
    if (!programs.exceptions.has_value() && programs.tally.is_complete()) length = programs.operations;
  }
  return length;
}

// "up to 2 operations (store, load) on two CPUs and a page of one word"
std::string proved_space(const EngineChecked& checked) {
  std::string calls;
  for (const Call call : checked.settings.calls)
    calls += fmt::format("{}{}", calls.empty() ? "" : ", ", info_of(call).name);
  return fmt::format("up to {} operations ({}) on two CPUs and a page of one word", proved_length(checked), calls);
}

std::string corpus_words(const CorpusChecked& corpus) {
  std::string text = counted(corpus.programs, "program");
  text += corpus.surprises.empty() ? ": what they expect is met"
                                   : fmt::format(": {} did not do what is expected", grouped(corpus.surprises.size()));
  return corpus.refused == 0 ? text : text + fmt::format("; {} not possible", grouped(corpus.refused));
}

std::string linux_words(const LinuxCompared& compared) {
  return fmt::format("{} and {}, one operation after the other: {}, {}; {} differ, {} explained, {} not possible",
                     compared.model, compared.kernel, counted(compared.programs, "program"),
                     counted(compared.operations, "operation"), grouped(compared.different),
                     grouped(compared.explained), grouped(compared.refused));
}

std::string mutants_words(const EngineChecked& checked) {
  const MutantsRun& mutants = checked.mutants;
  const std::string text = fmt::format("{} of seed {}", counted(mutants.runs, "run"), checked.settings.seed);
  return mutants.refused == 0 ? text : text + fmt::format("; {} not possible", grouped(mutants.refused));
}

}  // namespace

std::vector<PartWords> part_words(const EngineChecked& checked) {
  std::vector<PartWords> words{{"corpus", corpus_words(checked.corpus)},
                               {"stories", search_words(checked.stories, {})}};
  for (const SmallPrograms& programs : checked.programs)
    words.push_back(
        {"programs", fmt::format("of {}: {}", length_of(programs), search_words(programs.tally, programs.exceptions))});
  for (const LinuxCompared& compared : checked.linux_code) words.push_back({"Linux", linux_words(compared)});
  if (engine_of_linux() == nullptr)
    words.push_back({"Linux", "its code is not in this build: ci/linux 6.12 makes one with it"});
  words.push_back({"mutants", mutants_words(checked)});
  return words;
}

// --- guarantees ---

std::string_view name_of(Standing standing) {
  switch (standing) {
    case Standing::not_judged: return "not judged";
    case Standing::broken: return "broken";
    case Standing::proved: return "proved";
    case Standing::held: break;
  }
  return "held";
}

std::string meaning_of(Standing standing, const EngineChecked& checked) {
  const std::string runs = counted(checked.corpus.programs + checked.mutants.runs, "run");
  const std::string stories =
      checked.stories.holds == 0 ? "" : fmt::format(", and of {} stories", grouped(checked.stories.holds));
  switch (standing) {
    case Standing::not_judged: return "runs on this engine do not send all events that the oracle needs";
    case Standing::broken: return "there is a program that breaks it";
    case Standing::proved:
      return fmt::format("it holds for every schedule ({}) of all programs of {}{}; nothing broke it in {}",
                         descriptions_of(checked.settings.freedoms), proved_space(checked), stories, runs);
    case Standing::held: break;
  }
  return fmt::format(
      "nothing broke it in {}, nor in any search; but not every schedule of all programs of two operations was "
      "searched",
      runs);
}

std::string_view name_of(CheckPart part) {
  switch (part) {
    case CheckPart::corpus: return "corpus";
    case CheckPart::stories: return "stories";
    case CheckPart::programs: return "programs";
    case CheckPart::mutants: break;
  }
  return "mutants";
}

std::string how_it_was_found(const Breach& breach) {
  switch (breach.part) {
    case CheckPart::corpus: return fmt::format("{}, as it is", printable(breach.origin));
    case CheckPart::stories: return fmt::format("a search of all schedules of {}", printable(breach.origin));
    case CheckPart::programs: return fmt::format("a search of all schedules of all small programs: {}", breach.origin);
    case CheckPart::mutants: break;
  }
  return printable(breach.origin);
}

std::string size_of(const ShownBreach& breach) {
  return fmt::format("{}, {}", counted(static_cast<std::uint64_t>(breach.operations), "operation"),
                     exceptions(breach.exceptions));
}

std::vector<std::string> surprises_of(const EngineChecked& checked) {
  const std::string_view engine = checked.settings.engine->name();
  std::vector<std::string> texts;
  for (const CorpusChecked::Surprise& surprise : checked.corpus.surprises) {
    const std::string name = printable(surprise.name);
    if (surprise.refused) texts.push_back(fmt::format("{}: {} cannot run it, but should", name, engine));
    if (!surprise.broken.empty())
      texts.push_back(fmt::format("{}: {} breaks {} unexpectedly", name, engine, names_of(surprise.broken)));
    if (!surprise.held.empty())
      texts.push_back(
          fmt::format("{}: {} does not break {}, which was expected", name, engine, names_of(surprise.held)));
  }
  return texts;
}

// --- in short ---

namespace {

OracleSet violated(const EngineChecked& checked) {
  OracleSet oracles;
  for (const Guarantee& guarantee : checked.guarantees) {
    if (guarantee.demanded && guarantee.standing == Standing::broken) oracles.insert(guarantee.oracle);
  }
  return oracles;
}

}  // namespace

std::string conclusion(const EngineChecked& checked) {
  const std::string_view engine = checked.settings.engine->name();
  if (const OracleSet broken = violated(checked); !broken.empty())
    return fmt::format("{} breaks what has to hold: {}", engine, names_of(broken));
  if (checked.failed != 0)
    return fmt::format("Shootdown itself has failed {} on {}", counted(checked.failed, "time"), engine);
  if (checked.has_violation())
    return fmt::format("{} breaks nothing that has to hold, but something else is not as it should be", engine);
  if (checked.interrupted)
    return fmt::format("{} breaks nothing that has to hold, as far as it was checked: interrupted", engine);
  if (!checked.is_decided())
    return fmt::format(
        "{} breaks nothing that has to hold, but time or memory ran out before all programs of two operations were "
        "searched",
        engine);
  return fmt::format("{} breaks nothing that has to hold", engine);
}

}  // namespace shootdown
