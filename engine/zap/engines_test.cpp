// Each engine does things in the order that the paragraph above it has.
#include "engine/zap/engines.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

#include "test/programs.h"
#include "test/recorder.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(engines)

namespace {

// What is of interest of an event, in a word; empty: nothing.
std::string_view word_for(const AnyEvent& event) {
  if (event.is<event::ClearEntry>()) return "clear";
  if (event.is<event::SetDirty>()) return "dirty";
  if (event.is<event::RemoveRmap>()) return "rmap";
  if (event.is<event::QueuePage>()) return "queue";
  if (event.is<event::FlushGather>()) return "flush";
  if (event.is<event::PutPage>()) return "put";
  if (event.is<event::TakeLock>() && event.as<event::TakeLock>().lock.kind == LockClass::page) return "lock-page";
  if (!event.is<event::DropLock>()) return {};
  const LockClass kind = event.as<event::DropLock>().lock.kind;
  return kind == LockClass::page ? "unlock-page" : kind == LockClass::page_table ? "unlock" : "";
}

// What the first gather of a run does.
std::string order_of(const Recorder& run) {
  std::string order;
  bool gathers = false;
  for (const AnyEvent& event : run.events()) {
    if (event.is<event::EndGather>()) break;
    gathers = gathers || event.is<event::BeginGather>();
    const std::string_view word = gathers ? word_for(event) : "";
    if (!word.empty()) order.append(order.empty() ? "" : " ").append(word);
  }
  return order;
}

// How an engine zaps one page, after a load or a store.
std::string zap(const ZapEngine& engine, Call before) {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::cpus, 1).operation(0, before, 0, 0).operation(0, Call::dontneed, 0, 1);
  const auto recorder = std::make_unique<Recorder>();
  TestBench bench(engine, recorder.get());
  BOOST_TEST((bench.run(builder) == Outcome::completed));
  return order_of(*recorder);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_dirty_entry) {
  BOOST_TEST(zap(eager_dirty(), Call::store) == "clear dirty rmap queue flush unlock put");
  BOOST_TEST(zap(deferred_dirty(), Call::store) == "clear rmap queue unlock flush dirty put");
  BOOST_TEST(zap(deferred_dirty_late_rmap(), Call::store) == "clear queue unlock flush dirty rmap put");
  BOOST_TEST(zap(deferred_dirty_locked(), Call::store) ==
             "clear rmap queue unlock flush lock-page dirty unlock-page put");
  BOOST_TEST(zap(deferred_rmap_v2(), Call::store) == "clear dirty queue flush unlock rmap put");
  BOOST_TEST(zap(delayed_rmap(), Call::store) == "clear dirty queue flush rmap unlock put");
  BOOST_TEST(zap(delayed_rmap_ranges(), Call::store) == "clear dirty queue flush rmap unlock put");
}

// Two pages of a folio, of which the second is dirty.
BOOST_AUTO_TEST_CASE(entries_for_pages_of_one_folio) {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::cpus, 1).machine(&MachineConfig::folio_order, 1);
  builder.operation(0, Call::load, 0).operation(0, Call::store, 1).operation(0, Call::dontneed, 0, 2);
  BOOST_TEST(order_of(RightRun(builder, delayed_rmap())) ==
             "clear rmap queue clear dirty queue flush rmap unlock put put");
  BOOST_TEST(order_of(RightRun(builder, delayed_rmap_ranges())) == "clear clear dirty queue flush rmap unlock put");
}

BOOST_AUTO_TEST_CASE(a_clean_entry) {
  for (const ZapEngine* const engine : {&eager_dirty(), &deferred_dirty(), &deferred_dirty_late_rmap(),
                                        &deferred_dirty_locked(), &delayed_rmap(), &delayed_rmap_ranges()})
    BOOST_TEST(zap(*engine, Call::load) == "clear rmap queue unlock flush put", engine->name());
  BOOST_TEST(zap(deferred_rmap_v2(), Call::load) == "clear queue unlock flush rmap put");
}

BOOST_AUTO_TEST_CASE(a_kernel_has_models_where_there_is_one) {
  const bool has_kernel = all_engines().size() > model_engines().size();
  BOOST_TEST((engine_of_linux() != nullptr) == has_kernel);
  BOOST_TEST(models_of_linux().empty() == !has_kernel);
  for (const Engine* const model : models_of_linux())
    BOOST_TEST((std::ranges::find(model_engines(), model) != model_engines().end()));
}

BOOST_AUTO_TEST_SUITE_END()
