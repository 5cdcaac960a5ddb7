// Each operation as a system call.
#include "fuzz/reproduce/calls.h"

#include <string>
#include <variant>

#include <boost/test/unit_test.hpp>

#include "fuzz/language/text.h"

using namespace shootdown;

namespace {

using Kind = CCall::Kind;

CCall call_of(const std::string& operation, bool ends_mm = false) {
  const std::string text =
      "shootdown 2\nmachine files 2, windows 2, pages 4, words 2, cpus 2\ncpu 0: " + operation + "\n";
  const std::variant<Document, ParseError> parsed = parse(text);
  BOOST_REQUIRE_MESSAGE(std::holds_alternative<Document>(parsed), operation);
  const Program& program = std::get<Document>(parsed).program;
  return call_in_c(program.operations[0], program.machine, ends_mm);
}

void check(const std::string& operation, Kind kind, const std::string& text, bool has_remark = false) {
  const CCall call = call_of(operation);
  BOOST_TEST((call.kind == kind), operation);
  BOOST_TEST(call.text == text);
  BOOST_TEST(!call.remark.empty() == has_remark, operation);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(calls)

BOOST_AUTO_TEST_CASE(what_changes_mappings) {
  check("mmap pages 5-6", Kind::zap, "map_anew(5, 2, 0)");
  check("populate page 1", Kind::zap, "map_anew(1, 1, MAP_POPULATE)");
  check("munmap pages 0-3", Kind::zap, "munmap(page(0), pages(4))");
  check("dontneed page 2", Kind::zap, "madvise(page(2), pages(1), MADV_DONTNEED)");
  check("pageout pages 1-2", Kind::zap, "madvise(page(1), pages(2), MADV_PAGEOUT)");
  check("cold page 4", Kind::zap, "madvise(page(4), pages(1), MADV_COLD)");
  check("protect page 0", Kind::zap, "mprotect(page(0), pages(1), PROT_READ)");
  check("unprotect page 0", Kind::zap, "mprotect(page(0), pages(1), PROT_READ | PROT_WRITE)");
  check("mremap pages 0-1 to page 6", Kind::zap,
        "mremap(page(0), pages(2), pages(2), MREMAP_MAYMOVE | MREMAP_FIXED, page(6))");
  check("truncate page 1 of file 1", Kind::zap, "ftruncate(file(1), all_of(2))");
  check("punch pages 1-2 of file 1", Kind::zap,
        "fallocate(file(1), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at(1), all_of(2))");
}

BOOST_AUTO_TEST_CASE(what_shall_come_meanwhile) {
  check("msync pages 4-5", Kind::sync, "msync(page(4), firsts_of(2), MS_SYNC)");
  check("fsync pages 0-1 of file 1", Kind::sync, "sync_file_range(file(1), at(0), firsts_of(2), SYNC_AND_WAIT)", true);
  check("writeback page 3", Kind::sync, "sync_file_range(file(0), at(3), firsts_of(1), SYNC_FILE_RANGE_WRITE)", true);
  check("fadvise page 3", Kind::sync, "drop(0, at(3), firsts_of(1))");
  check("reclaim page 3 of file 1", Kind::sync, "drop(1, at(3), firsts_of(1))", true);
  check("invalidate pages 0-2", Kind::sync, "write_directly(0, 0, 3)", true);
}

BOOST_AUTO_TEST_CASE(what_is_neither) {
  check("load page 5 word 1", Kind::other, "load(me, 5, 1)");
  check("read page 2 of file 1", Kind::other, "read_page(1, 2)");
  check("write page 2", Kind::other, "write_page(me, 0, 2)", true);
  check("dma page 2 word 1", Kind::other, "write_pinned(me, 2)", true);
  check("exclusive page 2 word 1", Kind::nothing, "", true);
  check("to_device page 2 word 1", Kind::nothing, "", true);
  check("poison page 2", Kind::nothing, "", true);
  check("mmap_device page 2", Kind::nothing, "", true);
  check("move_device page 2", Kind::nothing, "", true);
  check("hwpoison page 2", Kind::nothing, "", true);
}

BOOST_AUTO_TEST_CASE(stores_are_loops) {
  check("store page 5 word 1", Kind::store, "");
  check("touch pages 0-1", Kind::store, "");
}

BOOST_AUTO_TEST_CASE(nobody_can_ask_for_an_idle_cpu) {
  check("idle", Kind::nothing, "", true);
}

BOOST_AUTO_TEST_CASE(the_last_exit_leaves_nothing_mapped) {
  check("exit", Kind::nothing, "", true);
  const CCall last = call_of("exit", true);
  BOOST_TEST((last.kind == Kind::zap));
  BOOST_TEST(last.text == "leave_memory()");
}

BOOST_AUTO_TEST_SUITE_END()
