// The picture of a run: exact for small known runs, and for many random ones in words throughout, true, and in its
// bounds.
#include "fuzz/trace/trace.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "engine/run/simulation.h"
#include "engine/zap/engines.h"
#include "fuzz/language/codec.h"
#include "fuzz/language/text.h"
#include "fuzz/trace/columns.h"
#include "fuzz/trace/narrator.h"
#include "oracles/judge.h"
#include "test/documents.h"
#include "test/output.h"
#include "test/world.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(trace)

namespace {

// One kernel for all tests: it is large.
template <typename AnObserver>
struct Runner {
  explicit Runner(std::string_view engine)
      : observer(std::make_unique<AnObserver>()), simulation(*find_engine(engine), *observer) {}

  std::unique_ptr<AnObserver> observer;
  Simulation simulation;
};

Program program_of(std::string_view text) {
  const auto parsed = parse(text);
  const auto* const error = std::get_if<ParseError>(&parsed);
  if (error != nullptr) BOOST_FAIL(error->format("text"));
  return std::get<Document>(parsed).program;
}

std::string picture(std::string_view text, const TraceOptions& options, std::string_view engine = "eager_dirty") {
  const Program program = program_of(text);
  Runner<Judge> runner(engine);
  Trace trace;
  runner.simulation.run(program, &trace);
  return render_trace(program, trace, runner.observer->report(), options);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The text between the fences of a Markdown document's code block with this number, from 0.
std::string_view code_block(std::string_view document, int number) {
  constexpr std::string_view fence = "```\n";
  std::size_t begin = 0;
  std::size_t end = 0;
  for (int i = 0; i <= number; ++i) {
    begin = document.find(fence, i == 0 ? 0 : end + fence.size());
    BOOST_REQUIRE(begin != std::string_view::npos);
    begin += fence.size();
    end = document.find(fence, begin);
    BOOST_REQUIRE(end != std::string_view::npos);
  }
  return document.substr(begin, end - begin);
}

// Random programs on small machines: large files make long runs, but no other steps.
Program random_program(std::mt19937& random) {
  std::vector<std::uint8_t> bytes(4 * (5 + random() % 60));
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  Program program;
  decode(bytes, program);
  const auto pages = static_cast<std::uint16_t>(1 + random() % 3);
  program.machine.pages = pages;
  for (Operation& operation : program.operations) {
    Operand& place = operation.operands[0];
    place.value %= pages;
    if (place.count != 0) place.count = static_cast<std::uint16_t>(pages - place.value);
  }
  for (Exception& exception : exceptions_of(program)) exception.page %= pages;
  return program;
}

// The steps at which user programs made an access that the page table did not allow, or through a TLB entry of an
// earlier life of the frame. As the world has it, whatever the event says.
class StaleAccesses final : public Observer {
 public:
  EventSet watches() const override { return EventSet::of(EventList<event::RunBegins, event::UserAccess>{}); }

  void happened(const EventView& event, const World& world) override {
    if (event.is<event::RunBegins>()) return steps.clear();
    const auto access = event.as<event::UserAccess>();
    if (access.access == Access::fault) return;
    const EntryFact entry = world.entry(static_cast<int>(access.mm), static_cast<int>(access.page));
    const bool allowed =
        entry.present() && entry.frame() == access.frame && (access.store == 0 || (entry.write() && entry.dirty()));
    if (!allowed || is_of_earlier_life(world, event.cpu, access.page)) steps.insert(event.step - 1);
  }

  std::set<std::uint64_t> steps;

 private:
  static bool is_of_earlier_life(const World& world, int cpu, Fact page) {
    for (int i = 0; i < world.tlb_size(cpu); ++i) {
      const TlbFact entry = world.tlb_entry(cpu, i);
      if (entry.page == page && entry.lives_ago != 0) return true;
    }
    return false;
  }
};

// What an event that somebody makes up is told as.
template <typename E>
std::string words(const E& event, const MachineConfig& machine = {}) {
  return narrate(AnyEvent(EventView(1, 0, event)), machine).text;
}

constexpr EntryFact entry_to(Fact frame, Fact bits) {
  return {frame << EntryFact::frame_shift | EntryFact::present_bit | bits};
}

constexpr std::string_view lost_write =
    "shootdown 2\n"
    "cpu 0: store page 0 word 0\n"
    "cpu 1: dontneed page 0\n"
    "  after remove rmap of page 0 switch to cpu 2\n"
    "cpu 2: fsync page 0\n"
    "cpu 0: store page 0 word 0\n";

constexpr std::string_view read_and_exit =
    "shootdown 2\n"
    "machine cpus 2, pages 1, words 1\n"
    "cpu 0: read page 0\n"
    "  after 3 steps switch to cpu 1\n";

constexpr std::string_view one_store =
    "shootdown 2\n"
    "machine cpus 1, pages 1, words 1, buffers 0\n"
    "cpu 0: store page 0 word 0\n"
    "cpu 0: store page 0 word 0\n";

}  // namespace

BOOST_AUTO_TEST_CASE(short_picture_is_exact) {
  const std::string expected =
      R"(step  cpu 0                                     cpu 1                                 cpu 2
      store page 0 word 0
   0    store page 0: fault, pte is none
   6    add frame 0 to page cache: page 0
   8    read frame 0 from disk: 0 0
  14    set PG_dirty of frame 0
  21    add rmap of frame 0: mapcount 1
  22    set pte 0: frame 0 W A D
  24    set PG_dirty of frame 0 (was set)
  27    store page 0: page walk, writes 1 to
          frame 0
                                                dontneed page 0
  32                                              clear pte 0: was frame 0 W A D
  33                                              set PG_dirty of frame 0 (was set)
  35                                              remove rmap of frame 0: mapcount 0
      *** dirty-unmapped: the last rmap of page frame 0 is removed while cpu 0 can write to it through virtual page 0
                                                                                      fsync page 0
  47                                                                                    frame 0 not mapped: skip mkclean
  48                                                                                    clear PG_dirty of frame 0
  54                                                                                    write frame 0 word 0 to disk: 1
  55                                                                                    write frame 0 word 1 to disk: 0
  57                                                                                    clear PG_writeback of frame 0
      store page 0 word 0
  61    store page 0: TLB hit, writes 2 to
          frame 0 (stale: the pte is gone)
  62                                              queue frame 0
  64                                              send IPI to cpu 0, 2
  65                                              flush TLB: page 0
                                                  wait for cpu 0, 2 to flush
  66    take IPI from cpu 1
  67    flush TLB: page 0
  68                                                                                    take IPI from cpu 1
  69                                                                                    flush TLB: page 0
  71                                              put frame 0: refcount 2
      *** lost-dirty-data: page 0 of file 0 is let go of clean, but its word 0 is 2 in memory and 1 on the disk
      thread exit
                                                thread exit
                                                                                      thread exit
  88                                                                                    unhook page table
  91                                                                                    send IPI to cpu 0, 1
  92    take IPI from cpu 2
  93    flush whole TLB
  94                                              take IPI from cpu 2
  95                                              flush whole TLB
  96                                                                                    flush whole TLB
                                                                                      final sync
 103                                                                                    no page tagged towrite: done
 104                                                                                    no page tagged writeback
      *** fsync-durability: fsync by cpu 2 returns, but the disk has 1 in page 0 word 0 of file 0, where 2 had been
        written before it began
 109                                                                                    strip buffers of frame 0
 114                                                                                    drop frame 0 from page cache
 119                                                                                    free frame 0
      *** page-cache-contents: after the final sync the disk has 1 in page 0 word 0 of file 0, where 2 was written last
(37 of 121 steps are shown)
)";
  BOOST_TEST(picture(lost_write, {}) == expected);
}

BOOST_AUTO_TEST_CASE(full_picture_is_exact) {
  const std::string expected = R"(step  cpu 0                                cpu 1
      read page 0
   0    look up file page 0: nothing
   1    allocate frame 0
   2    lock i_pages lock
                                           thread exit
   3                                         drop mm_users, enter lazy TLB
   4    add frame 0 to page cache: page 0
   5    unlock i_pages lock
   6    read frame 0 from disk: 0
   7    unlock frame 0
   8    frame 0 is up to date
   9    read() gets 0 from frame 0 word 0
  10    mark frame 0 accessed
  11    put frame 0: refcount 1
      thread exit
  12    drop mm_users, enter lazy TLB
  13    lock mmap_lock (read)
  14    begin a gather
  15    page table: there is none
  16    unlock mmap_lock
  17    lock mmap_lock (write)
  18    lock i_mmap_rwsem (write)
  19    unlock i_mmap_rwsem
  20    finish the gather
  21    end of the gather
  22    unlock mmap_lock
      final sync
  23    fsync begins
  24    lock i_pages lock
  25    tag the dirty pages towrite
  26    unlock i_pages lock
  27    no page tagged towrite: done
  28    no page tagged writeback
  29    look up file page 0: frame 0
  30    get frame 0: refcount 2
  31    lock frame 0
  32    refcount of frame 0 is 2
  33    frame 0 has no buffers
  34    lock i_pages lock
  35    freeze refcount of frame 0
  36    frame 0 is clean
  37    drop frame 0 from page cache
  38    unlock i_pages lock
  39    unfreeze refcount of frame 0: 1
  40    unlock frame 0
  41    put frame 0: refcount 0
  42    free frame 0
)";
  BOOST_TEST(picture(read_and_exit, {.full = true}) == expected);
}

BOOST_AUTO_TEST_CASE(violations_stand_where_they_were_found) {
  const std::vector<std::string> lines = lines_of(picture(lost_write, {}));
  const auto at = [&](std::string_view part) {
    return std::ranges::find_if(lines, [&](const std::string& line) { return contains(line, part); });
  };
  const auto lost = at("*** lost-dirty-data: page 0 of file 0 is let go of clean");
  BOOST_REQUIRE(lost != lines.end());
  BOOST_TEST(contains(*(lost - 1), "put frame 0: refcount 2"));
  BOOST_TEST(contains(*(lost + 1), "thread exit"));
  // What is found after the run stands after the last step.
  BOOST_TEST((at("*** page-cache-contents: after the final sync") == lines.end() - 2));
  BOOST_TEST(contains(lines.back(), "steps are shown)"));
}

// An operation that is suspended and goes on is not begun anew.
BOOST_AUTO_TEST_CASE(operations_have_one_heading_each) {
  const std::string text = picture(
      "shootdown 2\n"
      "cpu 1: dontneed page 0\n"
      "  after 2 steps switch to cpu 0\n"
      "  after 3 steps suspend\n"
      "cpu 0: load page 1 word 0\n"
      "  after 0 steps suspend\n"
      "  after 4 steps switch to cpu 1\n"
      "cpu 2: exit\n"
      "cpu 1: read page 1\n",
      {.full = true});
  const std::vector<std::string> lines = lines_of(text);
  for (const std::string_view heading : {"dontneed page 0", "load page 1 word 0", "read page 1", "final sync"}) {
    const auto is_heading = [&](const std::string& line) {
      return line.ends_with(heading) && line.starts_with("      ");
    };
    BOOST_TEST(std::count_if(lines.begin(), lines.end(), is_heading) == 1, heading);
  }
}

// docs/reading-a-trace.md has a program, which is also in the corpus, and the trace of it.
BOOST_AUTO_TEST_CASE(documentation_shows_what_is_so) {
  const std::string document = contents_of("docs/reading-a-trace.md");
  const std::string_view program_text = code_block(document, 0);
  const Program program = program_of(program_text);
  BOOST_TEST((program == program_of(contents_of("corpus/lost-write-simple.program"))));
  // Wide enough for every line.
  BOOST_TEST(code_block(document, 1) == picture(program_text, {.width = 140}));
}

// README.md has the same program without expectations, and the beginning of the trace.
BOOST_AUTO_TEST_CASE(readme_shows_what_is_so) {
  const std::string document = contents_of("README.md");
  const std::string_view program_text = code_block(document, 1);
  const Program program = program_of(program_text);
  BOOST_TEST((program == program_of(contents_of("corpus/lost-write-simple.program"))));
  const std::string_view trace = code_block(document, 2);
  BOOST_TEST(trace == picture(program_text, {}).substr(0, trace.size()));
  BOOST_TEST(contains(trace, "*** page-cache-contents: "));
}

BOOST_AUTO_TEST_CASE(stale_store_is_called_so) {
  const std::string text = picture(lost_write, {.width = 200});
  BOOST_TEST(contains(text, "store page 0: TLB hit, writes 2 to frame 0 (stale: the pte is gone)"));
  BOOST_TEST(contains(text, "remove rmap of frame 0: mapcount 0"));
  BOOST_TEST(contains(text, "frame 0 not mapped: skip mkclean"));
}

BOOST_AUTO_TEST_CASE(operations_are_headings) {
  const std::string text = picture(lost_write, {});
  for (const std::string_view heading :
       {"  store page 0 word 0\n", "  dontneed page 0\n", "  fsync page 0\n", "  thread exit\n", "  final sync\n"})
    BOOST_TEST(contains(text, heading), heading);
}

BOOST_AUTO_TEST_CASE(only_violations_have_colour_and_only_if_asked) {
  const std::string plain = picture(lost_write, {});
  std::string coloured = picture(lost_write, {.colour = true});
  BOOST_TEST(!contains(plain, "\033"));
  BOOST_TEST(contains(coloured, "\033[1;31m*** lost-dirty-data"));
  for (const std::string_view code : {"\033[1;31m", "\033[0m"}) {
    for (std::size_t at = 0; (at = coloured.find(code)) != std::string::npos;) coloured.erase(at, code.size());
  }
  BOOST_TEST(coloured == plain);
}

BOOST_AUTO_TEST_CASE(waiting_names_the_holder) {
  const std::string text = picture(
      "shootdown 2\n"
      "cpu 1: load page 0 word 0\n"
      "  after 1 step switch to cpu 0\n"
      "cpu 0: write page 0\n"
      "  after 1 step suspend\n"
      "cpu 1: write page 0\n",
      {.width = 200});
  BOOST_TEST(contains(text, "wait for i_rwsem, which cpu 0 holds"));
  BOOST_TEST(contains(text, "lock i_rwsem (write), at last"));
  BOOST_TEST(contains(text, "write() puts 1 into frame 0 word 0"));
}

BOOST_AUTO_TEST_CASE(hardware_acts_in_the_column_of_its_cpu) {
  const std::string text = picture(
      "shootdown 2\n"
      "machine cpus 2\n"
      "cpu 0: store page 0 word 0\n"
      "cpu 0: store page 0 word 0\n"
      "  after 0 steps fill page 0 on cpu 1\n"
      "  after 0 steps evict page 0 from cpu 1\n"
      "  after 0 steps fill page 1 on cpu 1\n",
      {});
  const std::size_t column = text.find("cpu 1");
  for (const std::string_view part : {"hardware loads page 0 into TLB: frame 0 W A D",
                                      "hardware evicts page 0 from TLB", "hardware finds no pte to load for page 1"}) {
    const std::size_t place = text.find(part);
    BOOST_REQUIRE(place != std::string::npos);
    BOOST_TEST(place - (text.rfind('\n', place) + 1) == column + 2);
  }
}

BOOST_AUTO_TEST_CASE(several_mms_and_files_are_told_apart) {
  const std::string text = picture(
      "shootdown 2\n"
      "machine cpus 2, mms 2, files 2, windows 2, table_shift 0\n"
      "cpu 0: store page 2 word 0\n"
      "cpu 1: store page 0 word 0\n"
      "cpu 1: fsync page 1 of file 1\n",
      {.full = true, .width = 300});
  for (const std::string_view part :
       {"lock mmap_lock of mm 1 (read)", "lock PTL of table 2 of mm 0", "set pte 2 of mm 0: frame 0 W A D",
        "add frame 0 to page cache: page 0 of file 1", "fsync page 1 of file 1", "final sync of file 1"})
    BOOST_TEST(contains(text, part), part);
}

BOOST_AUTO_TEST_CASE(a_run_that_is_too_long_is_cut_and_says_so) {
  const Program program = program_of(one_store);
  Runner<Judge> runner("eager_dirty");
  Trace trace(10);
  runner.simulation.run(program, &trace);
  BOOST_TEST(trace.steps() == 10U);
  const std::string text = render_trace(program, trace, runner.observer->report(), {});
  BOOST_TEST(contains(text, fmt::format("... and {} further steps, which were not recorded", trace.missing())));
  // The next run is recorded from its beginning.
  runner.simulation.run(program, &trace);
  BOOST_TEST(trace.steps() == 10U);
  BOOST_TEST(render_trace(program, trace, runner.observer->report(), {}) == text);
}

// The mistake leaves an entry of a page that is gone: the store faults for ever.
BOOST_AUTO_TEST_CASE(of_a_run_that_goes_round_a_few_rounds_are_told) {
  const Program program = program_of(
      "shootdown 2\n"
      "machine cpus 1, pages 1, words 1\n"
      "cpu 0: load page 0 word 0\n"
      "cpu 0: invalidate page 0\n"
      "cpu 0: store page 0 word 0\n");
  Runner<Judge> runner("delayed_rmap");
  runner.simulation.defect = Defect::last_entry_skipped;
  Trace trace;
  runner.simulation.run(program, &trace);
  const auto faults = [&](const TraceOptions& options) {
    const std::vector<std::string> lines = lines_of(render_trace(program, trace, runner.observer->report(), options));
    const auto is_fault = [](const std::string& line) { return contains(line, "store page 0: fault"); };
    const auto goes_on = [](const std::string& line) { return contains(line, "... and so on, "); };
    BOOST_TEST(std::ranges::count_if(lines, goes_on) == (options.full ? 0 : 1));
    return std::ranges::count_if(lines, is_fault);
  };
  BOOST_TEST(faults({}) == 2);
  BOOST_TEST(faults({.full = true}) > 100);
}

// What no hardware does: the check of the TLB and the access are two steps.
BOOST_AUTO_TEST_CASE(split_accesses_have_words) {
  const Program program = program_of(one_store);
  Runner<Judge> runner("eager_dirty");
  runner.simulation.defect = Defect::access_split;
  Trace trace;
  runner.simulation.run(program, &trace);
  const std::string text = render_trace(program, trace, runner.observer->report(), {});
  BOOST_TEST(contains(text, "translate page 0 for a store"));
  BOOST_TEST(contains(text, "store page 0: page walk, writes 1 to frame 0"));
}

template <typename... Events>
void test_words(EventList<Events...> /*list*/) {
  const auto test = []<typename E>(const E& event) {
    const std::string text = words(event);
    BOOST_TEST(text.empty() != is_told<E>);
    BOOST_TEST(!contains(text, "unknown"), text);
  };
  (test(Events{}), ...);
}

BOOST_AUTO_TEST_CASE(every_kind_of_step_has_words_and_no_note_has) {
  test_words(AllEvents{});
}

BOOST_AUTO_TEST_CASE(words_say_what_is_wrong_with_a_translation) {
  event::UserAccess store{.page = 4, .store = 1, .access = Access::hit, .frame = 3, .value = 7};
  const auto why = [&](EntryFact entry, Fact stale) {
    store.entry = entry;
    store.stale = stale;
    return words(store);
  };
  const Fact dirty = EntryFact::write_bit | EntryFact::young_bit | EntryFact::dirty_bit;
  const std::string hit = "store page 4: TLB hit, writes 7 to frame 3";
  BOOST_TEST(why(entry_to(3, dirty), 0) == hit);
  BOOST_TEST(why({}, 0) == hit + " (stale: the pte is gone)");
  BOOST_TEST(why(entry_to(5, dirty), 0) == hit + " (stale: the pte maps frame 5 now)");
  BOOST_TEST(why(entry_to(3, 0), 0) == hit + " (stale: the pte is read-only now)");
  BOOST_TEST(why(entry_to(3, EntryFact::write_bit), 0) == hit + " (stale: the pte is clean now)");
  BOOST_TEST(why({}, 1) == hit + " (stale: the pte is gone, the frame has been freed)");
  BOOST_TEST(why(entry_to(3, dirty), 1) == hit + " (stale: the frame has been freed)");
  store.store = 0;
  BOOST_TEST(why(entry_to(3, 0), 0) == "load page 4: TLB hit, reads 7 from frame 3");
}

BOOST_AUTO_TEST_CASE(words_name_locks_and_who_holds_them) {
  const LockFact table{.kind = LockClass::page_table, .owner = 1, .number = 2};
  BOOST_TEST(words(event::DropLock{.lock = table}, {.cpus = 2, .mms = 2}) == "unlock PTL of mm 1");
  BOOST_TEST(words(event::DropLock{.lock = table}, {.table_shift = 0}) == "unlock PTL of table 2");
  BOOST_TEST(words(event::DowngradeLock{.lock = {.kind = LockClass::mmap}}) == "downgrade mmap_lock to read");

  const LockFact page{.kind = LockClass::page, .number = 3};
  BOOST_TEST(words(event::TakeLock{.lock = page, .taken = 1}) == "lock frame 3");
  BOOST_TEST(words(event::TakeLock{.lock = page, .tries = 1, .holders = 2}) ==
             "trylock frame 3: fails, which cpu 1 holds");
  BOOST_TEST(words(event::WaitForLock{.lock = page, .holders = 2}) ==
             "wait for the lock of frame 3, which cpu 1 holds");

  const LockFact inode{.kind = LockClass::inode, .owner = 1};
  BOOST_TEST(words(event::TakeLock{.lock = inode, .shared = 1, .taken = 1}, {.files = 2, .windows = 2}) ==
             "lock i_rwsem of file 1 (read)");
}

BOOST_AUTO_TEST_CASE(words_tell_of_anon_vmas) {
  const LockFact lock{.kind = LockClass::anon_vma, .number = 2};
  BOOST_TEST(words(event::TakeLock{.lock = lock, .taken = 1}) == "lock anon_vma 2 (write)");
  BOOST_TEST(words(event::WaitForLock{.lock = lock}) == "wait for the lock of anon_vma 2");
  BOOST_TEST(words(event::AllocateAnonVma{.anon_vma = 2}) == "allocate anon_vma 2");
  BOOST_TEST(words(event::PrepareAnonVma{.page = 4, .anon_vma = 2}) == "the mapping at page 4 has an anon_vma already");
  BOOST_TEST(words(event::PrepareAnonVma{.page = 4, .anon_vma = 2, .prepared = 1}) ==
             "give the mapping at page 4 anon_vma 2");
  BOOST_TEST(words(event::GetAnonVma{.anon_vma = 2, .refcount = 3}) == "get anon_vma 2: refcount 3");
  BOOST_TEST(words(event::GetAnonVma{.anon_vma = 2}) == "get anon_vma 2: fails, its refcount is 0");
  BOOST_TEST(words(event::PutAnonVma{.anon_vma = 2, .refcount = 1}) == "put anon_vma 2: refcount 1");
  BOOST_TEST(words(event::FreeAnonVma{.anon_vma = 2}) == "free anon_vma 2");
}

BOOST_AUTO_TEST_CASE(words_tell_of_mappings_that_become_one) {
  BOOST_TEST(words(event::MergeMappings{.first = 4, .count = 1}) == "make one mapping of page 4");
  BOOST_TEST(words(event::MergeMappings{.mm = 1, .first = 4, .count = 3}, {.cpus = 2, .mms = 2}) ==
             "make one mapping of pages 4-6 of mm 1");
}

BOOST_AUTO_TEST_CASE(words_name_page_tables) {
  const event::FreeTable second{.mm = 1, .first = 4, .count = 4};
  BOOST_TEST(words(second) == "unhook page table");
  BOOST_TEST(words(second, {.cpus = 2, .mms = 2, .pages = 8, .table_shift = 2}) == "unhook page table 1 of mm 1");
  BOOST_TEST(words(event::ReadTable{}) == "page table: there is none");
  BOOST_TEST(words(event::ReadTable{.exists = 1}) == "page table: there is one");
  BOOST_TEST(words(event::InstallTable{.installed = 1}) == "install page table");
  BOOST_TEST(words(event::InstallTable{}) == "install page table: there is one already");
}

BOOST_AUTO_TEST_CASE(words_tell_what_a_fault_does_to_an_entry) {
  event::SetAccessFlags set{.page = 4, .entry = entry_to(3, EntryFact::write_bit), .was = entry_to(3, 0)};
  BOOST_TEST(words(set) == "leave pte 4: frame 3");
  set.changed = 1;
  BOOST_TEST(words(set) == "set pte 4: frame 3 W");
}

BOOST_AUTO_TEST_CASE(words_tell_of_swap_space) {
  BOOST_TEST(words(event::SetEntry{.page = 4, .entry = EntryFact::in_swap(5)}) == "set pte 4: swap slot 5");
  BOOST_TEST(words(event::ClearEntry{.page = 4, .was = EntryFact::in_swap(0)}) == "clear pte 4: was swap slot 0");
  BOOST_TEST(words(event::UserAccess{.page = 4, .access = Access::fault, .entry = EntryFact::in_swap(5)}) ==
             "load page 4: fault, pte is swap slot 5");
  BOOST_TEST(words(event::WriteToSwap{.frame = 3, .slot = 5, .word = 1, .value = 7}) ==
             "write frame 3 word 1 to swap slot 5: 7");
}

BOOST_AUTO_TEST_CASE(words_tell_of_swap_slots) {
  using Change = event::CountSwap::Change;
  BOOST_TEST(words(event::AllocateSwap{.slot = 5}) == "take swap slot 5");
  BOOST_TEST(words(event::AllocateSwap{.slot = no_fact}) == "look for a free swap slot: there is none");
  BOOST_TEST(words(event::CountSwap{.slot = 5, .change = Change::duplicate, .done = 1, .users = 1, .cached = 1}) ==
             "one more entry for swap slot 5 (users 1, in the swap cache)");
  BOOST_TEST(words(event::CountSwap{.slot = 5, .change = Change::free, .done = 1}) ==
             "one entry less for swap slot 5 (users 0)");
  BOOST_TEST(words(event::CountSwap{.slot = 5, .change = Change::prepare_cache, .done = 1, .users = 1, .cached = 1}) ==
             "reserve swap slot 5 (users 1, in the swap cache)");
  BOOST_TEST(words(event::CountSwap{.slot = 5, .change = Change::prepare_cache}) ==
             "reserve swap slot 5: fails (users 0)");
  BOOST_TEST(words(event::CountSwap{.slot = 5, .change = Change::clear_cache, .done = 1, .users = 2}) ==
             "let go of swap slot 5 (users 2)");
  BOOST_TEST(words(event::ReadSwapCount{.slot = 5, .users = 2}) == "2 entries lead to swap slot 5");
}

BOOST_AUTO_TEST_CASE(words_tell_of_the_swap_cache) {
  const PageFact page{.frame = 3};
  BOOST_TEST(words(event::LookUpSwapCache{.slot = 5, .frame = no_fact}) ==
             "look up swap slot 5 in the swap cache: nothing");
  BOOST_TEST(words(event::LookUpSwapCache{.slot = 5, .frame = 3}) == "look up swap slot 5 in the swap cache: frame 3");
  BOOST_TEST(words(event::AddToSwapCache{.page = page, .slot = 5}) == "add frame 3 to the swap cache, slot 5");
  BOOST_TEST(words(event::RemoveFromSwapCache{.page = page, .slot = 5}) ==
             "remove frame 3 from the swap cache, slot 5");
  BOOST_TEST(words(event::SubmitIo{.page = page, .slot = 5, .writes = 1}) ==
             "ask the disk to write frame 3 to swap slot 5");
  BOOST_TEST(words(event::SubmitIo{.page = page, .slot = 5}) == "ask the disk to read frame 3 from swap slot 5");
  BOOST_TEST(words(event::TakeDiskInterrupt{.page = page, .slot = 5}) == "take the disk's interrupt for swap slot 5");
  BOOST_TEST(words(event::SubmitIo{.page = page, .slot = no_fact, .writes = 1}) == "ask the disk to write frame 3");
  BOOST_TEST(words(event::TakeDiskInterrupt{.page = page, .slot = no_fact}) == "take the disk's interrupt for frame 3");
  BOOST_TEST(words(event::WaitForSwapCache{.slot = 5}) == "wait for who reads swap slot 5");
}

BOOST_AUTO_TEST_CASE(words_tell_of_reclaim) {
  const PageFact page{.frame = 3};
  BOOST_TEST(words(event::IsolatePage{.page = page}) == "take frame 3 off its LRU list: it is on none");
  BOOST_TEST(words(event::IsolatePage{.page = page, .isolated = 1}) == "take frame 3 off its LRU list");
  BOOST_TEST(words(event::PutBackPage{.page = page}) == "put frame 3 on its LRU list");
  BOOST_TEST(words(event::ClearAccessed{.page = 4, .was = {EntryFact::present_bit | EntryFact::young_bit}}) ==
             "clear A of pte 4 (was set)");
  BOOST_TEST(words(event::ClearAccessed{.page = 4}) == "clear A of pte 4 (was clear)");
  BOOST_TEST(words(event::DeferFlush{.count = 2}) == "put off the flush (2 so far)");
  BOOST_TEST(words(event::SettleFlushes{.settled = 1}) == "flushes that were put off are done");
  BOOST_TEST(words(event::SettleFlushes{}) == "others have put off flushes meanwhile");
  BOOST_TEST(words(event::SetSwapBacked{.page = page}) == "frame 3 may be thrown away until it is written to");
  BOOST_TEST(words(event::SetSwapBacked{.page = page, .swapbacked = 1}) == "frame 3 is to be kept");
}

BOOST_AUTO_TEST_CASE(words_tell_of_migration) {
  BOOST_TEST(words(event::SetEntry{.page = 4, .entry = EntryFact::in_migration(5)}) ==
             "set pte 4: migration entry, frame 5");
  BOOST_TEST(words(event::MoveWord{.page = {.frame = 3}, .to = 5, .word = 1, .value = 7}) ==
             "move frame 3 word 1 to frame 5: 7");
  BOOST_TEST(words(event::ReplaceInPageCache{.page = {.frame = 5, .file = 0, .index = 1}, .was = 3}) ==
             "put frame 5 into page cache in place of frame 3: page 1");
}

BOOST_AUTO_TEST_CASE(words_tell_of_large_folios) {
  const PageFact folio{.frame = 4, .file = 0, .index = 8, .pages = 4};
  BOOST_TEST(words(event::AllocatePage{.pages = 4, .frame = 4}) == "allocate frames 4-7");
  BOOST_TEST(words(event::AddToPageCache{.page = folio, .added = 1}) == "add frames 4-7 to page cache: pages 8-11");
  BOOST_TEST(words(event::ReplaceInPageCache{.page = folio, .was = 0}) ==
             "put frames 4-7 into page cache in place of frames 0-3: pages 8-11");
  BOOST_TEST(words(event::RemoveRmap{.page = folio, .mapcount = 2}) == "remove rmap of frames 4-7: mapcount 2");
  BOOST_TEST(words(event::QueuePage{.page = {.frame = 5, .pages = 2}, .flags = 3}) == "queue frames 5-6 with flag 3");
}

BOOST_AUTO_TEST_CASE(words_tell_of_devices) {
  event::DmaWord dma{.page = {.frame = 3, .file = 0, .index = 1}, .word = 1, .value = 7};
  BOOST_TEST(words(dma) == "a device writes 7 to frame 3 word 1");
  dma.stale = 1;
  BOOST_TEST(words(dma) == "a device writes 7 to frame 3 word 1 (stale: the frame has been freed)");
  BOOST_TEST(words(event::SetEntry{.page = 4, .entry = EntryFact::exclusive_to_device(3)}) ==
             "set pte 4: frame 3, a device's alone");
  BOOST_TEST(words(event::SetEntry{.page = 4, .entry = EntryFact::private_to_device(3)}) ==
             "set pte 4: frame 3, in a device");
}

BOOST_AUTO_TEST_CASE(words_tell_of_poison) {
  BOOST_TEST(words(event::SetEntry{.page = 4, .entry = {EntryFact::poison_bit}}) == "set pte 4: poison");
}

BOOST_AUTO_TEST_CASE(words_say_what_came_of_it) {
  const PageFact page{.frame = 3, .file = 0, .index = 1};
  BOOST_TEST(words(event::SetDirty{.page = page}) == "set PG_dirty of frame 3");
  BOOST_TEST(words(event::SetDirty{.page = page, .was = PG_dirty | PG_locked}) == "set PG_dirty of frame 3 (was set)");
  BOOST_TEST(words(event::ClearDirty{.page = page, .was = PG_dirty}) == "clear PG_dirty of frame 3");
  BOOST_TEST(words(event::ClearDirty{.page = page, .was = PG_locked}) == "clear PG_dirty of frame 3 (was clear)");
  BOOST_TEST(words(event::ReadDirty{.page = page, .for_writeback = 1}) == "frame 3 is clean: nothing to write");
  BOOST_TEST(words(event::StripBuffers{.page = page}) == "frame 3 has no buffers");
  BOOST_TEST(words(event::StripBuffers{.page = page, .was = PG_buffers}) == "strip buffers of frame 3");
  BOOST_TEST(words(event::StripBuffers{.page = page, .was = PG_buffers | PG_dirty}) ==
             "strip buffers of frame 3, and clear PG_dirty");
  BOOST_TEST(words(event::StripBuffers{.page = page, .was = PG_buffers | PG_buffers_dirty | PG_dirty}) ==
             "strip buffers of frame 3: they are in use");
  BOOST_TEST(words(event::CleanBuffers{.page = page, .was = PG_buffers | PG_buffers_dirty}) ==
             "clean buffers of frame 3");
  BOOST_TEST(words(event::CleanBuffers{.page = page, .was = PG_buffers}) ==
             "frame 3 has clean buffers: nothing to write");
  BOOST_TEST(words(event::GetPage{.page = page}) == "get frame 3: fails, its refcount is 0");
  BOOST_TEST(words(event::FreezeRefcount{.page = page, .refcount = 3}) == "freeze refcount of frame 3: fails, it is 3");
  BOOST_TEST(words(event::AllocatePage{.frame = no_fact}) == "allocate a page: there is none left");
  BOOST_TEST(words(event::LookUpPage{.index = 1, .frame = no_fact}) == "look up file page 1: nothing");
  BOOST_TEST(words(event::AddToPageCache{.page = page}) == "add file page 1 to page cache: it has one");
  BOOST_TEST(words(event::FlushTranslation{.page = no_fact}) == "flush whole TLB");
  BOOST_TEST(words(event::FinishGather{.nested = 1}) == "finish the gather: another is under way, flush everything");
  BOOST_TEST(words(event::QueuePage{.page = page, .flags = 1}) == "queue frame 3 with flag 1");
  BOOST_TEST(words(event::ReadFromDisk{.page = page, .words = {5, 6, 7, 8}}, {.words = 3}) ==
             "read frame 3 from disk: 5 6 7");
  BOOST_TEST(words(event::ReadFileSize{.file = 0, .pages = 1}) == "the size is 1 page");
  BOOST_TEST(words(event::SetFileSize{.file = 0, .pages = 1}) == "set the size to 1 page");
  BOOST_TEST(words(event::SetFileSize{.file = 1, .pages = 2}, {.files = 2}) == "set the size of file 1 to 2 pages");
  BOOST_TEST(words(event::EndDiscard{.file = 0, .first = 1, .count = 1}) == "clear file page 1 on the disk");
  BOOST_TEST(words(event::EndDiscard{.file = 1, .first = 1, .count = 3}, {.files = 2}) ==
             "clear file pages 1-3 of file 1 on the disk");
}

BOOST_AUTO_TEST_CASE(words_tell_when_a_search_ends) {
  event::FindTagged find{.tag = PAGECACHE_TAG_TOWRITE, .index = 1};
  BOOST_TEST(words(find) == "file page 1 is tagged towrite");
  find.index = no_fact;
  BOOST_TEST(words(find) == "no page tagged towrite: done");
  find.again = 1;
  BOOST_TEST(words(find) == "no further page tagged towrite");
}

// How many references frames have, as far as steps say it.
class References {
 public:
  void happened(const AnyEvent& step) {
    if (step.is<event::GetPage>()) set(step.as<event::GetPage>().page, step.as<event::GetPage>().refcount);
    if (step.is<event::PutPage>()) set(step.as<event::PutPage>().page, step.as<event::PutPage>().refcount);
    if (step.is<event::UnfreezeRefcount>())
      set(step.as<event::UnfreezeRefcount>().page, step.as<event::UnfreezeRefcount>().refcount);
    if (step.is<event::FreezeRefcount>() && step.as<event::FreezeRefcount>().frozen != 0)
      set(step.as<event::FreezeRefcount>().page, 0);
  }
  // The memory of a device never has any.
  bool has_none(PageFact page) const {
    const auto found = counts_.find(page.frame);
    return found == counts_.end() || found->second == 0;
  }

 private:
  void set(PageFact page, std::int32_t count) { counts_[page.frame] = count; }

  std::map<Fact, std::int32_t> counts_;
};

// What is said of a run's steps is true: `stale` are the steps of stale accesses.
void test_story(const Program& program, const Trace& trace, const std::set<std::uint64_t>& stale) {
  References references;
  for (const AnyEvent& event : trace.events()) {
    if (!is_step(event)) continue;
    const std::string text = narrate(event, program.machine).text;
    // Checks of Boost.Test, and their messages, cost far more than what is checked here a million times.
    if (contains(text, "(stale") != stale.contains(event.step - 1))
      BOOST_FAIL(fmt::format("step {}: {}\n{}", event.step - 1, text, print(program)));
    references.happened(event);
    if (event.is<event::FreePage>() && !references.has_none(event.as<event::FreePage>().page)) BOOST_FAIL(text);
    if (contains(text, "mapcount -") || contains(text, "refcount -")) BOOST_FAIL(text);
  }
}

// Those of the corpus, in an order of their own.
std::vector<Program> corpus_programs() {
  std::vector<Program> programs;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(SHOOTDOWN_ROOT) / "corpus")) {
    if (entry.path().extension() == ".program") programs.push_back(program_of(contents_of(entry.path().string())));
  }
  return programs;
}

// Tells of a run, and adds to the kinds of events that were seen.
void test_run(Runner<StaleAccesses>& runner, const Program& program, EventSet& seen) {
  Trace trace;
  runner.simulation.run(program, &trace);
  test_story(program, trace, runner.observer->steps);
  for (const AnyEvent& event : trace.events()) seen.insert(event.kind);
}

// All steps of many random programs, and of the corpus's, on all engines.
BOOST_AUTO_TEST_CASE(runs_are_told_truly) {
  const std::vector<Program> corpus = corpus_programs();
  EventSet seen;
  for (const Engine* const engine : all_engines()) {
    Runner<StaleAccesses> runner(engine->name());
    std::mt19937 random(1);
    for (int i = 0; i < 400; ++i) test_run(runner, random_program(random), seen);
    for (const Program& program : corpus) {
      if (engine->refusal(program).empty()) test_run(runner, program, seen);
    }
  }
  // All but the step that takes a machine of its own, what right code does not do, and forks.
  const EventSet expected =
      seen | EventSet::of(
                 EventList<event::Translate, event::SleepInAtomic, event::UseFreed, event::KernelWarns, event::Fork>{});
  for (EventKind kind = 0; kind < AllEvents::size; ++kind) BOOST_TEST(expected.contains(kind), kind);
}

BOOST_AUTO_TEST_CASE(a_trace_has_every_step) {
  const Program program = program_of(lost_write);
  Runner<Judge> runner("eager_dirty");
  Trace trace;
  runner.simulation.run(program, &trace);
  BOOST_TEST(trace.events().front().is<event::RunBegins>());
  BOOST_TEST(trace.events().back().is<event::RunEnds>());
  std::uint64_t steps = 0;
  for (const AnyEvent& event : trace.events()) {
    if (is_step(event)) BOOST_TEST(event.step == ++steps);
  }
  BOOST_TEST(steps == trace.steps());
  BOOST_TEST(trace.missing() == 0U);
}

BOOST_AUTO_TEST_CASE(random_pictures_keep_their_bounds) {
  Runner<Judge> runner("deferred_dirty");
  std::mt19937 random(2);
  Trace trace;
  for (int i = 0; i < 60; ++i) {
    const Program program = random_program(random);
    runner.simulation.run(program, &trace);
    for (const int width : {60, 120, 200}) {
      std::size_t numbered = 0;
      const std::string text = render_trace(program, trace, runner.observer->report(), {.full = true, .width = width});
      const std::vector<std::string> lines = lines_of(text);
      const int cpus = static_cast<int>(std::count(lines.front().begin(), lines.front().end(), 'u'));
      for (const std::string& line : lines) {
        if (width >= 8 + 18 * cpus) BOOST_REQUIRE_LE(line.size(), static_cast<std::size_t>(width));
        BOOST_REQUIRE(line.empty() || line.back() != ' ');
        const std::string number = fmt::to_string(numbered) + "  ";
        if (contains(line.substr(0, 10), " " + number) || line.starts_with(number)) ++numbered;
      }
      BOOST_TEST(numbered == trace.steps());
    }
  }
}

// Notes stand in a column of their own, which takes a third of the table at most: a longer one goes on in the next line.
BOOST_AUTO_TEST_CASE(notes_stand_beside_labels) {
  ColumnTable table("step", "function", {"cpu 0", "cpu 1"});
  table.add({.column = 1, .text = "dontneed page 0"});
  table.add({.label = "9", .note = "zap_pte_range", .column = 1, .text = "clear pte 0", .indent = 2});
  table.add({.text = "*** crosses them all"});
  table.add({.label = "12", .note = "a_function_with_a_very_long_name_indeed", .column = 0, .text = "one two"});
  table.add({.label = "13", .column = 0, .text = "none"});
  BOOST_TEST(table.render(80, false) ==
             "step  function                    cpu 0    cpu 1\n"
             "                                           dontneed page 0\n"
             "   9  zap_pte_range                          clear pte 0\n"
             "      *** crosses them all\n"
             "  12  a_function_with_a_very_lon  one two\n"
             "        g_name_indeed\n"
             "  13                              none\n");
}

BOOST_AUTO_TEST_CASE(without_notes_there_is_no_column_for_them) {
  ColumnTable table("step", "function", {"cpu 0"});
  table.add({.label = "9", .column = 0, .text = "clear pte 0"});
  BOOST_TEST(table.render(80, false) ==
             "step  cpu 0\n"
             "   9  clear pte 0\n");
}

namespace {

// CPU 0 drops its last reference, in the third access to memory.
void tell_three_accesses(Trace& trace, const World& world) {
  const auto happens = [&](std::uint64_t step, const auto& event) { trace.happened(EventView(step, 0, event), world); };
  happens(0, event::RunBegins{.cpus = 1});
  happens(0, event::OperationBegins{.operation = no_fact});
  for (std::uint64_t step = 1; step <= 3; ++step)
    trace.accesses({.step = step, .cpu = 0, .writes = step == 3, .object = "frame 5 _refcount"}, world);
  happens(3, event::FreePage{.page = {.frame = 5}});
  happens(4, event::RunEnds{.outcome = Outcome::completed});
}

}  // namespace

// What comes of an access stands below it and has no number of its own.
BOOST_AUTO_TEST_CASE(functions_and_accesses_of_code_are_shown) {
  const Program program = program_of(lost_write);
  TestWorld world;
  world.code = "some_function";
  Trace full(Trace::default_limit, true);
  BOOST_TEST(full.watches_accesses());
  tell_three_accesses(full, world);
  BOOST_TEST(render_trace(program, full, {}, {.full = true}) ==
             "step  function       cpu 0\n"
             "                     thread exit\n"
             "   0  some_function    read frame 5 _refcount\n"
             "   1  some_function    read frame 5 _refcount\n"
             "   2  some_function    write frame 5 _refcount\n"
             "      some_function    free frame 5\n");
  Trace limited(2, true);
  tell_three_accesses(limited, world);
  BOOST_TEST(limited.all_accesses().size() == 2U);
  BOOST_TEST(limited.missing() == 1U);
}

BOOST_AUTO_TEST_CASE(a_short_picture_of_code_counts_events_and_steps) {
  const Program program = program_of(lost_write);
  TestWorld world;
  world.code = "some_function";
  Trace trace;
  BOOST_TEST(!trace.watches_accesses());
  const auto happens = [&](std::uint64_t step, const auto& event) { trace.happened(EventView(step, 0, event), world); };
  happens(0, event::RunBegins{.cpus = 1});
  happens(0, event::OperationBegins{.operation = no_fact});
  happens(2, event::PutPage{.page = {.frame = 5}, .refcount = 1});
  happens(3, event::FreePage{.page = {.frame = 5}});
  happens(4, event::RunEnds{.outcome = Outcome::completed});
  BOOST_TEST(render_trace(program, trace, {}, {}) ==
             "step  function       cpu 0\n"
             "                     thread exit\n"
             "   2  some_function    free frame 5\n"
             "(1 of 2 events are shown; there were 4 steps)\n");
}

BOOST_AUTO_TEST_CASE(text_is_wrapped_and_never_cut) {
  const std::vector<std::string> once{"  one two", "    three"};
  BOOST_TEST(wrap("one two three", 10, 2) == once, boost::test_tools::per_element());
  const std::vector<std::string> broken{"abcdefgh", "  ijklmn", "  op"};
  BOOST_TEST(wrap("abcdefghijklmnop", 8, 0) == broken, boost::test_tools::per_element());
  const std::vector<std::string> nothing{""};
  BOOST_TEST(wrap("", 8, 0) == nothing, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
