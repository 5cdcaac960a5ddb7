#include "fuzz/check/crew.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "fuzz/io/progress_line.h"

namespace shootdown {

double seconds_until(CheckClock::time_point end) {
  return std::max(std::chrono::duration<double>(end - CheckClock::now()).count(), 0.0);
}

std::chrono::milliseconds limit_until(CheckClock::time_point end) {
  return default_run_limit +
         std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(seconds_until(end)));
}

CheckClock::time_point end_of_piece(std::size_t piece, std::size_t pieces, std::size_t processes,
                                    CheckClock::time_point end) {
  const std::size_t left = pieces - piece;
  const double share = seconds_until(end) * static_cast<double>(std::min(processes, left)) / static_cast<double>(left);
  return CheckClock::now() + duration_of(share);
}

bool Crew::work(std::string_view what, const CrewWork& work) {
  WorkProgress progress(out_, what);
  // Each of the processes has its own, when it needs it.
  std::unique_ptr<Isolation> isolation;
  // Those of later pieces wait for their turn.
  std::vector<std::optional<std::string>> results(work.pieces);
  std::size_t next = 0;
  std::size_t made = 0;
  Workload workload{.pieces = work.pieces, .processes = processes_};
  workload.work = [&](std::size_t piece) {
    if (isolation == nullptr) isolation = std::make_unique<Isolation>(work.serve, work.limit);
    return work.work(piece, *isolation);
  };
  workload.done = [&](std::size_t piece, const std::string& result) {
    results[piece] = result;
    for (; next < work.pieces && results[next].has_value(); ++next) work.done(next, *std::exchange(results[next], {}));
    progress.show(++made, work.pieces);
  };
  const bool was_done = do_work(workload, signals_);
  progress.clear();
  for (; next < work.pieces; ++next) {
    if (results[next].has_value()) work.done(next, *results[next]);
  }
  return was_done;
}

Answer ask(Isolation& isolation, std::string_view request) {
  Isolation::Outcome outcome = isolation.call(request);
  if (outcome.clean()) return {.reply = std::move(outcome.reply), .failure = {}};
  return {.reply = {}, .failure = failure_message(outcome)};
}

std::string packed(const Answer& answer) {
  return answer.has_failed() ? "f" + answer.failure : "r" + answer.reply;
}

Answer unpacked(std::string_view bytes) {
  const std::string text(bytes.substr(1));
  return bytes.front() == 'f' ? Answer{.reply = {}, .failure = text} : Answer{.reply = text, .failure = {}};
}

}  // namespace shootdown
