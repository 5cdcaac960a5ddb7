// Searches all schedules of a program (fuzz/prove/explorer.h), and goes on with the other guarantees whenever some
// break: so of each that can be broken it is known with how few exceptions, and of the rest how far it holds.
#pragma once

#include <string>
#include <string_view>

#include "engine/program/program.h"
#include "fuzz/check/check.h"
#include "fuzz/check/crew.h"

namespace shootdown {

// `exceptions`: at most; none: every schedule. Ends when time is over, too. The engine does not refuse the program,
// which can be recorded.
ScheduleSearch search_schedules(const CheckSettings& settings, const Program& program, std::optional<int> exceptions,
                                CheckClock::time_point end);

// Of a search that has not even begun.
ScheduleSearch no_search();

// What came of a search on its way from process to process.
std::string packed(const ScheduleSearch& search);
ScheduleSearch unpacked_search(std::string_view bytes);

}  // namespace shootdown
