#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fuzz/check/parts.h"
#include "fuzz/check/schedule_search.h"
#include "fuzz/prove/program_space.h"
#include "fuzz/triage/message.h"

namespace shootdown {

namespace {

// Longer programs are too many for whoever has minutes.
constexpr int most_operations = 4;

// Of some programs their places in the space, and how many come before them.
struct PlacesInSpace {
  std::vector<std::uint64_t> places;
  std::uint64_t first = 0;
};

class SmallProgramsCheck {
 public:
  SmallProgramsCheck(EngineChecked& checked, Crew& crew, CheckClock::time_point end)
      : checked_(checked), crew_(crew), end_(end) {}

  void run() {
    std::size_t shorter = 0;
    for (int operations = 2; operations <= most_operations && goes_on(); ++operations) {
      const ProgramSpace space(checked_.settings.calls, operations, small_machine());
      const std::vector<std::uint64_t> all = space.places({});
      const PlacesInSpace places{.places = {all.begin() + static_cast<std::ptrdiff_t>(shorter), all.end()},
                                 .first = shorter};
      search_length(space, operations, places);
      shorter = all.size();
    }
  }

 private:
  // Whether there is time left, and all before has been searched.
  bool goes_on() const {
    if (checked_.programs.empty()) return true;
    return !checked_.interrupted && checked_.programs.back().tally.is_complete() && seconds_until(end_) > 0;
  }
  // A few programs have many more states than all others: each may take an eighth of what is left.
  CheckClock::time_point end_of(std::size_t piece, std::size_t pieces) const {
    return std::max(end_of_piece(piece, pieces, checked_.settings.processes, end_),
                    CheckClock::now() + duration_of(seconds_until(end_) / 8));
  }

  void search_length(const ProgramSpace& space, int operations, const PlacesInSpace& places);
  void search(const ProgramSpace& space, SmallPrograms what, const PlacesInSpace& places);
  void note(const ProgramSpace& space, SmallPrograms& what, const PlacesInSpace& places, std::size_t number,
            const Answer& answer);

  EngineChecked& checked_;
  Crew& crew_;
  CheckClock::time_point end_;
};

// What breaks by few exceptions is found before time is spent on the many others.
void SmallProgramsCheck::search_length(const ProgramSpace& space, int operations, const PlacesInSpace& places) {
  if (operations == 2) return search(space, {.operations = 2, .or_fewer = true, .exceptions = {}, .tally = {}}, places);
  for (const std::optional<int> exceptions : {std::optional(1), std::optional(3), std::optional<int>()}) {
    if (goes_on())
      search(space, {.operations = operations, .or_fewer = false, .exceptions = exceptions, .tally = {}}, places);
  }
}

// Some thousands at once: so not all that there are need be looked at when time is over.
void SmallProgramsCheck::search(const ProgramSpace& space, SmallPrograms what, const PlacesInSpace& places) {
  constexpr std::size_t at_once = 5000;
  const CheckSettings& settings = checked_.settings;
  const std::size_t count = places.places.size();
  what.tally.programs = count;
  std::size_t first = 0;
  CrewWork work{.limit = limit_until(end_)};
  work.serve = [&](std::string_view request) {
    const auto number = taken_from<std::size_t>(request);
    const CheckClock::time_point until = what.exceptions.has_value() ? end_ : end_of(number, count);
    return packed(search_schedules(settings, space.program(space.at(places.places[number])), what.exceptions, until));
  };
  work.work = [&](std::size_t piece, Isolation& isolation) {
    const std::size_t number = first + piece;
    const bool is_over = seconds_until(end_) == 0;
    return packed(is_over ? Answer{.reply = packed(no_search()), .failure = {}} : ask(isolation, as_bytes(number)));
  };
  work.done = [&](std::size_t piece, std::string_view result) {
    note(space, what, places, first + piece, unpacked(result));
  };
  for (; first < count && !checked_.interrupted && (first == 0 || seconds_until(end_) > 0); first += at_once) {
    work.pieces = std::min(at_once, count - first);
    checked_.interrupted = !crew_.work("programs", work);
  }
  checked_.programs.push_back(what);
}

void SmallProgramsCheck::note(const ProgramSpace& space, SmallPrograms& what, const PlacesInSpace& places,
                              std::size_t number, const Answer& answer) {
  const std::string origin = space.text(space.at(places.places[number]));
  if (answer.has_failed()) return note_failure(checked_, "all schedules of " + origin, answer.failure);
  const ScheduleSearch search = unpacked_search(answer.reply);
  what.tally.add(search);
  for (const ScheduleSearch::Broken& broken : search.broken) {
    checked_.breaches.note(
        broken.oracles,
        {.part = CheckPart::programs, .number = places.first + number, .origin = origin, .program = broken.program});
  }
}

}  // namespace

void check_programs(EngineChecked& checked, Crew& crew, CheckClock::time_point end) {
  SmallProgramsCheck(checked, crew, end).run();
}

}  // namespace shootdown
