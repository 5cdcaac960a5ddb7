#include "fuzz/prove/explorer.h"

#include <algorithm>
#include <functional>

#include "engine/check.h"
#include "engine/sched/schedule_recorder.h"
#include "fuzz/prove/searcher.h"
#include "fuzz/prove/word_file.h"

namespace shootdown {

Explorer::Explorer(const Engine& engine, const Program& program, const ExplorerSettings& settings)
    : engine_(engine),
      settings_(settings),
      program_(without_schedule(program)),
      visited_(settings.workers > 1),
      threads_(settings.workers),
      searchers_(static_cast<std::size_t>(settings.workers)) {
  SHOOTDOWN_CHECK(threads_.size() == 1 || (settings_.observer == nullptr && settings_.trace == nullptr));
  threads_.work_together([&](int worker) {
    searchers_[static_cast<std::size_t>(worker)] =
        std::make_unique<Searcher>(engine, program_, settings_, schedules_, visited_);
  });
}

// To ThreadSanitizer, fibers belong to the thread that has made them.
Explorer::~Explorer() {
  threads_.work_together([&](int worker) { searchers_[static_cast<std::size_t>(worker)].reset(); });
}

Explorer::State Explorer::search(std::uint64_t runs) {
  constexpr std::uint64_t most_for_each = 1024;  // so that notes stay few
  while (found_ == State::goes_on && runs != 0) {
    if (next_ == level_end_) {
      found_ = next_level();
      continue;
    }
    const std::uint64_t round = std::min({runs, left(), most_for_each * searchers_.size()});
    search_round(round);
    runs -= round;
    if (found_ != State::goes_on) break;
    if (bytes() > settings_.memory || schedules_.size() > Schedules::most) found_ = State::out_of_memory;
  }
  return found_;
}

std::uint64_t Explorer::bytes() const {
  std::uint64_t bytes = visited_.bytes() + schedules_.bytes();
  for (const auto& searcher : searchers_) bytes += searcher->bytes();
  return bytes;
}

Explorer::State Explorer::next_level() {
  if (left_for_later() == 0) {
    if (beyond_bound_) return State::bound_reached;
    exceptions_ = deepest_;
    return State::exhausted;
  }
  if (settings_.backwards) schedules_.reverse(level_end_);
  level_end_ = schedules_.size();
  ++exceptions_;
  return State::goes_on;
}

void Explorer::search_round(std::uint64_t runs) {
  constexpr std::size_t portion = 32;
  Round round(next_, next_ + runs, portion);
  const auto search = [&](int worker) { searchers_[static_cast<std::size_t>(worker)]->search(round, exceptions_); };
  threads_.work_together(search);
  put_together(round.end());
  next_ = round.end();
  if (!round.breaks()) return;
  found_ = State::broken;
  keep_counterexample(static_cast<Schedules::Number>(next_ - 1));
}

// The searchers' notes of all schedules up to that number, in the order of these.
void Explorer::put_together(std::size_t end) {
  struct Place {
    Searcher* searcher;
    std::size_t note = 0;
    std::size_t branch = 0;
  };
  std::vector<Place> places;
  std::vector<Schedules::Number> losers;
  for (const auto& searcher : searchers_) {
    places.push_back({.searcher = searcher.get()});
    losers.insert(losers.end(), searcher->losers().begin(), searcher->losers().end());
    beyond_bound_ = beyond_bound_ || searcher->is_beyond_bound();
  }
  std::ranges::sort(losers);
  const auto next = [](const Place& place) {
    const auto notes = place.searcher->notes();
    return place.note == notes.size() ? Schedules::most : notes[place.note].schedule;
  };
  for (;;) {
    Place& place = *std::ranges::min_element(places, {}, next);
    const std::size_t schedule = next(place);
    if (schedule >= end) break;
    add(*place.searcher, place.note, place.branch, std::ranges::binary_search(losers, schedule));
  }
  for (const auto& searcher : searchers_) searcher->clear_notes();
}

// The notes of one schedule. From the first state on that another one has taken, they are void.
void Explorer::add(Searcher& searcher, std::size_t& note, std::size_t& branch, bool has_lost) {
  const auto notes = searcher.notes();
  const Schedules::Number schedule = notes[note].schedule;
  bool is_void = false;
  for (; note != notes.size() && notes[note].schedule == schedule; ++note) {
    const Searcher::Note& visit = notes[note];
    is_void = is_void || (has_lost && visited_.owner(visit.state) != schedule);
    const auto branches = searcher.branches().subspan(branch, visit.branches);
    branch += visit.branches;
    if (is_void) continue;
    ++states_;
    deepest_ = exceptions_;
    digest_ += visit.state;
    for (const Branch& other : branches) {
      departures_ += other.target.is_departure() ? 1 : 0;
      const bool is_known = other.target.is_known() && visited_.owner(other.target.digest) != VisitedStates::nobody;
      if (!is_known) schedules_.add(other);
    }
  }
}

void Explorer::keep_counterexample(Schedules::Number schedule) {
  std::vector<Deviation> path;
  schedules_.spell(schedule, path);
  const JudgedSchedule found = judged(engine_, program_, settings_, path);
  broken_ = found.report.broken() & settings_.oracles;
  counterexample_ = std::make_unique<Program>(found.program);
}

std::uint64_t Explorer::fingerprint() {
  return searchers_.front()->fingerprint();
}

void Explorer::save(WordWriter& words) const {
  SHOOTDOWN_CHECK(found_ != State::broken);
  words.put(static_cast<std::uint64_t>(exceptions_));
  words.put(static_cast<std::uint64_t>(deepest_));
  words.put(beyond_bound_ ? 1 : 0);
  words.put(states_);
  words.put(departures_);
  words.put(digest_);
  words.put(schedules_.size());
  words.put(level_end_);
  words.put(next_);
  for (std::size_t i = 1; i < schedules_.size(); ++i) {
    const auto& [parent, deviation, target] = schedules_.branch(static_cast<Schedules::Number>(i));
    const Choice& choice = deviation.choice;
    words.put(parent | std::uint64_t{deviation.decision} << 32U);
    words.put(static_cast<std::uint64_t>(choice.kind) | std::uint64_t{choice.cpu} << 8U |
              std::uint64_t{choice.latency} << 16U | std::uint64_t{choice.page} << 32U);
    words.put(target.digest);
  }
  words.put(visited_.size());
  visited_.each([&](std::uint64_t state) { words.put(state); });
}

void Explorer::load(WordReader& words) {
  SHOOTDOWN_CHECK(next_ == 0);
  exceptions_ = static_cast<int>(words.get(static_cast<std::uint64_t>(settings_.exceptions)));
  deepest_ = static_cast<int>(words.get(static_cast<std::uint64_t>(exceptions_)));
  beyond_bound_ = words.get(1) != 0;
  states_ = words.get();
  departures_ = words.get();
  digest_ = words.get();
  const std::uint64_t schedules = words.get(Schedules::most);
  level_end_ = words.get(schedules);
  next_ = words.get(level_end_);
  for (std::uint64_t i = 1; i < schedules; ++i) schedules_.add(loaded(words, static_cast<Schedules::Number>(i)));
  VisitedStates::Visitor visitor(visited_);
  for (std::uint64_t left = words.get(); left != 0; --left) visitor.come(words.get(), 0);
}

// The schedule of this number.
Branch Explorer::loaded(WordReader& words, Schedules::Number number) const {
  const std::uint64_t place = words.get();
  const std::uint64_t choice = words.get();
  const Target target{words.get()};
  const auto byte = [&](unsigned shift) { return static_cast<std::uint8_t>(choice >> shift); };
  const Branch branch{.parent = static_cast<Schedules::Number>(place),
                      .deviation = {.decision = static_cast<std::uint32_t>(place >> 32U),
                                    .choice = {.kind = Choice::Kind{byte(0)},
                                               .cpu = byte(8),
                                               .latency = byte(16),
                                               .page = static_cast<std::uint16_t>(choice >> 32U)}},
                      .target = target};
  const auto& [kind, cpu, latency, page] = branch.deviation.choice;
  const bool is_choice = kind < Choice::Kind::pause && cpu < program_.machine.cpus && latency <= max_latency &&
                         page < program_.machine.virtual_pages();
  const bool is_behind =
      branch.parent < number &&
      (branch.parent == 0 || schedules_.branch(branch.parent).deviation.decision < branch.deviation.decision);
  if (!is_choice || !is_behind) throw DamagedFile();
  return branch;
}

}  // namespace shootdown
