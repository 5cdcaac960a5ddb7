#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>

#include "engine/sched/schedule_recorder.h"
#include "fuzz/check/parts.h"
#include "fuzz/check/schedule_search.h"
#include "fuzz/triage/message.h"

namespace shootdown {

namespace {

bool is_regression(const Input& input) {
  const std::filesystem::path path(input.name);
  return std::ranges::find(path, "regressions") != path.end();
}

// Those whose schedules can be searched.
std::vector<const Input*> stories_of(const std::vector<Input>& corpus, const Engine& engine) {
  std::vector<const Input*> stories;
  for (const Input& input : corpus) {
    const Program& program = input.document.program;
    if (input.text && !is_regression(input) && engine.refusal(program).empty() && can_record(program))
      stories.push_back(&input);
  }
  return stories;
}

void note_search(EngineChecked& checked, const Input& story, std::size_t number, const ScheduleSearch& search) {
  checked.stories.add(search);
  for (const ScheduleSearch::Broken& broken : search.broken) {
    checked.breaches.note(
        broken.oracles,
        {.part = CheckPart::stories, .number = number, .origin = story.name, .program = broken.program});
  }
}

}  // namespace

void check_stories(EngineChecked& checked, const std::vector<Input>& corpus, Crew& crew, CheckClock::time_point end) {
  const CheckSettings& settings = checked.settings;
  const std::vector<const Input*> stories = stories_of(corpus, *settings.engine);
  checked.stories.programs = stories.size();
  CrewWork work{.pieces = stories.size(), .limit = limit_until(end)};
  work.serve = [&](std::string_view request) {
    const auto number = taken_from<std::size_t>(request);
    const CheckClock::time_point until = end_of_piece(number, stories.size(), settings.processes, end);
    return packed(search_schedules(settings, stories[number]->document.program, {}, until));
  };
  work.work = [](std::size_t piece, Isolation& isolation) { return packed(ask(isolation, as_bytes(piece))); };
  work.done = [&](std::size_t piece, std::string_view result) {
    const Answer answer = unpacked(result);
    if (answer.has_failed()) return note_failure(checked, "all schedules of " + stories[piece]->name, answer.failure);
    note_search(checked, *stories[piece], piece, unpacked_search(answer.reply));
  };
  if (!crew.work("stories", work)) checked.interrupted = true;
}

}  // namespace shootdown
