#include "fuzz/prove/visible_places.h"

#include <set>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "engine/run/simulation.h"

using namespace shootdown;

namespace {

// What CPUs do; each access is at a place of its own.
struct Accesses {
  Accesses() { begin(); }

  void begin() {
    arena.clear();
    places.begin_accesses(arena);
  }

  void reads(int cpu, std::uintptr_t address, std::size_t place) { access(cpu, Agent::thread, address, false, place); }
  void writes(int cpu, std::uintptr_t address, std::size_t place) { access(cpu, Agent::thread, address, true, place); }
  void access(int cpu, Agent agent, std::uintptr_t address, bool writes, std::size_t place,
              bool takes_interrupts = true, std::size_t size = 8) {
    places.accessed({.cpu = cpu,
                     .agent = agent,
                     .takes_interrupts = takes_interrupts,
                     .address = address,
                     .size = size,
                     .writes = writes,
                     .place = place});
  }
  void takes(int cpu, const int& which, bool shared = false) { places.locked(cpu, Agent::thread, &which, shared); }
  void drops(int cpu, const int& which) { places.unlocked(cpu, Agent::thread, &which); }

  Arena arena;
  VisiblePlaces places;
  // Far enough from each other.
  alignas(64) int lock = 0;
  alignas(64) int other_lock = 0;
};

using PlaceNumbers = std::set<std::size_t>;

constexpr std::uintptr_t some_word = 0x1000;
constexpr std::uintptr_t another_word = 0x2000;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(visible_places, Accesses)

BOOST_AUTO_TEST_CASE(a_write_that_meets_a_read_of_another_cpu_is_visible_and_so_is_the_read) {
  writes(0, some_word, 1);
  reads(1, some_word, 2);
  BOOST_TEST((places.visible() == PlaceNumbers{1, 2}));
}

BOOST_AUTO_TEST_CASE(what_one_cpu_does_alone_is_not) {
  writes(0, some_word, 1);
  reads(0, some_word, 2);
  writes(1, another_word, 3);
  BOOST_TEST(places.visible().empty());
  BOOST_TEST((places.reached() == PlaceNumbers{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(reads_do_not_meet) {
  reads(0, some_word, 1);
  reads(1, some_word, 2);
  BOOST_TEST(places.visible().empty());
}

BOOST_AUTO_TEST_CASE(an_access_can_be_seen_wherever_it_touches_what_another_does) {
  access(0, Agent::thread, some_word, true, 1, true, 64);
  reads(1, some_word + 56, 2);
  reads(1, some_word + 64, 3);
  BOOST_TEST((places.visible() == PlaceNumbers{1, 2}));
}

BOOST_AUTO_TEST_CASE(under_the_same_lock_accesses_do_not_meet) {
  for (const int cpu : {0, 1}) {
    takes(cpu, lock);
    writes(cpu, some_word, 1);
    drops(cpu, lock);
  }
  BOOST_TEST(places.visible().empty());
}

BOOST_AUTO_TEST_CASE(under_different_locks_they_do) {
  takes(0, lock);
  writes(0, some_word, 1);
  drops(0, lock);
  takes(1, other_lock);
  writes(1, some_word, 2);
  BOOST_TEST((places.visible() == PlaceNumbers{1, 2}));
}

BOOST_AUTO_TEST_CASE(after_the_lock_has_been_dropped_they_do) {
  takes(0, lock);
  drops(0, lock);
  writes(0, some_word, 1);
  takes(1, lock);
  writes(1, some_word, 2);
  BOOST_TEST((places.visible() == PlaceNumbers{1, 2}));
}

BOOST_AUTO_TEST_CASE(a_lock_that_both_hold_shared_keeps_nobody_out) {
  takes(0, lock, true);
  writes(0, some_word, 1);
  takes(1, lock, true);
  reads(1, some_word, 2);
  BOOST_TEST((places.visible() == PlaceNumbers{1, 2}));
}

BOOST_AUTO_TEST_CASE(a_lock_that_one_of_them_holds_exclusively_does) {
  takes(0, lock, true);
  reads(0, some_word, 1);
  drops(0, lock);
  takes(1, lock);
  writes(1, some_word, 2);
  BOOST_TEST(places.visible().empty());
}

BOOST_AUTO_TEST_CASE(a_lock_is_no_memory_that_others_see) {
  const auto address = reinterpret_cast<std::uintptr_t>(&lock);
  takes(0, lock);
  writes(0, address, 1);
  drops(0, lock);
  reads(1, address, 2);
  BOOST_TEST(places.visible().empty());
}

BOOST_AUTO_TEST_CASE(interrupts_meet_the_thread_of_their_cpu_if_it_takes_any) {
  access(0, Agent::thread, some_word, true, 1, false);
  access(0, Agent::interrupt, some_word, true, 2, false);
  BOOST_TEST(places.visible().empty());
  access(0, Agent::thread, some_word, true, 3, true);
  BOOST_TEST((places.visible() == PlaceNumbers{2, 3}));
}

BOOST_AUTO_TEST_CASE(the_machine_holds_no_locks) {
  takes(0, lock);
  writes(0, some_word, 1);
  access(0, Agent::machine, some_word, false, CodeAccess::no_place);
  BOOST_TEST((places.visible() == PlaceNumbers{1}));
}

BOOST_AUTO_TEST_CASE(accesses_of_different_runs_do_not_meet) {
  writes(0, some_word, 1);
  begin();
  writes(1, some_word, 2);
  BOOST_TEST(places.visible().empty());
}

BOOST_AUTO_TEST_CASE(but_where_runs_go_back_they_do_and_locks_are_those_of_the_place_gone_back_to) {
  if (!Simulation::can_save) return;  // gaps in the arena may not be looked at
  VisiblePlaces over_all(VisiblePlaces::Meet::in_all);
  const auto writes = [&](int cpu, std::uintptr_t address, std::size_t place) {
    over_all.accessed({.cpu = cpu,
                       .agent = Agent::thread,
                       .takes_interrupts = true,
                       .address = address,
                       .size = 8,
                       .writes = true,
                       .place = place});
  };
  arena.clear();
  over_all.begin_accesses(arena);
  over_all.locked(0, Agent::thread, &lock, false);
  const std::vector<std::byte> there(arena.used().begin(), arena.used().end());
  over_all.unlocked(0, Agent::thread, &lock);
  writes(0, some_word, 1);
  arena.restore(there);
  writes(0, another_word, 2);
  arena.clear();
  over_all.begin_accesses(arena);
  over_all.locked(1, Agent::thread, &lock, false);
  writes(1, another_word, 3);
  BOOST_TEST(over_all.visible().empty());
  writes(1, some_word, 4);
  BOOST_TEST((over_all.visible() == PlaceNumbers{1, 4}));
}

BOOST_AUTO_TEST_CASE(a_run_begins_without_locks) {
  takes(0, lock);
  begin();
  writes(0, some_word, 1);
  takes(1, lock);
  writes(1, some_word, 2);
  BOOST_TEST((places.visible() == PlaceNumbers{1, 2}));
}

BOOST_AUTO_TEST_SUITE_END()
