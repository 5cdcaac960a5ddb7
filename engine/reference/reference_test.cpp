#include "engine/reference/reference.h"

#include <boost/test/unit_test.hpp>

using namespace shootdown;

namespace {

// Two mms with two windows of four pages, both of one file unless a test says otherwise.
struct TwoMms {
  TwoMms() {
    config.pages = 4;
    config.windows = 2;
    config.mms = 2;
    reset();
  }
  void reset() { reference = &arena.make<Reference>(arena, config, config.files, frames, 2); }
  void reset(std::uint16_t MachineConfig::* parameter, std::uint16_t value) {
    config.*parameter = value;
    reset();
  }
  // A load from frame 0.
  bool allows(int mm, int page, int word, std::uint32_t value) const {
    return reference->allows(mm, page, word, 0, value);
  }
  // A load may get the value, and may not be refused.
  bool shows(int mm, int page, std::uint32_t value) const {
    return allows(mm, page, 0, value) && !reference->may_refuse(0, mm, page);
  }
  // The only way is to be refused.
  bool shows_nothing(int mm, int page) const {
    return !reference->may_access(mm, page, 0) && reference->may_refuse(0, mm, page);
  }
  // CPU 1's, to a frame that was pinned as page 1 of mm 0.
  void dma(int frame, int file, int index, int word, std::uint32_t value) const {
    reference->dma(1, {.mm = 0, .page = 1, .frame = frame, .file = file, .index = index}, word, value);
  }
  MachineConfig config;
  static constexpr int frames = 16;
  Arena arena;
  Reference* reference = nullptr;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(reference, TwoMms)

BOOST_AUTO_TEST_CASE(a_store_is_seen_through_every_window_of_every_mm_and_in_the_file) {
  reference->store(1, 5, 1, 0, 7);
  for (const int mm : {0, 1}) {
    for (const int page : {1, 5}) {
      BOOST_TEST(allows(mm, page, 1, 7));
      BOOST_TEST(!allows(mm, page, 1, 0));
      BOOST_TEST(allows(mm, page, 0, 0));
    }
    BOOST_TEST(allows(mm, 2, 1, 0));
  }
  BOOST_TEST(reference->shown_word(0, 1, 1) == 7U);
  BOOST_TEST(reference->allows_on_disk(0, 1, 1, 7));
  BOOST_TEST(!reference->allows_on_disk(0, 1, 1, 0));
  BOOST_TEST(reference->file_word(0, 1, 1) == 7U);
}

BOOST_AUTO_TEST_CASE(windows_show_the_files_in_turn) {
  reset(&MachineConfig::files, 2);
  reference->store(0, 5, 0, 0, 7);
  BOOST_TEST(shows(0, 5, 7));
  BOOST_TEST(shows(0, 1, 0));
  BOOST_TEST(reference->file_word(1, 1, 0) == 7U);
}

BOOST_AUTO_TEST_CASE(a_page_shows_what_was_mapped_there_in_its_mm) {
  reset(&MachineConfig::files, 2);
  reference->write(1, 2, 0, 5);
  reference->write(1, 3, 0, 6);
  reference->map(0, 0, 2, {.file = 1, .index = 2});
  BOOST_TEST(shows(0, 0, 5));
  BOOST_TEST(shows(0, 1, 6));
  BOOST_TEST(shows(0, 2, 0));
  BOOST_TEST(shows(1, 0, 0));
  reference->store(0, 1, 0, 0, 7);
  BOOST_TEST(reference->file_word(1, 3, 0) == 7U);
  BOOST_TEST(reference->file_word(0, 1, 0) == 0U);
}

BOOST_AUTO_TEST_CASE(write_protection_is_about_stores_alone) {
  BOOST_TEST(reference->may_store(0, 2));
  BOOST_TEST(!reference->may_refuse_store(0, 2));
  reference->begin_protect(0, 2, 1);
  BOOST_TEST(reference->may_store(0, 2));
  BOOST_TEST(reference->may_refuse_store(0, 2));
  reference->store(0, 2, 0, 0, 3);
  reference->end_protect(0, 2, 1);
  BOOST_TEST(!reference->may_store(0, 2));
  BOOST_TEST(reference->may_refuse_store(0, 2));
  BOOST_TEST(shows(0, 2, 3));
  // Other pages, and the same one of another mm, may still be written to.
  BOOST_TEST(!reference->may_refuse_store(0, 1));
  BOOST_TEST(!reference->may_refuse_store(1, 2));
  // What is protected already is in no transition again.
  reference->begin_protect(0, 1, 2);
  BOOST_TEST(!reference->may_store(0, 2));
  reference->map(0, 2, 1, {.file = 0, .index = 2});
  BOOST_TEST(reference->may_store(0, 2));
  BOOST_TEST(!reference->may_refuse_store(0, 2));
}

BOOST_AUTO_TEST_CASE(what_is_moved_shows_the_same_elsewhere_and_keeps_its_protection) {
  reference->store(0, 1, 0, 0, 5);
  reference->begin_unmap(0, 0, 2);
  reference->map(0, 6, 2, {.read_only = true, .file = 0, .index = 0});
  reference->end_unmap(0, 0, 2);
  BOOST_TEST(shows(0, 7, 5));
  BOOST_TEST(!reference->may_store(0, 7));
  BOOST_TEST(reference->may_refuse_store(0, 7));
  BOOST_TEST(shows_nothing(0, 1));
  BOOST_TEST(!reference->may_store(0, 1));
  reference->store(1, 1, 0, 0, 6);
  BOOST_TEST(shows(0, 7, 6));
}

BOOST_AUTO_TEST_CASE(in_transition_both_ways_are_right_and_then_only_the_new_one) {
  reference->store(0, 2, 0, 0, 3);
  BOOST_TEST(shows(0, 2, 3));
  reference->begin_unmap(0, 2, 1);
  BOOST_TEST(allows(0, 2, 0, 3));
  BOOST_TEST(!allows(0, 2, 0, 0));
  BOOST_TEST(reference->may_access(0, 2, 0));
  BOOST_TEST(reference->may_refuse(0, 0, 2));
  reference->end_unmap(0, 2, 1);
  BOOST_TEST(shows_nothing(0, 2));
  BOOST_TEST(!allows(0, 2, 0, 3));
  BOOST_TEST(shows(0, 1, 0));
  BOOST_TEST(shows(0, 3, 0));
  BOOST_TEST(shows(1, 2, 3));
  reference->map(0, 2, 1, {.file = 0, .index = 2});
  BOOST_TEST(shows(0, 2, 3));
}

BOOST_AUTO_TEST_CASE(in_transition_a_page_shows_its_file_as_it_is_now) {
  reference->begin_unmap(0, 2, 1);
  reference->store(0, 2, 0, 0, 4);
  BOOST_TEST(allows(0, 2, 0, 4));
  BOOST_TEST(shows(1, 2, 4));
  reference->write(0, 2, 0, 5);
  BOOST_TEST(allows(0, 2, 0, 5));
  BOOST_TEST(!allows(0, 2, 0, 4));
}

BOOST_AUTO_TEST_CASE(what_is_unmapped_stays_so_while_more_is_unmapped) {
  reference->begin_unmap(0, 1, 1);
  reference->end_unmap(0, 1, 1);
  reference->begin_unmap(0, 0, 3);
  BOOST_TEST(reference->may_access(0, 0, 0));
  BOOST_TEST(shows_nothing(0, 1));
  BOOST_TEST(reference->may_access(0, 2, 0));
}

BOOST_AUTO_TEST_CASE(what_is_mapped_anew_is_out_of_the_transition) {
  reference->write(0, 3, 0, 5);
  reference->begin_unmap(0, 0, 2);
  reference->map(0, 1, 1, {.file = 0, .index = 3});
  BOOST_TEST(shows(0, 1, 5));
  BOOST_TEST(!allows(0, 1, 0, 0));
  reference->end_unmap(0, 0, 2);
  BOOST_TEST(shows_nothing(0, 0));
  BOOST_TEST(shows(0, 1, 5));
}

BOOST_AUTO_TEST_CASE(a_store_after_the_unmapping_goes_where_the_page_led_to) {
  reference->begin_unmap(0, 2, 1);
  reference->end_unmap(0, 2, 1);
  reference->store(0, 2, 0, 0, 5);
  BOOST_TEST(!allows(0, 2, 0, 5));
  BOOST_TEST(shows(1, 2, 5));
  BOOST_TEST(reference->settled_word(0, 2, 0) == 5U);

  reset(&MachineConfig::mapped, 0);
  reference->store(0, 2, 0, 0, 6);
  for (int index = 0; index < config.pages; ++index) BOOST_TEST(reference->file_word(0, index, 0) == 0U);
}

BOOST_AUTO_TEST_CASE(a_write_call_owes_durability_from_its_return_on) {
  reference->write(0, 1, 0, 5);
  BOOST_TEST(reference->file_word(0, 1, 0) == 5U);
  BOOST_TEST(reference->settled_word(0, 1, 0) == 0U);
  reference->write_returned(0, 1);
  BOOST_TEST(reference->settled_word(0, 1, 0) == 5U);
  reference->write(0, 1, 0, 6);
  reference->store(0, 1, 0, 0, 7);  // later than the write's word, and settled at once
  reference->write_returned(0, 1);
  BOOST_TEST(reference->settled_word(0, 1, 0) == 7U);
}

BOOST_AUTO_TEST_CASE(a_write_call_owes_nothing_for_another_page) {
  reference->write(0, 1, 0, 5);
  reference->write_returned(0, 1);
  reference->write_returned(0, 2);  // had no memory, and wrote nothing
  BOOST_TEST(reference->settled_word(0, 2, 0) == 0U);
}

BOOST_AUTO_TEST_CASE(the_disk_has_what_was_settled_or_something_later) {
  reference->store(0, 1, 0, 0, 5);
  const std::uint32_t settled = reference->settled_word(0, 1, 0);
  reference->store(0, 1, 0, 0, 7);
  BOOST_TEST(!reference->allows_on_disk(0, 1, 0, 0, settled, 4));
  BOOST_TEST(reference->allows_on_disk(0, 1, 0, 0, settled, 5));
  BOOST_TEST(reference->allows_on_disk(0, 1, 0, 0, settled, 7));
  BOOST_TEST(!reference->allows_on_disk(0, 1, 0, 0, settled, 8));
}

// --- a page that was dropped while it was in use ---

// Page 1 of file 0 had the value 5 when it was dropped from frame 3, and has 6 now.
struct Dropped : TwoMms {
  Dropped() {
    reference->begin_operation(0);
    reference->write(0, 1, 0, 4);
    reference->write(0, 1, 0, 5);
    reference->begin_gather(2, 1);
    reference->clear_entry(2, 1, 5, 3);
    reference->drop(3, 0, 1);
    reference->begin_operation(1);
    reference->write(0, 1, 0, 6);
  }
  bool reads(int cpu, std::uint32_t value) const { return reference->allows_read(cpu, 0, 1, 0, 3, value); }
  bool loads(std::uint32_t value) const { return reference->allows(1, 5, 0, 3, value); }
};

BOOST_FIXTURE_TEST_CASE(a_read_that_began_before_may_see_what_the_page_was_then, Dropped) {
  BOOST_TEST(reads(0, 6));
  BOOST_TEST(reads(0, 5));
  BOOST_TEST(!reads(0, 4));
  BOOST_TEST(!reads(0, 7));
  BOOST_TEST(reads(1, 6));
  BOOST_TEST(!reads(1, 5));
  BOOST_TEST(!reference->allows_read(0, 0, 1, 0, 2, 5));  // from another frame
  BOOST_TEST(!reference->allows_read(0, 0, 2, 0, 3, 5));  // of another page
  BOOST_TEST(!reference->allows_read(0, 0, 1, 1, 3, 5));
  reference->begin_operation(0);
  BOOST_TEST(!reads(0, 5));
}

BOOST_FIXTURE_TEST_CASE(a_load_may_see_what_the_page_was_until_its_translation_is_flushed, Dropped) {
  BOOST_TEST(loads(6));
  BOOST_TEST(loads(5));
  BOOST_TEST(!loads(4));
  BOOST_TEST(!loads(7));
  BOOST_TEST(!reference->allows(1, 5, 0, 2, 5));  // from another frame
  BOOST_TEST(!reference->allows(1, 1, 0, 3, 5));  // of the same file page, whose entry is there
  BOOST_TEST(!reference->allows(0, 5, 0, 3, 5));  // in another mm
  reference->begin_gather(1, 1);                  // which has nothing to do with it
  reference->flush_gather(1);
  reference->end_gather(1);
  BOOST_TEST(loads(5));
  reference->flush_gather(2);
  BOOST_TEST(loads(6));
  BOOST_TEST(!loads(5));
}

BOOST_FIXTURE_TEST_CASE(a_gather_that_ends_has_nothing_to_be_flushed, Dropped) {
  reference->end_gather(2);
  BOOST_TEST(!loads(5));
  reference->begin_gather(2, 1);
  BOOST_TEST(!loads(5));
  reference->end_gather(2);
  reference->clear_entry(2, 1, 5, 3);  // page_mkclean, say
  BOOST_TEST(!loads(5));
}

BOOST_FIXTURE_TEST_CASE(a_copy_lives_as_long_as_its_frame, Dropped) {
  reference->free(3);
  BOOST_TEST(!loads(5));
  BOOST_TEST(!reads(0, 5));
  reference->drop(3, 0, 1);
  reference->write(0, 1, 0, 7);
  BOOST_TEST(loads(6));
  BOOST_TEST(reads(0, 6));
}

BOOST_FIXTURE_TEST_CASE(nothing_is_seen_late_in_what_is_unmapped, Dropped) {
  reference->begin_unmap(1, 5, 1);
  BOOST_TEST(loads(5));
  reference->end_unmap(1, 5, 1);
  BOOST_TEST(!loads(5));
}

// --- truncation and holes ---

BOOST_AUTO_TEST_CASE(what_is_beyond_the_end_is_refused_and_comes_back_as_zeros) {
  reference->store(0, 1, 0, 3, 5);
  reference->store(0, 2, 0, 2, 6);
  reference->begin_discard(0, 2, 2);
  BOOST_TEST(shows(0, 2, 6));
  reference->set_size(0, 2);
  BOOST_TEST(allows(0, 2, 0, 6));
  BOOST_TEST(reference->may_refuse(0, 0, 2));
  reference->end_discard(0);
  BOOST_TEST(shows_nothing(0, 2));
  BOOST_TEST(shows_nothing(1, 7));
  BOOST_TEST(shows(0, 1, 5));
  reference->set_size(0, 3);
  reference->fault(0);
  BOOST_TEST(shows(0, 2, 0));
  BOOST_TEST(reference->settled_word(0, 2, 0) == 0U);
  BOOST_TEST(shows_nothing(0, 3));
}

BOOST_AUTO_TEST_CASE(who_faulted_while_the_page_was_beyond_the_end_may_be_refused) {
  reference->set_size(0, 2);
  reference->fault(0);
  reference->set_size(0, 3);
  reference->fault(1);
  BOOST_TEST(reference->may_refuse(0, 0, 2));
  BOOST_TEST(!reference->may_refuse(1, 0, 2));
  BOOST_TEST(!reference->may_refuse(0, 0, 1));
}

BOOST_AUTO_TEST_CASE(a_hole_is_zeros_in_the_range_alone) {
  reset(&MachineConfig::files, 2);
  for (const int page : {0, 1, 2, 5}) reference->store(0, page, 0, 0, 5);
  reference->begin_discard(0, 1, 1);
  reference->end_discard(0);
  BOOST_TEST(shows(0, 1, 0));
  for (const int page : {0, 2, 5}) BOOST_TEST(shows(0, page, 5));
}

namespace {

// Page 1 of the file, in frame 3, has the value 5, and a write() of 6 that has not returned. It is being discarded.
struct Discarded : TwoMms {
  Discarded() {
    reference->store(1, 5, 0, 3, 5);
    reference->write(0, 1, 1, 6);
    reference->begin_discard(0, 1, 1);
  }
  bool loads(std::uint32_t value) const { return reference->allows(1, 5, 0, 3, value); }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(it_becomes_zeros_when_its_frame_leaves_the_page_cache, Discarded) {
  reference->begin_operation(0);
  BOOST_TEST(loads(5));
  reference->drop(3, 0, 1);
  BOOST_TEST(shows(1, 5, 0));
  BOOST_TEST(!loads(5));
  BOOST_TEST(!loads(0));  // what leads to the frame should be gone
  BOOST_TEST(reference->allows_read(0, 0, 1, 0, 3, 5));
  reference->end_discard(0);
  BOOST_TEST(reference->allows_read(0, 0, 1, 0, 3, 5));
  reference->begin_operation(0);
  BOOST_TEST(!reference->allows_read(0, 0, 1, 0, 3, 5));
  reference->write_returned(0, 1);
  BOOST_TEST(reference->settled_word(0, 1, 1) == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_store_to_the_copy_changes_nothing_else, Discarded) {
  reference->begin_gather(2, 1);
  reference->clear_entry(2, 1, 5, 3);
  reference->drop(3, 0, 1);
  BOOST_TEST(reference->may_access(1, 5, 3));
  BOOST_TEST(!reference->may_access(0, 5, 3));  // which nobody flushes late
  reference->store(1, 5, 0, 3, 7);
  BOOST_TEST(loads(7));
  BOOST_TEST(!loads(5));
  BOOST_TEST(reference->file_word(0, 1, 0) == 0U);
  reference->end_discard(0);
  reference->store(1, 5, 0, 4, 8);
  BOOST_TEST(reference->file_word(0, 1, 0) == 8U);
  reference->flush_gather(2);
  BOOST_TEST(!reference->may_access(1, 5, 3));
  reference->free(3);
  BOOST_TEST(reference->may_access(1, 5, 3));
}

BOOST_FIXTURE_TEST_CASE(nobody_owes_what_was_discarded_since, Discarded) {
  const Reference::Moment began = reference->now();
  BOOST_TEST(reference->allows_on_disk(0, 1, 0, began, 5, 9));
  reference->end_discard(0);
  BOOST_TEST(reference->allows_on_disk(0, 1, 0, began, 5, 0));
  BOOST_TEST(!reference->allows_on_disk(0, 1, 0, began, 5, 5));
  reference->store(1, 5, 0, 4, 7);
  BOOST_TEST(reference->allows_on_disk(0, 1, 0, began, 5, 0));
  BOOST_TEST(!reference->allows_on_disk(0, 1, 0, reference->now(), 7, 0));
}

BOOST_AUTO_TEST_CASE(nothing_is_mapped_if_the_machine_says_so) {
  reset(&MachineConfig::mapped, 0);
  BOOST_TEST(shows_nothing(0, 0));
  BOOST_TEST(shows_nothing(1, 7));
}

// --- private mappings ---

// Pages 4 to 7 of mm 0 are private, of file 0, in which page 1 has the value 5; frame 1 has it, and frame 9 the copy.
struct Private : TwoMms {
  Private() {
    reference->store(0, 1, 0, 1, 5);
    reference->map(0, 4, 4, {.is_private = true, .file = 0, .index = 0});
  }
  void copy() {
    for (const int word : {0, 1}) reference->copy_word(1, 0, 1, 9, word);
  }
  void install(int page = 5) {
    reference->set_entry(0, 0, page);
    reference->show_frame(0, page, 9);
  }
  bool loads(std::uint32_t value, int frame = 9) const { return reference->allows(0, 5, 0, frame, value); }
};

BOOST_FIXTURE_TEST_CASE(a_private_page_shows_its_file_until_there_is_a_copy, Private) {
  BOOST_TEST(loads(5));
  reference->store(0, 1, 0, 1, 6);
  BOOST_TEST(loads(6));
  BOOST_TEST(!loads(5));
  copy();
  reference->store(0, 1, 0, 1, 7);
  BOOST_TEST(loads(7));
  install();
  BOOST_TEST(loads(6));  // what was copied
  BOOST_TEST(!loads(7));
  reference->store(0, 5, 0, 9, 8);
  BOOST_TEST(loads(8));
  BOOST_TEST(allows(0, 1, 0, 7));  // the file has not changed
  BOOST_TEST(allows(1, 5, 0, 7));
}

BOOST_FIXTURE_TEST_CASE(a_copy_that_is_not_installed_is_none, Private) {
  copy();
  reference->free(9);
  reference->store(0, 1, 0, 1, 6);
  install();
  BOOST_TEST(loads(6));
}

BOOST_FIXTURE_TEST_CASE(a_store_never_changes_the_file, Private) {
  reference->store(0, 5, 1, 1, 9);  // without a copy
  BOOST_TEST(allows(0, 5, 1, 9));
  BOOST_TEST(allows(0, 5, 0, 5));
  BOOST_TEST(allows(0, 1, 1, 0));
  BOOST_TEST(reference->file_word(0, 1, 1) == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_copy_of_a_page_that_was_dropped_is_what_that_was, Private) {
  reference->drop(1, 0, 1);
  reference->write(0, 1, 0, 6);
  reference->copy_word(1, -1, -1, 9, 0);
  install();
  BOOST_TEST(loads(5));
  BOOST_TEST(!loads(6));
}

// CPU 2 zaps an entry that leads to the page of the file; before it flushes, somebody stores, and so makes a copy.
BOOST_FIXTURE_TEST_CASE(what_is_behind_a_new_copy_is_seen_until_the_flush, Private) {
  reference->begin_gather(2, 0);
  reference->begin_zap(2);
  reference->clear_entry(2, 0, 5, 1);
  copy();
  install();
  reference->store(0, 5, 0, 9, 8);
  BOOST_TEST(loads(8));
  BOOST_TEST(loads(5, 1));
  BOOST_TEST(!loads(5));     // from the copy
  BOOST_TEST(!loads(6, 1));  // that never was there
  reference->drop(1, 0, 1);
  reference->write(0, 1, 0, 6);
  BOOST_TEST(loads(5, 1));
  reference->flush_gather(2);
  BOOST_TEST(!loads(5, 1));
  BOOST_TEST(loads(8));
}

// CPU 2 zaps: what is behind the entry that it takes out is thrown away, and seen late through old translations alone.
BOOST_FIXTURE_TEST_CASE(what_is_zapped_is_the_files_again, Private) {
  copy();
  install();
  reference->store(0, 5, 0, 9, 8);
  reference->begin_gather(2, 0);
  reference->begin_zap(2);
  BOOST_TEST(loads(8));
  reference->clear_entry(2, 0, 5, 9);
  BOOST_TEST(loads(5, 1));
  BOOST_TEST(!loads(8, 1));
  BOOST_TEST(loads(8));
  reference->store(0, 5, 0, 9, 10);
  BOOST_TEST(loads(10));
  BOOST_TEST(loads(5, 1));
  reference->flush_gather(2);
  reference->end_zap(2);
  BOOST_TEST(!reference->may_access(0, 5, 9));
  BOOST_TEST(reference->may_access(0, 5, 1));
  BOOST_TEST(loads(5, 1));
}

// CPU 1 zaps the same, after CPU 2 and before that has flushed.
BOOST_FIXTURE_TEST_CASE(who_zaps_too_waits_for_the_flush_of_who_came_first, Private) {
  copy();
  install();
  reference->store(0, 5, 0, 9, 8);
  reference->begin_gather(2, 0);
  reference->begin_zap(2);
  reference->clear_entry(2, 0, 5, 9);
  reference->begin_gather(1, 0);
  reference->begin_zap(1);
  reference->zap_range(1, 0, 4, 2);
  BOOST_TEST(loads(8));
  reference->end_gather(1);
  BOOST_TEST(!reference->may_access(0, 5, 9));
  BOOST_TEST(loads(5, 1));
}

BOOST_FIXTURE_TEST_CASE(nobody_waits_for_the_flush_of_who_comes_later_or_elsewhere, Private) {
  copy();
  install();
  reference->store(0, 5, 0, 9, 8);
  reference->begin_gather(2, 0);
  reference->begin_zap(2);
  reference->begin_gather(1, 0);
  reference->begin_zap(1);
  reference->zap_range(1, 0, 4, 2);
  reference->clear_entry(2, 0, 5, 9);
  reference->end_gather(1);
  BOOST_TEST(loads(8));
  reference->begin_gather(1, 0);
  reference->zap_range(1, 0, 4, 1);
  reference->end_gather(1);
  BOOST_TEST(loads(8));
}

BOOST_FIXTURE_TEST_CASE(an_entry_that_is_cleared_otherwise_throws_nothing_away, Private) {
  copy();
  install();
  reference->store(0, 5, 0, 9, 8);
  reference->clear_entry(2, 0, 5, 9);
  BOOST_TEST(loads(8));
  install();
  BOOST_TEST(loads(8));
}

BOOST_FIXTURE_TEST_CASE(truncation_throws_copies_away_and_a_hole_does_not, Private) {
  copy();
  install();
  reference->store(0, 5, 0, 9, 8);
  reference->begin_discard(0, 1, 1);
  BOOST_TEST(!reference->may_be_gone(0, 5));
  reference->end_discard(0);
  BOOST_TEST(loads(8));
  BOOST_TEST(allows(0, 1, 0, 0));
  reference->set_size(0, 1);
  BOOST_TEST(!reference->may_be_gone(0, 5));
  reference->begin_discard(0, 1, 3);
  BOOST_TEST(reference->may_be_gone(0, 5));
  BOOST_TEST(loads(8));
  reference->end_discard(0);
  BOOST_TEST(!reference->may_access(0, 5, 9));
  BOOST_TEST(reference->may_refuse(0, 0, 5));
  reference->set_size(0, 4);
  reference->fault(0);
  BOOST_TEST(loads(0, 2));
  BOOST_TEST(!loads(8, 2));
}

BOOST_FIXTURE_TEST_CASE(anonymous_memory_is_zeros_and_has_no_end, Private) {
  reference->map(0, 4, 4, {.is_private = true, .is_anonymous = true, .file = -1, .index = -1});
  BOOST_TEST(loads(0));
  BOOST_TEST(!loads(5));
  reference->store(0, 5, 0, 9, 6);
  BOOST_TEST(loads(6));
  reference->set_size(0, 1);
  reference->begin_discard(0, 1, 3);
  reference->end_discard(0);
  BOOST_TEST(loads(6));
  BOOST_TEST(!reference->may_refuse(0, 0, 5));
  reference->begin_zap(2);
  reference->clear_entry(2, 0, 5, 9);
  BOOST_TEST(loads(0, 3));
  // The frame of zeros is nobody's copy: it is shown again at once.
  reference->show_frame(0, 5, 9);
  BOOST_TEST(loads(0));
}

BOOST_FIXTURE_TEST_CASE(what_is_freed_lazily_may_be_thrown_away_until_it_is_written_to, Private) {
  reference->map(0, 4, 4, {.is_private = true, .is_anonymous = true, .file = -1, .index = -1});
  const auto writes = [&](std::uint32_t value) {
    reference->store(0, 5, 0, 9, value);
    reference->show_frame(0, 5, 9);
  };
  writes(6);
  reference->begin_free(0, 4, 4);
  reference->end_free(0, 4, 4);
  BOOST_TEST(loads(6));
  BOOST_TEST(!loads(0));
  reference->show_frame(0, 5, 3);
  BOOST_TEST(loads(0, 3));
  BOOST_TEST(!loads(6, 3));
  writes(7);
  reference->begin_free(0, 4, 4);
  reference->end_free(0, 4, 4);
  writes(8);
  reference->show_frame(0, 5, 3);
  BOOST_TEST(loads(8, 3));
}

BOOST_FIXTURE_TEST_CASE(what_is_in_swap_space_is_there_until_it_is_zapped, Private) {
  copy();
  install();
  reference->store(0, 5, 0, 9, 8);
  reference->swap_out(9, 1);
  reference->clear_entry(0, 0, 5, 9);
  reference->free(9);
  reference->swap_in(1, 10);
  // The entry goes when the page has been read in.
  reference->clear_absent(0, 0, 5);
  reference->show_frame(0, 5, 10);
  BOOST_TEST(loads(8, 10));
  BOOST_TEST(!loads(5, 10));
  reference->copy_word(10, -1, -1, 11, 0);
  reference->show_frame(0, 5, 11);
  BOOST_TEST(loads(8, 11));
  reference->begin_zap(2);
  reference->clear_absent(2, 0, 5);
  BOOST_TEST(loads(5, 1));
  BOOST_TEST(!loads(8, 1));
}

BOOST_FIXTURE_TEST_CASE(what_is_private_moves_with_its_mapping, Private) {
  copy();
  install();
  reference->store(0, 5, 0, 9, 8);
  reference->begin_unmap(0, 5, 1);
  reference->map(0, 0, 1, {.is_private = true, .file = 0, .index = 1, .moved_from = 5});
  BOOST_TEST(loads(8));
  BOOST_TEST(allows(0, 0, 0, 8));
  reference->end_unmap(0, 5, 1);
  BOOST_TEST(shows_nothing(0, 5));
  reference->store(0, 0, 0, 9, 11);
  BOOST_TEST(allows(0, 0, 0, 11));
  // To be written to again it stays where it is.
  reference->map(0, 0, 1, {.is_private = true, .file = 0, .index = 1, .moved_from = 0});
  BOOST_TEST(allows(0, 0, 0, 11));
}

// --- forks ---

// mm 0 has a copy of its own at page 5, in frame 9, and forks mm 1. Frame 10 is free.
struct Forking : Private {
  Forking() {
    copy();
    install();
    reference->store(0, 5, 0, 9, 8);
    reference->begin_fork(0, 1);
    reference->map(1, 4, 4, {.is_private = true, .file = 0, .index = 0});
    reference->set_entry(0, 1, 5);
    reference->show_frame(1, 5, 9);
  }
  bool child_loads(std::uint32_t value, int frame = 9) const { return reference->allows(1, 5, 0, frame, value); }
};

BOOST_FIXTURE_TEST_CASE(a_child_shows_what_its_parent_does_and_no_more, Forking) {
  BOOST_TEST(child_loads(8));
  BOOST_TEST(reference->is_mapped(1, 4));
  BOOST_TEST(!reference->is_mapped(1, 0));  // the fork has not come to it yet
  reference->map(1, 0, 4, {.file = 0, .index = 0});
  reference->end_fork(0, 1);
  BOOST_TEST(reference->allows(1, 1, 0, 1, 5));
  // What its parent has not copied is its file's.
  reference->store(0, 2, 0, 2, 9);
  BOOST_TEST(reference->allows(1, 6, 0, 2, 9));
}

BOOST_FIXTURE_TEST_CASE(a_store_while_it_forks_is_to_both, Forking) {
  reference->store(0, 5, 0, 9, 10);
  BOOST_TEST(loads(10));
  BOOST_TEST(child_loads(10));
  reference->end_fork(0, 1);
  reference->store(0, 5, 0, 9, 11);  // no kernel may let it do so through the old frame
  BOOST_TEST(loads(11));
  BOOST_TEST(!child_loads(11));
  BOOST_TEST(child_loads(10));
}

BOOST_FIXTURE_TEST_CASE(a_copy_of_what_is_shared_is_what_its_frame_holds, Forking) {
  reference->end_fork(0, 1);
  reference->copy_word(9, -1, -1, 10, 0);
  reference->show_frame(0, 5, 10);
  BOOST_TEST(loads(8, 10));
  reference->store(0, 5, 0, 10, 11);
  BOOST_TEST(loads(11, 10));
  BOOST_TEST(child_loads(8));
  reference->store(1, 5, 0, 9, 12);
  BOOST_TEST(child_loads(12));
  BOOST_TEST(loads(11, 10));
}

BOOST_FIXTURE_TEST_CASE(what_the_parent_throws_away_the_child_keeps, Forking) {
  reference->end_fork(0, 1);
  reference->begin_gather(2, 0);
  reference->begin_zap(2);
  reference->clear_entry(2, 0, 5, 9);
  reference->flush_gather(2);
  reference->end_zap(2);
  BOOST_TEST(loads(5, 1));
  BOOST_TEST(child_loads(8));
  reference->store(1, 5, 0, 9, 12);
  BOOST_TEST(child_loads(12));
  // And what is copied from the frame then is the child's.
  reference->copy_word(9, -1, -1, 10, 0);
  reference->show_frame(1, 5, 10);
  BOOST_TEST(child_loads(12, 10));
}

// The parent has not flushed it yet when the child does the same.
BOOST_FIXTURE_TEST_CASE(what_both_throw_away_is_there_until_it_is_flushed, Forking) {
  reference->end_fork(0, 1);
  for (const int mm : {0, 1}) {
    const int cpu = 1 + mm;
    reference->begin_gather(cpu, mm);
    reference->begin_zap(cpu);
    reference->clear_entry(cpu, mm, 5, 9);
    BOOST_TEST(loads(8));
    BOOST_TEST(child_loads(8));
    BOOST_TEST(!loads(7));
  }
  reference->flush_gather(2);
  BOOST_TEST(!child_loads(8));
  BOOST_TEST(loads(8));
  reference->flush_gather(1);
  BOOST_TEST(!loads(8));
}

// --- devices ---

BOOST_AUTO_TEST_CASE(what_a_device_writes_is_seen_at_once_and_owed_when_it_returns) {
  dma(3, 0, 1, 0, 7);
  BOOST_TEST(allows(1, 5, 0, 7));
  BOOST_TEST(reference->settled_word(0, 1, 0) == 0U);
  reference->dma_returned(1, 0, 1, 0, 7);
  BOOST_TEST(reference->settled_word(0, 1, 0) == 7U);
}

BOOST_AUTO_TEST_CASE(what_a_device_writes_goes_with_the_page_unless_it_was_saved_or_the_device_has_returned) {
  reference->store(0, 1, 0, 3, 5);
  reference->save(0, 1, 0, 5);
  dma(3, 0, 1, 0, 7);
  reference->drop(3, 0, 1);
  BOOST_TEST(allows(0, 1, 0, 5));
  dma(3, -1, -1, 0, 8);
  reference->dma_returned(1, 0, 1, 0, 8);
  BOOST_TEST(allows(0, 1, 0, 5));
  BOOST_TEST(reference->settled_word(0, 1, 0) == 5U);

  dma(4, 0, 1, 0, 9);
  reference->dma_returned(1, 0, 1, 0, 9);
  reference->drop(4, 0, 1);
  BOOST_TEST(allows(0, 1, 0, 9));
}

BOOST_AUTO_TEST_CASE(who_stores_where_a_device_has_written_is_owed_it) {
  dma(3, 0, 1, 0, 7);
  reference->store(0, 1, 0, 3, 8);
  reference->drop(3, 0, 1);
  BOOST_TEST(allows(0, 1, 0, 8));
  dma(4, 0, 1, 0, 9);
  reference->write(0, 1, 0, 10);
  reference->drop(4, 0, 1);
  BOOST_TEST(allows(0, 1, 0, 10));
}

BOOST_AUTO_TEST_CASE(of_what_was_discarded_a_device_owes_nothing) {
  dma(3, 0, 1, 0, 7);
  reference->begin_discard(0, 1, 1);
  reference->drop(3, 0, 1);
  reference->free(3);
  reference->end_discard(0);
  reference->dma_returned(1, 0, 1, 0, 7);
  BOOST_TEST(allows(0, 1, 0, 0));
  BOOST_TEST(reference->settled_word(0, 1, 0) == 0U);
}

BOOST_AUTO_TEST_CASE(a_device_writes_to_what_an_mm_has_of_its_own) {
  reference->map(0, 1, 1, {.is_private = true, .is_anonymous = true});
  reference->show_frame(0, 1, 3);
  dma(3, -1, -1, 0, 7);
  BOOST_TEST(allows(0, 1, 0, 7));
  // The frame is pinned, and is the mm's no more.
  reference->map(0, 1, 1, {.is_private = true, .is_anonymous = true});
  dma(3, -1, -1, 0, 8);
  BOOST_TEST(allows(0, 1, 0, 0));
}

// A fork has shared the page all the same, and the mm has stored to it: that copy is what the device should write to.
BOOST_FIXTURE_TEST_CASE(what_is_pinned_stays_its_mms_whatever_frame_is_put_there, Forking) {
  reference->begin_pin(1, 0, 5);
  reference->end_fork(0, 1);
  reference->copy_word(9, -1, -1, 10, 0);
  reference->show_frame(0, 5, 10);
  reference->dma(1, {.mm = 0, .page = 5, .frame = 9}, 0, 12);
  BOOST_TEST(loads(12, 10));
  BOOST_TEST(child_loads(8));

  // Another CPU has pinned nothing.
  reference->dma(0, {.mm = 0, .page = 5, .frame = 9}, 0, 13);
  BOOST_TEST(loads(12, 10));
}

BOOST_FIXTURE_TEST_CASE(of_what_is_pinned_nothing_is_promised_when_it_has_been_thrown_away, Forking) {
  reference->end_fork(0, 1);
  const auto device_writes = [&](std::uint32_t value) {
    reference->dma(1, {.mm = 0, .page = 5, .frame = 9}, 0, value);
  };
  reference->begin_pin(1, 0, 5);
  reference->begin_zap(0);
  reference->clear_entry(0, 0, 5, 9);
  reference->end_zap(0);
  device_writes(12);
  BOOST_TEST(!loads(12, 10));

  reference->begin_pin(1, 0, 5);
  reference->map(0, 5, 1, {.is_private = true, .file = 0, .index = 1});
  device_writes(13);
  BOOST_TEST(!loads(13, 10));
}

// The child has what was there; what the mm has of its own from now on is where it has moved to as well as where it was.
BOOST_FIXTURE_TEST_CASE(what_has_moved_is_one_page_when_it_is_stored_to, Forking) {
  reference->end_fork(0, 1);
  reference->map(0, 0, 1, {.is_private = true, .file = 0, .index = 1, .moved_from = 5});
  reference->dma(1, {.mm = 0, .page = 5, .frame = 9}, 0, 12);
  BOOST_TEST(loads(12));
  BOOST_TEST(allows(0, 0, 0, 12));
  BOOST_TEST(!allows(0, 0, 0, 8));
  BOOST_TEST(child_loads(8));
  reference->store(0, 0, 0, 9, 13);
  BOOST_TEST(loads(13));
}

BOOST_FIXTURE_TEST_CASE(a_pin_ends_with_its_operation, Forking) {
  reference->begin_pin(1, 0, 5);
  reference->end_fork(0, 1);
  reference->copy_word(9, -1, -1, 10, 0);
  reference->show_frame(0, 5, 10);
  reference->begin_operation(1);
  reference->dma(1, {.mm = 0, .page = 5, .frame = 9}, 0, 12);
  BOOST_TEST(!loads(12, 10));
}

// Whether it was pinned before that nobody knows: it may be what has been mapped there since.
BOOST_FIXTURE_TEST_CASE(what_moves_before_it_is_pinned_is_not_pinned, Forking) {
  reference->end_fork(0, 1);
  reference->begin_pin(1, 0, 5);
  reference->map(0, 6, 1, {.is_private = true, .file = 0, .index = 1, .moved_from = 5});
  reference->show_frame(0, 6, 9);
  reference->map(0, 5, 1, {.file = 0, .index = 1});
  reference->dma(1, {.mm = 0, .page = 5, .frame = 1, .file = 0, .index = 1}, 0, 12);
  BOOST_TEST(reference->allows(0, 5, 0, 1, 12));
  BOOST_TEST(!reference->allows(0, 6, 0, 9, 12));
  // What was pinned at the old place is at the new one.
  reference->dma(1, {.mm = 0, .page = 5, .frame = 9}, 0, 13);
  BOOST_TEST(reference->allows(0, 6, 0, 9, 13));
}

BOOST_AUTO_TEST_CASE(what_a_device_writes_after_a_fork_the_child_has_not) {
  reference->map(0, 1, 1, {.is_private = true, .is_anonymous = true});
  reference->begin_fork(0, 1);
  reference->map(1, 1, 1, {.is_private = true, .is_anonymous = true});
  reference->end_fork(0, 1);
  reference->show_frame(0, 1, 3);
  dma(3, -1, -1, 0, 7);
  BOOST_TEST(allows(0, 1, 0, 7));
  BOOST_TEST(allows(1, 1, 0, 0));
}

BOOST_AUTO_TEST_CASE(a_pin_is_refused_where_there_was_nothing_or_nothing_to_be_written_since_the_operation_began) {
  reference->begin_operation(1);
  BOOST_TEST(!reference->may_refuse_pin(1, 0, 1));
  reference->set_size(0, 1);
  BOOST_TEST(reference->may_refuse_pin(1, 0, 1));
  reference->set_size(0, 4);
  BOOST_TEST(reference->may_refuse_pin(1, 0, 1));
  reference->begin_operation(1);
  BOOST_TEST(!reference->may_refuse_pin(1, 0, 1));
  reference->begin_protect(0, 1, 1);
  BOOST_TEST(reference->may_refuse_pin(1, 0, 1));
  reference->begin_unmap(0, 2, 1);
  BOOST_TEST(reference->may_refuse_pin(1, 0, 2));
}

// The child has moved the page, thrown it away at the new place, and mapped something else there.
BOOST_FIXTURE_TEST_CASE(a_store_to_what_another_mm_has_thrown_away_is_not_lost, Forking) {
  reference->end_fork(0, 1);
  reference->map(1, 6, 1, {.is_private = true, .file = 0, .index = 1, .moved_from = 5});
  reference->show_frame(1, 6, 9);
  reference->begin_zap(1);
  reference->clear_entry(1, 1, 6, 9);
  reference->end_zap(1);
  reference->map(1, 6, 1, {.file = 0, .index = 2});
  reference->store(0, 5, 0, 9, 12);
  BOOST_TEST(loads(12));
  reference->store(0, 5, 0, 9, 13);
  BOOST_TEST(loads(13));
}

// --- poison ---

BOOST_AUTO_TEST_CASE(what_is_poisoned_shows_nothing_until_it_is_thrown_away) {
  reference->map(0, 4, 2, {.is_private = true, .is_anonymous = true});
  reference->store(0, 4, 0, 3, 7);
  reference->poison(0, 4);
  BOOST_TEST(shows_nothing(0, 4));
  BOOST_TEST(shows(0, 5, 0));
  // Nobody has thrown anything away.
  reference->clear_poison(0, 0, 4);
  BOOST_TEST(shows_nothing(0, 4));
  reference->begin_zap(0);
  reference->clear_poison(0, 0, 4);
  reference->end_zap(0);
  BOOST_TEST(shows(0, 4, 0));
}

BOOST_AUTO_TEST_CASE(what_is_freed_lazily_or_moves_is_not_poisoned_any_more) {
  reference->map(0, 4, 2, {.is_private = true, .is_anonymous = true});
  reference->poison(0, 4);
  reference->begin_free(0, 4, 1);
  reference->clear_poison(0, 0, 4);
  reference->end_free(0, 4, 1);
  BOOST_TEST(shows(0, 4, 0));
  reference->poison(0, 5);
  reference->begin_unmap(0, 5, 1);
  reference->map(0, 6, 1, {.is_private = true, .is_anonymous = true, .moved_from = 5});
  reference->clear_poison(0, 0, 5);
  reference->poison(0, 6);
  reference->end_unmap(0, 5, 1);
  BOOST_TEST(shows_nothing(0, 5));
  BOOST_TEST(shows_nothing(0, 6));
}

BOOST_AUTO_TEST_CASE(a_child_may_not_use_what_its_parent_may_not) {
  reference->map(0, 4, 2, {.is_private = true, .is_anonymous = true});
  reference->poison(0, 4);
  reference->begin_fork(0, 1);
  reference->map(1, 4, 2, {.is_private = true, .is_anonymous = true});
  reference->end_fork(0, 1);
  BOOST_TEST(shows_nothing(1, 4));
  BOOST_TEST(shows(1, 5, 0));
  reference->begin_zap(0);
  reference->clear_poison(0, 0, 4);
  BOOST_TEST(shows(0, 4, 0));
  BOOST_TEST(shows_nothing(1, 4));
}

BOOST_AUTO_TEST_SUITE_END()
