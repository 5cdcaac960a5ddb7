// The hardware's rules (machine.h, tlb.h, x86.h), one by one.
#include "engine/machine/machine.h"

#include <boost/test/unit_test.hpp>

#include "engine/machine/x86.h"

using namespace shootdown;

namespace {

struct TwoCpus {
  AccessResult access(int page, bool store, Word value = 0, int cpu = 0) const {
    AccessResult result = x86::translate(*machine, cpu, 0, page, store);
    x86::access(*machine, result, 0, store, value);
    return result;
  }
  Pte pte(int page) const { return machine->read_pte(0, page); }

  static constexpr Pte clean = Pte::mapping(5);
  static MachineConfig config() {
    MachineConfig config;
    config.cpus = 2;
    config.tlb = 2;
    config.pages = 8;
    return config;
  }
  TwoCpus() { machine->install_page_table(0, 0); }

  Arena arena;
  Machine* machine = &arena.make<Machine>(arena, config(), 8);
};

bool faults(const AccessResult& result) {
  return result.kind == Access::fault;
}
bool hits(const AccessResult& result) {
  return result.kind == Access::hit;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(machine, TwoCpus)

BOOST_AUTO_TEST_CASE(an_access_without_an_entry_faults) {
  BOOST_TEST(faults(access(0, false)));
  BOOST_TEST(faults(access(0, true)));
}

BOOST_AUTO_TEST_CASE(a_load_sets_the_accessed_bit_and_not_the_dirty_bit) {
  machine->set_pte(0, 0, clean.mkwrite());
  BOOST_TEST(!faults(access(0, false)));
  BOOST_TEST(pte(0).young());
  BOOST_TEST(!pte(0).dirty());
}

BOOST_AUTO_TEST_CASE(a_store_through_a_clean_entry_sets_the_dirty_bit_of_the_live_entry) {
  machine->set_pte(0, 0, clean.mkwrite());
  access(0, false);  // the TLB now has a clean entry
  BOOST_TEST(!hits(access(0, true, 9)));
  BOOST_TEST(pte(0).dirty());
  BOOST_TEST(machine->frame(5).words[0].load(std::memory_order_relaxed) == 9U);
  BOOST_TEST(hits(access(0, true, 10)));
}

BOOST_AUTO_TEST_CASE(a_store_through_a_clean_entry_faults_when_the_live_entry_is_gone_or_read_only) {
  machine->set_pte(0, 0, clean.mkwrite());
  access(0, false);
  machine->clear_pte(0, 0);
  BOOST_TEST(faults(access(0, true)));
  BOOST_TEST(pte(0).none());

  machine->set_pte(0, 1, clean.mkwrite());
  access(1, false);
  machine->set_pte(0, 1, clean);
  BOOST_TEST(faults(access(1, true)));
  BOOST_TEST(!pte(1).dirty());
}

BOOST_AUTO_TEST_CASE(a_store_through_a_dirty_entry_never_looks_at_the_page_table) {
  machine->set_pte(0, 0, clean.mkwrite());
  access(0, true, 1);
  machine->clear_pte(0, 0);
  BOOST_TEST(hits(access(0, true, 2)));
  BOOST_TEST(pte(0).none());
  BOOST_TEST(machine->frame(5).words[0].load(std::memory_order_relaxed) == 2U);
}

BOOST_AUTO_TEST_CASE(a_load_through_an_entry_never_looks_at_the_page_table) {
  machine->set_pte(0, 0, clean);
  access(0, false);
  machine->clear_pte(0, 0);
  BOOST_TEST(hits(access(0, false)));
}

BOOST_AUTO_TEST_CASE(a_store_to_a_read_only_page_faults_and_drops_the_entry) {
  machine->set_pte(0, 0, clean);
  access(0, false);
  BOOST_TEST(faults(access(0, true)));
  BOOST_TEST(machine->tlb(0).find(0) == nullptr);
}

BOOST_AUTO_TEST_CASE(entries_belong_to_their_cpu) {
  machine->set_pte(0, 0, clean);
  access(0, false, 0, 0);
  machine->clear_pte(0, 0);
  BOOST_TEST(hits(access(0, false, 0, 0)));
  BOOST_TEST(faults(access(0, false, 0, 1)));
}

BOOST_AUTO_TEST_CASE(a_fill_sets_accessed_but_never_dirty_and_copies_what_the_entry_has) {
  BOOST_TEST(!machine->fill(0, 0, 0).entry.present());
  machine->set_pte(0, 0, clean.mkwrite());
  BOOST_TEST(machine->fill(0, 0, 0).entry.present());
  BOOST_TEST(pte(0).young());
  BOOST_TEST(!pte(0).dirty());
  machine->set_pte(0, 1, clean.mkwrite().mkdirty());
  BOOST_TEST(machine->fill(0, 0, 1).entry.present());
  machine->clear_pte(0, 1);
  BOOST_TEST(hits(access(1, true)));  // the filled entry was dirty
}

BOOST_AUTO_TEST_CASE(a_full_tlb_replaces_its_oldest_entry) {
  for (int page = 0; page < 3; ++page) {
    machine->set_pte(0, page, clean);
    access(page, false);
  }
  BOOST_TEST(machine->tlb(0).find(0) == nullptr);
  BOOST_TEST(machine->tlb(0).find(1) != nullptr);
  BOOST_TEST(machine->tlb(0).find(2) != nullptr);
  BOOST_TEST(machine->tlb(0).drop(1));
  BOOST_TEST(!machine->tlb(0).drop(1));
  BOOST_TEST(machine->tlb(0).find(2) != nullptr);
}

BOOST_AUTO_TEST_CASE(an_access_through_an_entry_of_an_earlier_life_of_the_frame_is_stale) {
  machine->set_pte(0, 0, clean);
  BOOST_TEST(!access(0, false).stale);
  BOOST_TEST(!access(0, false).stale);
  machine->end_frame_life(5);
  BOOST_TEST(access(0, false).stale);
}

BOOST_AUTO_TEST_CASE(the_machine_counts_what_leads_to_a_frame) {
  machine->set_pte(0, 0, clean);
  machine->set_pte(0, 1, clean.mkwrite());
  BOOST_TEST(machine->frame(5).entries == 2U);
  machine->set_pte(0, 1, Pte::mapping(6));
  BOOST_TEST(machine->frame(5).entries == 1U);
  BOOST_TEST(machine->frame(6).entries == 1U);
  machine->clear_pte(0, 0);
  BOOST_TEST(machine->frame(5).entries == 0U);
  machine->set_pte(0, 1, Pte());
  BOOST_TEST(machine->frame(6).entries == 0U);
  BOOST_TEST(pte(1).none());
}

BOOST_AUTO_TEST_CASE(entries_keep_their_bits_apart) {
  const Pte pte = Pte::mapping(4095).mkwrite().mkyoung().mkdirty();
  BOOST_TEST(pte.frame() == 4095);
  BOOST_TEST(pte.mkclean().write());
  BOOST_TEST(!pte.mkclean().dirty());
  BOOST_TEST(!pte.wrprotect().write());
  BOOST_TEST(pte.wrprotect().dirty());
  BOOST_TEST(Pte().none());
  BOOST_TEST(!Pte::mapping(0).none());
}

// --- the way to a page table ---

BOOST_AUTO_TEST_CASE(without_a_page_table_there_is_no_entry) {
  machine->set_pte(0, 0, clean);
  machine->clear_page_table(0, 0);
  BOOST_TEST(faults(access(0, false)));
  BOOST_TEST(machine->install_page_table(0, 0));
  BOOST_TEST(!machine->install_page_table(0, 0));
  BOOST_TEST(!faults(access(0, false)));
}

// CPU 0 has walked for page 0, and kept the way. Then the page table goes, and page 1 is looked for.
BOOST_AUTO_TEST_CASE(a_walk_that_knows_the_way_does_not_look_whether_it_is_still_there) {
  machine->set_pte(0, 0, clean);
  access(0, false);
  machine->clear_page_table(0, 0);
  const PageWalk old = machine->fill(0, 0, 1);
  BOOST_TEST(!old.entry.present());
  BOOST_TEST(!old.astray);  // its memory is its own
  machine->free_page_table(0, 0);
  BOOST_TEST(machine->fill(0, 0, 1).astray);
  BOOST_TEST(!machine->fill(1, 0, 1).astray);  // another CPU does not know it
  const AccessResult result = access(1, false);
  BOOST_TEST(faults(result));
  BOOST_TEST(result.stale);
}

BOOST_AUTO_TEST_CASE(a_walk_to_an_old_page_table_finds_nothing_of_the_new_one) {
  machine->set_pte(0, 0, clean);
  access(0, false);
  machine->clear_page_table(0, 0);
  BOOST_TEST(machine->install_page_table(0, 0));
  machine->set_pte(0, 1, clean);
  BOOST_TEST(!machine->fill(0, 0, 1).entry.present());
  machine->free_page_table(0, 0);
  BOOST_TEST(machine->fill(0, 0, 1).astray);
  BOOST_TEST(machine->fill(1, 0, 1).entry.present());
  BOOST_TEST(faults(access(1, false)));  // which drops what leads there
  BOOST_TEST(!faults(access(1, false)));
}

BOOST_AUTO_TEST_CASE(what_is_dropped_leads_nowhere) {
  const auto astray_after = [this](const auto& drop) {
    x86::flush_all(*machine, 0);
    machine->install_page_table(0, 0);
    machine->set_pte(0, 0, clean);
    access(0, false);
    machine->clear_pte(0, 0);
    machine->clear_page_table(0, 0);
    drop();
    machine->free_page_table(0, 0);
    return machine->fill(0, 0, 1).astray;
  };
  BOOST_TEST(astray_after([] {}));
  BOOST_TEST(!astray_after([this] { x86::flush_page(*machine, 0, 7); }));
  BOOST_TEST(!astray_after([this] { x86::flush_all(*machine, 0); }));
  BOOST_TEST(!astray_after([this] { machine->evict(0, 5); }));
  BOOST_TEST(!astray_after([this] { access(3, false); }));  // faults
  BOOST_TEST(astray_after([this] { x86::flush_all(*machine, 1); }));
}

BOOST_AUTO_TEST_SUITE_END()
