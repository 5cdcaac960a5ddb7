// What the recorder cannot write down. What it can is for the check `recording`.
#include "engine/sched/schedule_recorder.h"

#include <boost/test/unit_test.hpp>
#include <memory>

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(schedule_recorder)

namespace {

class Always final : public Chooser {
 public:
  explicit Always(Choice::Kind kind) : kind_(kind) {}
  void begin(int /*cpus*/) override {}
  std::uint64_t next_question(const Position& position) override { return position.total; }
  Choice choose(const Question& /*question*/) override { return {.kind = kind_}; }
  bool may_run(int /*cpu*/, int /*current*/) override { return false; }
  void interrupt_taken() override {}

 private:
  Choice::Kind kind_;
};

// Whether a choice can be written down that is made after so many steps of the operation.
bool records(int operation, std::uint64_t own, int visit, Choice::Kind kind = Choice::Kind::evict) {
  const auto program = std::make_unique<Program>();
  Always chooser(kind);
  const auto recorder = std::make_unique<ScheduleRecorder>(*program, chooser);
  recorder->begin(program->machine.cpus);
  const Position at{.cpu = 0, .operation = operation, .own = own, .total = 9, .visit = visit};
  recorder->next_question(at);
  recorder->choose({.occasion = Question::Occasion::step, .at = at, .runnable = 1, .interrupted = 0});
  return recorder->finish();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_choice_has_a_place_in_an_operation_within_the_limits) {
  BOOST_TEST(records(0, 0, 0));
  BOOST_TEST(records(2, max_after, max_visit));
  BOOST_TEST(!records(0, max_after + 1, 0));
  BOOST_TEST(!records(0, 0, max_visit + 1));
}

BOOST_AUTO_TEST_CASE(what_the_hardware_does_in_the_last_sync_has_no_place) {
  BOOST_TEST(!records(-1, 3, 0));
  BOOST_TEST(!records(-1, 3, 0, Choice::Kind::fill));
  BOOST_TEST(records(-1, 3, 0, Choice::Kind::run));
  BOOST_TEST(records(-1, 3, 0, Choice::Kind::fail));  // it allocates nothing
}

BOOST_AUTO_TEST_SUITE_END()
