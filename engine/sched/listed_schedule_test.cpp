// The order in which a program's operations run, told from the order of its stores' values.
#include "engine/sched/listed_schedule.h"

#include <string>
#include <utility>

#include <boost/test/unit_test.hpp>

#include "engine/events/event.h"
#include "engine/zap/engines.h"
#include "test/programs.h"
#include "test/recorder.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(listed_schedule)

namespace {

// The pages that were stored to, in the order in which that happened.
std::string order_of(const ProgramBuilder& builder) {
  Recorder recorder;
  TestBench bench(*find_engine("eager_dirty"), &recorder);
  BOOST_TEST((bench.run(builder) == Outcome::completed));
  std::string pages;
  for (const auto& access : recorder.all<event::UserAccess>()) {
    if (access.access != Access::fault) pages += static_cast<char>('0' + access.page);
  }
  return pages;
}

ProgramBuilder eight_pages() {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::pages, 8);
  return builder;
}

}  // namespace

BOOST_AUTO_TEST_CASE(operations_run_in_the_order_of_the_list) {
  ProgramBuilder builder = eight_pages();
  for (const int cpu : {2, 0, 0, 1, 2, 1, 0}) {
    builder.operation(cpu, Call::store, builder.program().operation_count, 0);
  }
  BOOST_TEST(order_of(builder) == "0123456");
}

BOOST_AUTO_TEST_CASE(a_suspended_operation_waits_for_all_others) {
  ProgramBuilder builder = eight_pages();
  builder.operation(0, Call::store, 0, 0).suspend(3);
  builder.operation(1, Call::store, 1, 0).operation(0, Call::store, 2, 0).operation(2, Call::store, 3, 0);
  BOOST_TEST(order_of(builder) == "1302");
}

BOOST_AUTO_TEST_CASE(a_preemption_names_who_runs_next) {
  ProgramBuilder builder = eight_pages();
  builder.operation(0, Call::store, 0, 0).switch_to(2, 3);
  builder.operation(1, Call::store, 1, 0).operation(2, Call::store, 2, 0).operation(2, Call::store, 3, 0);
  BOOST_TEST(order_of(builder) == "2130");  // after its one operation, order reigns again
}

BOOST_AUTO_TEST_CASE(a_preemption_can_give_the_turn_back_to_a_suspended_cpu) {
  ProgramBuilder builder = eight_pages();
  builder.operation(0, Call::store, 0, 0).switch_to(1, 3);
  builder.operation(1, Call::store, 1, 0).operation(1, Call::store, 2, 0).switch_to(0, 0);
  BOOST_TEST(order_of(builder) == "102");
}

BOOST_AUTO_TEST_CASE(a_preemption_to_a_cpu_that_cannot_run_is_skipped) {
  ProgramBuilder builder = eight_pages();
  // CPU 1's first step is to take mmap_lock, which CPU 0 holds in its fault.
  builder.operation(0, Call::store, 0, 0).switch_to(1, 3);
  builder.operation(1, Call::munmap, 7, 1).operation(2, Call::store, 2, 0);
  BOOST_TEST(order_of(builder) == "02");
}

BOOST_AUTO_TEST_CASE(who_is_woken_runs_before_later_operations) {
  ProgramBuilder builder = eight_pages();
  builder.operation(0, Call::store, 0, 0).switch_to(1, 3);
  builder.operation(1, Call::munmap, 7, 1);  // waits for mmap_lock, which CPU 0 holds in its fault
  builder.operation(2, Call::store, 7, 0).switch_to(0, 0).operation(2, Call::store, 2, 0);
  BOOST_TEST(order_of(builder) == "02");  // when CPU 0 is done, page 7 is unmapped, and CPU 2's store to it refused
}

BOOST_AUTO_TEST_CASE(exceptions_beyond_the_end_of_their_operation_are_lost) {
  ProgramBuilder builder = eight_pages();
  builder.operation(0, Call::store, 0, 0).suspend(5000);
  builder.operation(1, Call::store, 1, 0).operation(0, Call::store, 2, 0);
  BOOST_TEST(order_of(builder) == "012");
}

// --- places that are events ---

Exception at_event(EventKind event, int occurrence, int cpu, int page = Exception::any_page) {
  return {.cpu = static_cast<std::uint8_t>(cpu),
          .event = event,
          .event_page = static_cast<std::uint8_t>(page),
          .after = static_cast<std::uint16_t>(occurrence)};
}

BOOST_AUTO_TEST_CASE(an_exception_follows_its_event) {
  // Three pages are touched; the operation is suspended between two of them.
  const auto run = [](const Exception& exception) {
    ProgramBuilder builder = eight_pages();
    builder.operation(0, Call::touch, 0, 3).exception(exception).operation(1, Call::store, 7, 0);
    return order_of(builder);
  };
  constexpr EventKind read_in = kind_of<event::ReadFromDisk>;
  BOOST_TEST(run(at_event(read_in, 1, 1)) == "7012");
  BOOST_TEST(run(at_event(read_in, 2, 1)) == "0712");
  BOOST_TEST(run(at_event(read_in, 3, 1)) == "0172");
  BOOST_TEST(run(at_event(read_in, 4, 1)) == "0127");     // there is none
  BOOST_TEST(run(at_event(read_in, 1, 1, 2)) == "0172");  // of page 2
  BOOST_TEST(run(at_event(read_in, 2, 1, 2)) == "0127");
  BOOST_TEST(run(at_event(kind_of<event::ClearEntry>, 1, 1)) == "0127");
  BOOST_TEST(run(at_event(read_in, 2, 0)) == "0712");  // suspended
}

BOOST_AUTO_TEST_CASE(events_are_counted_from_the_exception_before_and_are_the_cpus_own) {
  constexpr EventKind read_in = kind_of<event::ReadFromDisk>;
  ProgramBuilder builder = eight_pages();
  builder.operation(0, Call::touch, 0, 3).exception(at_event(read_in, 1, 1)).exception(at_event(read_in, 1, 1));
  builder.operation(1, Call::touch, 4, 1).operation(1, Call::touch, 5, 1);
  BOOST_TEST(order_of(builder) == "45012");
}

BOOST_AUTO_TEST_CASE(the_beginning_of_an_operation_is_when_its_turn_has_come) {
  // CPU 2 takes an interrupt before its operation begins; its exception waits for the operation's turn.
  ProgramBuilder builder = eight_pages();
  builder.operation(0, Call::store, 0, 0).operation(1, Call::munmap, 0, 1);
  builder.operation(1, Call::store, 1, 0);
  builder.operation(2, Call::store, 2, 0).switch_to(0, 0).operation(0, Call::store, 3, 0);
  BOOST_TEST(order_of(builder) == "0132");
}

BOOST_AUTO_TEST_CASE(who_is_to_go_on_at_the_beginning_goes_on_though_it_came_to_take_an_interrupt) {
  // CPU 1 takes an interrupt, by which its first operation ends; CPU 0's would come next.
  const auto runs_next = [](Exception::Kind kind) {
    ProgramBuilder builder = eight_pages();
    builder.operation(1, Call::load, 0, 0).operation(0, Call::store, 0, 0).operation(1, Call::store, 1, 0);
    builder.exception({.kind = kind, .cpu = 2});
    ListedSchedule schedule(builder.program());
    schedule.begin(3);
    const Position waits{.cpu = 0, .operation = 1, .own = 5, .total = 9};
    schedule.choose(
        {.occasion = Question::Occasion::blocked, .at = waits, .runnable = cpus_below(3), .interrupted = cpu_bit(1)});
    const Position begins{.cpu = 1, .operation = 2, .own = 0, .total = 12};
    BOOST_TEST(schedule.next_question(begins) == begins.total);
    return schedule
        .choose({.occasion = Question::Occasion::step, .at = begins, .runnable = cpus_below(3), .interrupted = 0})
        .cpu;
  };
  BOOST_TEST(runs_next(Exception::Kind::keep) == 1);
  BOOST_TEST(runs_next(Exception::Kind::preempt) == 0);
}

namespace {

// What comes of a preemption of CPU 0's store after five steps, and what the schedule remembers then. Each CPU has a store to do.
std::pair<Choice, ListedSchedule::Memory> preempted(int named, int latency, Question question) {
  ProgramBuilder builder = eight_pages();
  builder.operation(0, Call::store, 0, 0).switch_to(named, 5, latency);
  builder.operation(1, Call::store, 1, 0).operation(2, Call::store, 2, 0);
  ListedSchedule schedule(builder.program());
  schedule.begin(3);
  question.at = {.cpu = 0, .operation = 0, .own = 5, .total = 5};
  const Choice choice = schedule.choose(question);
  return {choice, schedule.memory(true)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(who_does_not_say_whom_switches_to_whom_he_would_have_named) {
  // CPU 2 has an interrupt to take; CPU 1 is next in order.
  const auto after = [](int named, int latency) {
    return preempted(named, latency,
                     {.occasion = Question::Occasion::step, .runnable = cpus_below(3), .interrupted = cpu_bit(2)});
  };
  BOOST_TEST((after(0, 0).first == run_next(1)));
  BOOST_TEST((after(0, 0) == after(1, 0)));
  BOOST_TEST((after(0, 3) == after(1, 3)));
  BOOST_TEST((after(0, 3) != after(0, 0)));
}

BOOST_AUTO_TEST_CASE(where_a_cpu_waits_a_preemption_to_who_comes_next_does_nothing) {
  const auto after = [](int named, int latency) {
    const CpuMask others = cpu_bit(1) | cpu_bit(2);
    return preempted(named, latency, {.occasion = Question::Occasion::blocked, .runnable = others, .interrupted = 0});
  };
  const auto nothing = after(7, 0);  // there is no such CPU
  BOOST_TEST((nothing.first == run_next(1)));
  BOOST_TEST((after(1, 0) == nothing));
  BOOST_TEST((after(0, 0) == nothing));
  BOOST_TEST((after(2, 0).first == run_next(2)));
  BOOST_TEST((after(1, 2) != nothing));
}

BOOST_AUTO_TEST_SUITE_END()
