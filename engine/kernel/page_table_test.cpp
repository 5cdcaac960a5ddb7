// Page-table entries, by an engine that is the test: what madvise calls tries them out, under the page-table lock.
#include "engine/kernel/page_table.h"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "engine/kernel/zap_engine.h"
#include "test/programs.h"
#include "test/recorder.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(page_table)

namespace {

class TryEngine final : public ZapEngine {
 public:
  using Trial = std::function<void(Task& current, Mm& mm)>;
  explicit TryEngine(Trial trial) : trial_(std::move(trial)) {}

  std::string_view name() const override { return "try"; }
  std::string_view summary() const override { return "for tests"; }
  std::span<const NotClaimed> not_claimed() const override { return {}; }

  void zap_page_range(Task& current, Vma& vma, int /*first*/, int /*end*/,
                      const ZapDetails& /*details*/) const override {
    Mm& mm = current.kernel->mms[vma.mm];
    pte_lock(current, mm, 0);
    trial_(current, mm);
    pte_unlock(current, mm, 0);
  }
  void unmap_region(Task& /*current*/, std::span<Vma* const> /*vmas*/) const override {}
  void exit_mmap(Task& /*current*/) const override {}

 private:
  Trial trial_;
};

// Makes a trial, and records what happened.
std::unique_ptr<Recorder> record(const TryEngine::Trial& trial, Defect defect = Defect::none) {
  const TryEngine engine(trial);
  auto recorder = std::make_unique<Recorder>();
  Simulation simulation(engine, *recorder);
  simulation.defect = defect;
  simulation.run(ProgramBuilder().operation(0, Call::dontneed, 0, 1).program());
  return recorder;
}

constexpr Pte read_only = Pte::mapping(0).mkyoung();
constexpr Pte writable = read_only.mkdirty().mkwrite();

}  // namespace

BOOST_AUTO_TEST_CASE(flags_are_set_for_stores_and_only_if_that_changes_the_entry) {
  const auto run = record([](Task& current, Mm& mm) {
    set_pte_at(current, mm, 0, read_only);
    ptep_set_access_flags(current, mm, 0, writable, false);
    BOOST_TEST((ptep_get(current, mm, 0) == read_only));
    ptep_set_access_flags(current, mm, 0, writable, true);
    BOOST_TEST((ptep_get(current, mm, 0) == writable));
    ptep_set_access_flags(current, mm, 0, writable, true);
  });
  std::vector<Fact> changes;
  for (const auto& set : run->all<event::SetAccessFlags>()) changes.push_back(set.changed);
  BOOST_TEST(changes == (std::vector<Fact>{0, 1, 0}), boost::test_tools::per_element());
}

// The entry is compared as it is, not as the fault found it: one that has been cleared since does not come back.
BOOST_AUTO_TEST_CASE(a_load_does_not_bring_an_entry_back) {
  const auto entry_after = [](Defect defect) {
    Pte entry;
    const auto trial = [&entry](Task& current, Mm& mm) {
      ptep_set_access_flags(current, mm, 0, read_only, false);
      entry = ptep_get(current, mm, 0);
    };
    record(trial, defect);
    return entry;
  };
  BOOST_TEST(entry_after(Defect::none).none());
  BOOST_TEST((entry_after(Defect::flags_set_for_loads) == read_only));
}

BOOST_AUTO_TEST_SUITE_END()
