// The scheduler by itself: a client that only makes steps.
#include "engine/sched/scheduler.h"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <string>
#include <vector>

#include "engine/sched/atomic.h"
#include "engine/sched/pct.h"
#include "test/script.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(scheduler)

namespace {

// Runs the CPUs in the order of their numbers and never asks for a stop; tests override what they need.
class InOrder : public Chooser {
 public:
  void begin(int /*cpus*/) override {}
  std::uint64_t next_question(const Position& /*position*/) override { return never; }
  Choice choose(const Question& question) override {
    return run_next(question.occasion == Question::Occasion::step ? question.at.cpu : __builtin_ctz(question.runnable));
  }
  bool may_run(int /*cpu*/, int /*current*/) override { return false; }
  void interrupt_taken() override {}
};

// Switches to `target` before step number `at`.
class SwitchOnce final : public InOrder {
 public:
  SwitchOnce(std::uint64_t at, int target, std::uint8_t latency = 0) : at_(at), target_(target), latency_(latency) {}
  void begin(int /*cpus*/) override { done_ = false; }
  std::uint64_t next_question(const Position& position) override {
    return done_ ? never : std::max(at_, position.total);
  }
  Choice choose(const Question& question) override {
    if (question.occasion != Question::Occasion::step || question.at.total < at_) return InOrder::choose(question);
    done_ = true;
    BOOST_TEST(question.can_run(target_));
    return {.cpu = static_cast<std::uint8_t>(target_), .latency = latency_};
  }

 private:
  std::uint64_t at_;
  int target_;
  std::uint8_t latency_;
  bool done_ = false;
};

// The same, and is asked before every step.
class AskedAlways final : public InOrder {
 public:
  AskedAlways(std::uint64_t at, int target, std::uint8_t latency) : switch_(at, target, latency) {}
  std::uint64_t next_question(const Position& position) override { return std::max(ask_at_, position.total); }
  Choice choose(const Question& question) override {
    ask_at_ = question.at.total + 1;
    const bool is_due = switch_.next_question(question.at) <= question.at.total;
    return is_due ? switch_.choose(question) : InOrder::choose(question);
  }

 private:
  SwitchOnce switch_;
  std::uint64_t ask_at_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(cpus_run_to_their_end_in_the_order_the_chooser_picks) {
  Script script;
  script.body = [&](int cpu) {
    script.step(std::to_string(cpu));
    script.step(std::to_string(cpu));
  };
  InOrder chooser;
  BOOST_TEST((script.run(3, chooser, 100) == Outcome::completed));
  BOOST_TEST(script.log == "001122");
  BOOST_TEST(script.sched->steps() == 6U);
}

BOOST_AUTO_TEST_CASE(a_switch_falls_between_two_steps) {
  for (std::uint64_t at = 0; at <= 3; ++at) {
    Script script;
    script.body = [&](int cpu) {
      for (int i = 0; i < 3; ++i) script.step(cpu == 0 ? "a" : "b");
    };
    SwitchOnce chooser(at, 1);
    script.run(2, chooser, 100);
    const std::string expected = std::string(at, 'a') + "bbb" + std::string(3 - at, 'a');
    BOOST_TEST(script.log == (at == 3 ? "aaabbb" : expected));
  }
}

BOOST_AUTO_TEST_CASE(who_waits_lets_others_run_until_it_is_woken) {
  Script script;
  WaitQueue queue;
  Atomic<bool> ready{false};
  script.body = [&](int cpu) {
    if (cpu == 0) {
      script.step("a");
      script.wait(queue, [&] { return ready.load(std::memory_order_acquire); });
      script.step("c");
    } else {
      script.step("b");
      ready.store(true, std::memory_order_release);
      script.sched->wake(queue);
    }
  };
  InOrder chooser;
  BOOST_TEST((script.run(2, chooser, 100) == Outcome::completed));
  BOOST_TEST(script.log == "abc");
}

BOOST_AUTO_TEST_CASE(a_deadlock_is_an_outcome_and_the_next_run_is_clean) {
  Script script;
  WaitQueue queue;
  script.body = [&](int cpu) {
    script.step("x");
    if (cpu < 2) {
      script.wait(queue, [] { return false; });
    }
  };
  InOrder chooser;
  BOOST_TEST((script.run(3, chooser, 100) == Outcome::deadlock));
  BOOST_TEST(script.sched->unfinished() == 0b011);
  BOOST_TEST((script.sched->waits_for(1) == Script::waiting));

  queue.reset();
  script.log.clear();
  script.body = [&](int cpu) { script.step(std::to_string(cpu)); };
  BOOST_TEST((script.run(3, chooser, 100) == Outcome::completed));
  BOOST_TEST(script.log == "012");
}

BOOST_AUTO_TEST_CASE(the_step_limit_ends_a_run_for_ever) {
  Script script;
  script.body = [&](int /*cpu*/) {
    for (;;) script.step("");
  };
  InOrder chooser;
  BOOST_TEST((script.run(2, chooser, 1000) == Outcome::too_many_steps));
  BOOST_TEST(script.sched->steps() == 1000U);
}

BOOST_AUTO_TEST_CASE(a_cpu_that_cannot_go_on_ends_the_run_and_not_the_next) {
  Script script;
  script.body = [&](int cpu) {
    script.step(std::to_string(cpu));
    if (cpu == 1) script.sched->stop();
  };
  InOrder chooser;
  BOOST_TEST((script.run(3, chooser, 100) == Outcome::stopped));
  BOOST_TEST(script.log == "01");
  BOOST_TEST(script.sched->unfinished() == 0b110);

  script.log.clear();
  script.body = [&](int cpu) { script.step(std::to_string(cpu)); };
  BOOST_TEST((script.run(3, chooser, 100) == Outcome::completed));
  BOOST_TEST(script.log == "012");
}

BOOST_AUTO_TEST_CASE(an_interrupt_is_taken_before_the_next_step_even_by_cpus_that_wait_or_have_ended) {
  Script script;
  WaitQueue queue;
  Atomic<int> left{2};
  script.body = [&](int cpu) {
    if (cpu == 0) {  // ends at once
      script.step("a");
    } else if (cpu == 1) {  // waits
      script.wait(queue, [&] { return left.load(std::memory_order_acquire) == 0; });
      script.step("b");
    } else {
      script.step("c");
      script.sched->post_interrupt(0);
      script.sched->post_interrupt(1);
      script.wait(queue, [&] { return left.load(std::memory_order_acquire) == 0; });
      script.step("d");
    }
  };
  script.on_interrupt = [&](int cpu) {
    script.step("i" + std::to_string(cpu));
    if (left.fetch_sub(1, std::memory_order_acq_rel) == 1) script.sched->wake(queue);
    return false;
  };
  InOrder chooser;
  BOOST_TEST((script.run(3, chooser, 100) == Outcome::completed));
  BOOST_TEST(script.log == "aci0i1bd");
}

BOOST_AUTO_TEST_CASE(who_waits_for_interrupts_of_others_goes_on_when_the_last_has_been_taken) {
  Script script;
  script.body = [&](int cpu) {
    script.step(std::to_string(cpu));
    if (cpu == 0) return script.sched->set_timer(100);
    if (cpu == 1) return;
    script.sched->post_interrupt(1);
    script.sched->post_interrupt(2);  // its own is none
    script.sched->wait_for_interrupts_of_others();
    script.step("a");
    script.sched->wait_for_interrupts_of_others();
    script.step("b");
  };
  script.on_interrupt = [&](int cpu) {
    script.step("i" + std::to_string(cpu));
    script.step("j");
    return false;
  };
  InOrder chooser;
  BOOST_TEST((script.run(3, chooser, 1000) == Outcome::completed));
  BOOST_TEST(script.log == "012i2ji1ji0jab");
}

// Others may wait for the end of it, and for interrupts that came to its CPU since.
BOOST_AUTO_TEST_CASE(who_is_in_a_handler_counts_as_interrupted) {
  struct Watching final : InOrder {
    std::uint64_t next_question(const Position& position) override { return std::max(ask_at, position.total); }
    Choice choose(const Question& question) override {
      if (question.occasion == Question::Occasion::blocked) interrupted.push_back(question.interrupted);
      ask_at = question.at.total + 1;
      // Out of the handler on CPU 1, when it has made a step there.
      const bool leaves = question.occasion == Question::Occasion::step && question.at.cpu == 1 && ++seen == 2;
      return leaves ? run_next(0) : InOrder::choose(question);
    }
    std::vector<CpuMask> interrupted;
    std::uint64_t ask_at = 0;
    int seen = 0;
  } chooser;
  Script script;
  WaitQueue queue;
  Atomic<bool> stepped{false};
  Atomic<bool> answered{false};
  script.body = [&](int cpu) {
    script.step(std::to_string(cpu));
    if (cpu != 0) return;
    script.sched->post_interrupt(1);
    script.wait(queue, [&] { return stepped.load(std::memory_order_acquire); });
    script.wait(queue, [&] { return answered.load(std::memory_order_acquire); });
    script.step("a");
  };
  script.on_interrupt = [&](int /*cpu*/) {
    script.step("i");
    stepped.store(true, std::memory_order_release);
    script.sched->wake(queue);
    script.step("j");
    script.step("k");
    answered.store(true, std::memory_order_release);
    script.sched->wake(queue);
    return false;
  };
  BOOST_TEST((script.run(2, chooser, 100) == Outcome::completed));
  // CPU 0, which waits, is asked twice: when the interrupt is yet to be taken, and in the middle of its handler.
  BOOST_TEST(std::ranges::count(chooser.interrupted, CpuMask{0b10}) == 2, script.log);
}

BOOST_AUTO_TEST_CASE(latency_and_disabled_interrupts_delay_an_interrupt) {
  const auto run = [](std::uint8_t latency, bool disable) {
    Script script;
    script.body = [&, disable](int cpu) {
      if (cpu == 0) {
        script.step("a");
        script.sched->post_interrupt(1);
        script.step("a");
        return;
      }
      if (disable) script.sched->disable_interrupts();
      for (int i = 0; i < 4; ++i) script.step("b");
      if (disable) script.sched->enable_interrupts();
      script.step("c");
    };
    script.on_interrupt = [&](int /*cpu*/) {
      script.step("i");
      return false;
    };
    SwitchOnce chooser(1, 1, latency);
    script.run(2, chooser, 100);
    return script.log;
  };
  BOOST_TEST(run(0, false) == "aibbbbca");
  BOOST_TEST(run(2, false) == "abbibbca");
  BOOST_TEST(run(9, false) == "abbbbcia");  // who ends takes it at once
  BOOST_TEST(run(2, true) == "abbbbica");
}

BOOST_AUTO_TEST_CASE(what_a_cpu_sends_to_itself_it_takes_before_its_next_step_or_with_what_it_has_put_off) {
  const auto run = [](Chooser&& chooser, bool disable, bool other = false) {
    Script script;
    script.body = [&, disable, other](int cpu) {
      script.step(cpu == 0 ? "a" : "b");
      if (cpu == 0 && other) script.sched->post_interrupt(1);
      if (cpu == 1) {
        if (disable) script.sched->disable_interrupts();
        script.sched->post_interrupt(1);
        for (int i = 0; i < 3; ++i) script.step("b");
        if (disable) script.sched->enable_interrupts();
      }
      script.step(cpu == 0 ? "a" : "c");
    };
    script.on_interrupt = [&](int /*cpu*/) {
      script.step("i");
      return false;
    };
    script.run(2, chooser, 100);
    return script.log;
  };
  BOOST_TEST(run(SwitchOnce(1, 1, 0), false) == "abibbbca");
  BOOST_TEST(run(AskedAlways(1, 1, 0), false) == "abibbbca");
  BOOST_TEST(run(SwitchOnce(1, 1, 2), false) == "abibbbca");  // it came with none
  BOOST_TEST(run(SwitchOnce(1, 1, 3), false, true) == "abbbibca");
  BOOST_TEST(run(AskedAlways(1, 1, 3), false, true) == "abbbibca");
  BOOST_TEST(run(SwitchOnce(1, 1, 9), false, true) == "abbbbcia");  // who ends takes it at once
  BOOST_TEST(run(SwitchOnce(1, 1, 0), true) == "abbbbica");
}

BOOST_AUTO_TEST_CASE(a_timer_interrupts_its_cpu_after_so_many_steps) {
  const auto run = [](Chooser&& chooser, std::uint32_t steps, bool disable) {
    Script script;
    script.body = [&, steps, disable](int cpu) {
      script.step(cpu == 0 ? "a" : "b");
      if (cpu == 1) {
        if (disable) script.sched->disable_interrupts();
        script.sched->set_timer(steps);
        BOOST_TEST(script.sched->timer_runs() == (steps != 0));
        for (int i = 0; i < 3; ++i) script.step("b");
        if (disable) script.sched->enable_interrupts();
      }
      script.step(cpu == 0 ? "a" : "c");
    };
    script.on_interrupt = [&](int /*cpu*/) {
      BOOST_TEST(!script.sched->timer_runs());
      script.step("i");
      return false;
    };
    BOOST_TEST((script.run(2, chooser, 100) == Outcome::completed));
    return script.log;
  };
  BOOST_TEST(run(SwitchOnce(1, 1), 0, false) == "abibbbca");
  BOOST_TEST(run(SwitchOnce(1, 1), 2, false) == "abbbibca");
  BOOST_TEST(run(AskedAlways(1, 1, 0), 2, false) == "abbbibca");
  BOOST_TEST(run(SwitchOnce(1, 1), 1, false) == "abbibbca");
  BOOST_TEST(run(SwitchOnce(1, 1), 9, false) == "abbbbcai");  // when nobody has a step to make
  BOOST_TEST(run(SwitchOnce(1, 1), 1, true) == "abbbbica");
}

BOOST_AUTO_TEST_CASE(steps_of_others_count_for_a_timer) {
  Script script;
  script.body = [&](int cpu) {
    script.step(cpu == 0 ? "a" : "b");
    if (cpu == 0) script.sched->set_timer(3);
    for (int i = 0; i < 4; ++i) script.step(cpu == 0 ? "a" : "b");
  };
  script.on_interrupt = [&](int /*cpu*/) {
    script.step("i");
    return false;
  };
  SwitchOnce chooser(2, 1);
  BOOST_TEST((script.run(2, chooser, 100) == Outcome::completed));
  BOOST_TEST(script.log == "aabbbbbiaaa");
}

BOOST_AUTO_TEST_CASE(who_waits_for_a_timer_may_run_when_that_ends_or_nobody_else_can) {
  // Lets whoever may run again run at once.
  struct Willing final : InOrder {
    std::uint64_t next_question(const Position& position) override { return woken ? position.total : never; }
    Choice choose(const Question& question) override {
      woken = false;
      return run_next(__builtin_ctz(question.runnable));
    }
    bool may_run(int /*cpu*/, int /*current*/) override { return woken = true; }
    bool woken = false;
  };
  const auto run = [](std::uint32_t steps) {
    Script script;
    WaitQueue queue;
    Atomic<bool> done{false};
    script.body = [&, steps](int cpu) {
      script.step(cpu == 0 ? "a" : "b");
      if (cpu == 0) {
        script.sched->set_timer(steps);
        script.wait(queue, [&] { return done.load(std::memory_order_acquire); });
      }
      script.step(cpu == 0 ? "a" : "b");
    };
    script.on_interrupt = [&](int /*cpu*/) {
      script.step("i");
      done.store(true, std::memory_order_release);
      script.sched->wake(queue);
      return false;
    };
    Willing chooser;
    BOOST_TEST((script.run(2, chooser, 100) == Outcome::completed));
    return script.log;
  };
  BOOST_TEST(run(1) == "abiab");
  BOOST_TEST(run(50) == "abbia");
}

BOOST_AUTO_TEST_CASE(who_waits_takes_a_late_interrupt_at_once_whoever_is_asked) {
  const auto run = [](Chooser& chooser) {
    Script script;
    WaitQueue queue;
    Atomic<bool> ready{false};
    script.body = [&](int cpu) {
      if (cpu == 0) {
        script.step("a");
        script.sched->post_interrupt(1);
        script.step("a");
        ready.store(true, std::memory_order_release);
        script.sched->wake(queue);
        script.step("a");
        return;
      }
      script.step("b");
      script.sched->step_when({1, 0}, queue, [&] { return ready.load(std::memory_order_acquire); }, [] {});
      script.step("c");
    };
    script.on_interrupt = [&](int /*cpu*/) {
      script.step("i");
      return false;
    };
    script.run(2, chooser, 100);
    return script.log;
  };
  SwitchOnce seldom(1, 1, 9);
  AskedAlways always(1, 1, 9);
  BOOST_TEST(run(seldom) == "abiaac");
  BOOST_TEST(run(always) == "abiaac");
}

BOOST_AUTO_TEST_CASE(the_hash_tells_runs_apart_and_is_the_same_for_the_same_run) {
  Script script;
  script.body = [&](int cpu) {
    for (int i = 0; i < 3; ++i) {
      script.step("");
      script.sched->mix(static_cast<std::uint64_t>(cpu));
    }
  };
  const auto hash = [&](std::uint64_t at) {
    SwitchOnce chooser(at, 1);
    script.run(2, chooser, 100);
    return script.sched->hash();
  };
  BOOST_TEST(hash(1) == hash(1));
  BOOST_TEST(hash(1) != hash(2));
}

BOOST_AUTO_TEST_CASE(switches_are_counted_where_asked_for) {
  Script script;
  script.body = [&](int /*cpu*/) {
    for (int i = 0; i < 3; ++i) script.step("");
  };
  std::uint8_t counters[Scheduler::switch_counters] = {};
  script.switch_counters = counters;
  SwitchOnce chooser(1, 1);
  script.run(2, chooser, 100);
  int sum = 0;
  for (const std::uint8_t counter : counters) sum += counter;
  BOOST_TEST(sum == 2);  // there, and back when the other ended
}

BOOST_AUTO_TEST_CASE(pct_is_deterministic_and_different_seeds_make_different_runs) {
  Script script;
  script.body = [&](int cpu) {
    for (int i = 0; i < 8; ++i) script.step(std::to_string(cpu));
  };
  const auto run = [&](std::uint64_t seed) {
    script.log.clear();
    Pct chooser(seed, 4, 24);
    BOOST_TEST((script.run(3, chooser, 100) == Outcome::completed));
    return script.log;
  };
  int different = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::string first = run(seed);
    BOOST_TEST(first == run(seed));
    BOOST_TEST(first.size() == 24U);
    if (first != run(seed + 1)) ++different;
  }
  BOOST_TEST(different > 40);
}

// A bug of depth 1 (an order of two CPUs as a whole) is found with a probability of at least 1/n; one of depth 2
// (an order of two steps) with at least 1/(n*k). The bounds of the paper, with room for chance.
BOOST_AUTO_TEST_CASE(pct_finds_bugs_as_often_as_the_paper_promises) {
  Script script;
  script.body = [&](int cpu) {
    for (int i = 0; i < 5; ++i) script.step(std::string(1, static_cast<char>('a' + cpu * 5 + i)));
  };
  int depth_one = 0;
  int depth_two = 0;
  constexpr int runs = 3000;
  for (int seed = 0; seed < runs; ++seed) {
    script.log.clear();
    Pct chooser(static_cast<std::uint64_t>(seed), 2, 15);
    script.run(3, chooser, 100);
    if (script.log.find('k') < script.log.find('f')) ++depth_one;
    // CPU 1's third step falls between CPU 0's second and third.
    const std::size_t middle = script.log.find('h');
    if (script.log.find('b') < middle && middle < script.log.find('c')) ++depth_two;
  }
  BOOST_TEST(depth_one > runs / 3);
  BOOST_TEST(depth_two > runs / (3 * 15));
}

BOOST_AUTO_TEST_CASE(a_woken_cpu_of_higher_priority_runs_at_once_under_pct) {
  Script script;
  WaitQueue queue;
  Atomic<bool> ready{false};
  script.body = [&](int cpu) {
    if (cpu == 0) {
      script.wait(queue, [&] { return ready.load(std::memory_order_acquire); });
      script.step("w");
    } else {
      script.step("a");
      ready.store(true, std::memory_order_release);
      script.sched->wake(queue);
      script.step("b");
    }
  };
  bool at_once = false;
  bool later = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    script.log.clear();
    ready.store(false, std::memory_order_release);
    queue.reset();
    Pct chooser(seed, 1, 10);
    script.run(2, chooser, 100);
    at_once = at_once || script.log == "awb";
    later = later || script.log == "abw";
  }
  BOOST_TEST(at_once);
  BOOST_TEST(later);
}

BOOST_AUTO_TEST_SUITE_END()
