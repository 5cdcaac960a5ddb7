#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "fuzz/check/parts.h"
#include "fuzz/check/schedule_search.h"
#include "fuzz/prove/program_space.h"
#include "fuzz/triage/message.h"

namespace shootdown {

namespace {

// Of some programs their places in the space, and how many come before them.
struct Places {
  std::vector<std::uint64_t> places;
  std::uint64_t first = 0;
};

class SmallProgramsCheck {
 public:
  SmallProgramsCheck(EngineChecked& checked, Crew& crew, CheckClock::time_point end)
      : checked_(checked), crew_(crew), end_(end) {}

  void run() {
    const ProgramSpace two(checked_.settings.calls, 2, small_machine());
    const ProgramSpace three(checked_.settings.calls, 3, small_machine());
    std::vector<std::uint64_t> places = three.places({});
    const std::size_t shorter = two.places({}).size();
    search(three, {.operations = 2, .or_fewer = true, .exceptions = {}, .tally = {}},
           {.places = {places.begin(), places.begin() + static_cast<std::ptrdiff_t>(shorter)}, .first = 0});
    const Places longer{.places = {places.begin() + static_cast<std::ptrdiff_t>(shorter), places.end()},
                        .first = shorter};
    for (int exceptions = 1; goes_on(); ++exceptions)
      search(three, {.operations = 3, .or_fewer = false, .exceptions = exceptions, .tally = {}}, longer);
  }

 private:
  // A few programs have many more states than all others: each may take an eighth of what is left.
  CheckClock::time_point end_of(std::size_t piece, std::size_t pieces) const {
    return std::max(end_of_piece(piece, pieces, checked_.settings.processes, end_),
                    CheckClock::now() + duration_of(seconds_until(end_) / 8));
  }
  // Whether there is time left, and more to be searched.
  bool goes_on() const {
    const SearchTally& last = checked_.programs.back().tally;
    const bool all_hold = checked_.programs.size() > 1 && last.holds == last.programs;
    return !checked_.interrupted && last.is_complete() && !all_hold && seconds_until(end_) > 0;
  }

  void search(const ProgramSpace& space, SmallPrograms what, const Places& places);
  void note(const ProgramSpace& space, SmallPrograms& what, const Places& places, std::size_t piece,
            const Answer& answer);

  EngineChecked& checked_;
  Crew& crew_;
  CheckClock::time_point end_;
};

void SmallProgramsCheck::search(const ProgramSpace& space, SmallPrograms what, const Places& places) {
  const CheckSettings& settings = checked_.settings;
  const std::size_t count = places.places.size();
  what.tally.programs = count;
  CrewWork work{.pieces = count, .limit = limit_until(end_)};
  work.serve = [&](std::string_view request) {
    const auto piece = taken_from<std::size_t>(request);
    const CheckClock::time_point until = what.exceptions.has_value() ? end_ : end_of(piece, count);
    return packed(search_schedules(settings, space.program(space.at(places.places[piece])), what.exceptions, until));
  };
  work.work = [this](std::size_t piece, Isolation& isolation) {
    const bool is_over = seconds_until(end_) == 0;
    return packed(is_over ? Answer{.reply = packed(no_search()), .failure = {}} : ask(isolation, as_bytes(piece)));
  };
  work.done = [&](std::size_t piece, std::string_view result) { note(space, what, places, piece, unpacked(result)); };
  if (!crew_.work("programs", work)) checked_.interrupted = true;
  checked_.programs.push_back(what);
}

void SmallProgramsCheck::note(const ProgramSpace& space, SmallPrograms& what, const Places& places, std::size_t piece,
                              const Answer& answer) {
  const std::string origin = space.text(space.at(places.places[piece]));
  if (answer.has_failed()) return note_failure(checked_, "all schedules of " + origin, answer.failure);
  const ScheduleSearch search = unpacked_search(answer.reply);
  what.tally.add(search);
  for (const ScheduleSearch::Broken& broken : search.broken) {
    checked_.breaches.note(
        broken.oracles,
        {.part = CheckPart::programs, .number = places.first + piece, .origin = origin, .program = broken.program});
  }
}

}  // namespace

void check_programs(EngineChecked& checked, Crew& crew, CheckClock::time_point end) {
  SmallProgramsCheck(checked, crew, end).run();
}

}  // namespace shootdown
