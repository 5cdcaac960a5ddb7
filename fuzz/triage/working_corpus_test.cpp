// A corpus is replaced as a whole, or not at all.
#include "fuzz/triage/working_corpus.h"

#include <filesystem>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>

#include <boost/test/unit_test.hpp>

#include "test/files.h"
#include "test/output.h"

using namespace shootdown;
namespace fs = std::filesystem;

namespace {

// The names of all that is below a folder, but for folders.
std::set<std::string> files_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_directory()) names.insert(entry.path().lexically_relative(folder).string());
  }
  return names;
}

using Names = std::set<std::string>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(working_corpus, TemporaryFolder)

BOOST_AUTO_TEST_CASE(it_is_replaced_and_nothing_else_stays) {
  write("work/x/old", "1");
  {
    WorkingCorpus corpus(path() / "work/x/");
    BOOST_TEST(!corpus.empty());
    write("work/.merge-x/fresh/new", "2");
    BOOST_TEST(corpus.scratch() == fs::canonical(path()) / "work/.merge-x");
    corpus.replace(corpus.scratch() / "fresh");
  }
  BOOST_TEST((files_in(path()) == Names{"work/x/new"}));
}

BOOST_AUTO_TEST_CASE(it_need_not_be_there) {
  {
    const WorkingCorpus corpus(path() / "work/x");
    BOOST_TEST(corpus.empty());
  }
  BOOST_TEST(fs::is_empty(path() / "work"));
  {
    WorkingCorpus corpus(path() / "work/x");
    write("work/.merge-x/fresh/new", "2");
    corpus.replace(corpus.scratch() / "fresh");
  }
  BOOST_TEST((files_in(path()) == Names{"work/x/new"}));
}

BOOST_AUTO_TEST_CASE(what_comes_in_meanwhile_stays) {
  write("work/x/old", "1");
  {
    WorkingCorpus corpus(path() / "work/x");
    write("work/.merge-x/fresh/new", "2");
    write("work/x/late", "3");
    write("work/x/sub/late", "4");
    corpus.replace(corpus.scratch() / "fresh");
  }
  BOOST_TEST((files_in(path()) == Names{"work/x/late", "work/x/new", "work/x/sub-late"}));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_replaced_stays) {
  write("work/x/old", "1");
  {
    WorkingCorpus corpus(path() / "work/x");
    BOOST_CHECK_THROW(corpus.replace(corpus.scratch() / "none"), std::runtime_error);
  }
  BOOST_TEST((files_in(path()) == Names{"work/x/old"}));
}

BOOST_AUTO_TEST_CASE(a_link_to_it_stays) {
  write("elsewhere/old", "1");
  fs::create_directory(path() / "work");
  fs::create_symlink("../elsewhere", path() / "work/x");
  {
    WorkingCorpus corpus(path() / "work/x");
    write(".merge-elsewhere/fresh/new", "2");
    corpus.replace(corpus.scratch() / "fresh");
  }
  BOOST_TEST(fs::is_symlink(path() / "work/x"));
  BOOST_TEST((files_in(path() / "elsewhere") == Names{"new"}));
}

BOOST_AUTO_TEST_CASE(one_at_a_time) {
  std::optional<WorkingCorpus> first(path() / "x");
  BOOST_CHECK_EXCEPTION(WorkingCorpus(path() / "x"), std::runtime_error, [](const std::runtime_error& error) {
    return contains(error.what(), "/x: another merge is at work here");
  });
  BOOST_CHECK_NO_THROW(WorkingCorpus(path() / "y"));
  first.reset();
  BOOST_CHECK_NO_THROW(WorkingCorpus(path() / "x"));
  write("file", "");
  BOOST_CHECK_THROW(WorkingCorpus(path() / "file"), std::runtime_error);
}

// As SIGKILL or a power cut may leave it, at any place.
BOOST_AUTO_TEST_CASE(what_was_cut_off_is_cleaned_up) {
  const auto check = [&](const Names& expected) {
    {
      const WorkingCorpus corpus(path() / "x");
    }
    BOOST_TEST((files_in(path()) == expected));
  };
  write("x/old", "1");
  write(".merge-x/fresh/new", "2");
  check({"x/old"});
  // Between the two renamings.
  fs::create_directory(path() / ".merge-x");
  fs::rename(path() / "x", path() / ".merge-x/old");
  write(".merge-x/fresh/new", "2");
  check({"x/old"});
  // The same, and a fuzzer has made a new folder.
  fs::create_directory(path() / ".merge-x");
  fs::rename(path() / "x", path() / ".merge-x/old");
  fs::create_directory(path() / "x");
  check({"x/old"});
  // Behind them.
  write(".merge-x/old/older", "0");
  check({"x/old"});
}

BOOST_AUTO_TEST_SUITE_END()
