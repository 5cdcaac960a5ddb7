// Who is asked to flush, and who sees to it when it comes back from lazy mode.
#include "engine/kernel/tlbflush.h"

#include <algorithm>
#include <cstddef>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "test/programs.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(tlbflush)

namespace {

// CPU 1 has loaded two pages and idles. If it is to, CPU 0 then unmaps the first so many of them.
RightRun idles_while_unmapped(int pages) {
  constexpr int lazy = 1;  // steps
  ProgramBuilder program;
  program.machine(&MachineConfig::cpus, 2).machine(&MachineConfig::mms, 1);
  program.machine(&MachineConfig::pages, 2).machine(&MachineConfig::words, 1);
  program.operation(1, Call::load, 0, 0).operation(1, Call::load, 1, 0).operation(1, Call::idle);
  if (pages != 0) program.switch_to(0, lazy).operation(0, Call::munmap, 0, pages);
  program.operation(1, Call::load, 1, 0).operation(0, Call::load, 1, 0);
  return RightRun(program, delayed_rmap());
}

// What happens on CPU 1 while its thread is there.
template <typename Matches>
std::ptrdiff_t count_on_cpu_1(const RightRun& run, const Matches& matches) {
  const auto is_end = [](const AnyEvent& event) { return event.cpu == 1 && event.is<event::DropMmUser>(); };
  const auto end = std::ranges::find_if(run.events(), is_end);
  return std::count_if(run.events().begin(), end,
                       [&](const AnyEvent& event) { return event.cpu == 1 && matches(event); });
}

std::ptrdiff_t whole_flushes(const RightRun& run) {
  return count_on_cpu_1(run, [](const AnyEvent& event) {
    return event.is<event::FlushTranslation>() && event.as<event::FlushTranslation>().page == no_fact;
  });
}

std::ptrdiff_t interrupts(const RightRun& run) {
  return count_on_cpu_1(run, [](const AnyEvent& event) { return event.is<event::TakeInterrupt>(); });
}

}  // namespace

BOOST_AUTO_TEST_CASE(who_has_missed_no_flush_keeps_its_translations) {
  const RightRun run = idles_while_unmapped(0);
  BOOST_TEST(run.count<event::ReadTlbGeneration>() == 1U);
  BOOST_TEST(run.count<event::LoadMm>() == 0U);
  BOOST_TEST(whole_flushes(run) == 0);
}

BOOST_AUTO_TEST_CASE(who_is_lazy_is_not_asked_and_flushes_when_it_comes_back) {
  const RightRun run = idles_while_unmapped(1);
  BOOST_TEST(interrupts(run) == 0);
  BOOST_TEST(run.count<event::LoadMm>() == 0U);
  BOOST_TEST(whole_flushes(run) == 1);
}

// It leaves the mm then, and loads it again.
BOOST_AUTO_TEST_CASE(who_is_lazy_is_asked_when_page_tables_are_freed) {
  const RightRun run = idles_while_unmapped(2);
  BOOST_TEST(interrupts(run) == 1);
  BOOST_TEST(run.count<event::LoadMm>() == 1U);
  BOOST_TEST(whole_flushes(run) == 2);
}

BOOST_AUTO_TEST_SUITE_END()
