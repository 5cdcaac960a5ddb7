#include "fuzz/check/check_engine.h"

#include <string_view>

#include "engine/zap/engines.h"
#include "fuzz/check/check_words.h"
#include "fuzz/check/crew.h"
#include "fuzz/check/parts.h"

namespace shootdown {

namespace {

// Of the time that is left when a part begins. What it does not need the others have.
constexpr double share_of_stories = 0.4;
constexpr double share_of_programs = 0.6;
constexpr double share_of_linux = 0.3;

class EngineCheck {
 public:
  EngineCheck(const CheckSettings& settings, const std::vector<Input>& corpus, const HeldSignals& signals, Output& out)
      : corpus_(corpus), out_(out), crew_(settings.processes, signals, out), end_(after(settings.seconds)) {
    checked_.settings = settings;
  }

  EngineChecked run() {
    out_.print("{}: {}\n", checked_.settings.engine->name(), checked_.settings.engine->summary());
    part("corpus", [&] { check_corpus(checked_, corpus_, crew_); });
    part("stories", [&] { check_stories(checked_, corpus_, crew_, share(share_of_stories)); });
    part("programs", [&] { check_programs(checked_, crew_, share(share_of_programs)); });
    part("Linux", [&] { check_linux(checked_, corpus_, crew_, share(share_of_linux)); });
    part("mutants", [&] { check_mutants(checked_, corpus_, crew_, end_); });
    judge(checked_, crew_);
    return std::move(checked_);
  }

 private:
  static CheckClock::time_point after(double seconds) { return CheckClock::now() + duration_of(seconds); }
  CheckClock::time_point share(double of_what_is_left) const { return after(of_what_is_left * seconds_until(end_)); }

  template <typename Do>
  void part(std::string_view name, const Do& check) {
    if (checked_.interrupted) return;
    check();
    for (const PartWords& words : part_words(checked_)) {
      if (words.part == name) out_.print("  {:<9} {}\n", name, words.text);
    }
    out_.flush();
  }

  const std::vector<Input>& corpus_;
  Output& out_;
  Crew crew_;
  CheckClock::time_point end_;
  EngineChecked checked_;
};

}  // namespace

EngineChecked check_engine(const CheckSettings& settings, const std::vector<Input>& corpus, const HeldSignals& signals,
                           Output& out) {
  return EngineCheck(settings, corpus, signals, out).run();
}

}  // namespace shootdown
