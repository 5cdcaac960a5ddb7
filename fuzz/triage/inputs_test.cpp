// Loading inputs, and telling them from what lies beside them in the folders of fuzzers.
#include "fuzz/triage/inputs.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "fuzz/language/codec.h"
#include "test/files.h"
#include "test/inputs.h"
#include "test/output.h"

using namespace shootdown;
namespace fs = std::filesystem;

BOOST_AUTO_TEST_SUITE(inputs)

namespace {

constexpr std::string_view program =
    "shootdown 2\n"
    "expect eager_dirty holds\n"
    "cpu 0: store page 0 word 0\n"
    "cpu 1: dontneed page 0\n";

std::string without_root(const TemporaryFolder& folder, std::string line) {
  const std::string root = folder.path().string() + "/";
  for (std::size_t at = line.find(root); at != std::string::npos; at = line.find(root)) line.erase(at, root.size());
  return line;
}

// What a path in a folder leads to: the inputs' paths, "PATH=BYTES" if `with_bytes`, and errors; without the folder.
std::vector<std::string> visited(const TemporaryFolder& folder, const std::string& path, bool with_bytes = false,
                                 AflPart part = AflPart::all) {
  std::vector<std::string> result;
  const auto visit = [&](const std::variant<RawInput, InputError>& loaded) {
    std::string line;
    if (const auto* const error = std::get_if<InputError>(&loaded)) {
      line = error->message;
    } else {
      const RawInput& raw = std::get<RawInput>(loaded);
      line = with_bytes ? raw.path + "=" + raw.bytes : raw.path;
    }
    result.push_back(without_root(folder, line));
    return true;
  };
  visit_inputs(folder.path(path), visit, part);
  return result;
}

// What is listed in a folder, and errors, both without it.
std::vector<std::string> listed(const TemporaryFolder& folder, const std::string& path) {
  const Listing listing = list_inputs(folder.path(path));
  std::vector<std::string> result;
  for (const InputError& error : listing.errors) result.push_back(without_root(folder, error.message));
  for (const fs::path& input : listing.inputs) result.push_back(without_root(folder, input.string()));
  return result;
}

void check_equal(const std::vector<std::string>& found, const std::vector<std::string>& expected) {
  BOOST_TEST(found == expected, boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_CASE(text_and_bytes_are_told_apart) {
  BOOST_TEST(input_of(program).text);
  const auto encoded = read_input("crash", as_characters(encode(input_of(program).document.program)));
  BOOST_REQUIRE(std::holds_alternative<Input>(encoded));
  BOOST_TEST(!std::get<Input>(encoded).text);
  BOOST_TEST((std::get<Input>(encoded).document.program == input_of(program).document.program));
  BOOST_TEST(!std::get<Input>(read_input("crash", "")).text);
  // Whatever it looks like, a .program is text.
  BOOST_TEST(contains(error_of(read_input("x.program", "")), "x.program:1:1: "));
  BOOST_TEST(contains(error_of(read_input("x.program", std::string_view("\x00\x01", 2))), "x.program:1:1: "));
  BOOST_TEST(is_text("x.program", ""));
  BOOST_TEST(is_text("x", program));
  BOOST_TEST(!is_text("x", ""));
}

BOOST_AUTO_TEST_CASE(expectations_name_what_there_is) {
  const std::string engine = error_of(read_input("f", "shootdown 2\n\nexpect nobody holds\n"));
  BOOST_TEST(contains(engine, "f:3: there is no engine 'nobody'; there are: eager_dirty"));
  const std::string oracle = error_of(read_input("f", "shootdown 2\nexpect eager_dirty breaks nothing\n"));
  BOOST_TEST(contains(oracle, "f:2: there is no oracle 'nothing'; there are: page-cache-contents"));
}

BOOST_AUTO_TEST_CASE(expectations_may_name_what_another_build_has) {
  const Input input = input_of("shootdown 2\nexpect linux-none.such holds\nexpect eager_dirty holds\n");
  BOOST_TEST(input.document.expectations.size() == 2U);
  const std::string misspelt = error_of(read_input("f", "shootdown 2\nexpect linux_6 holds\n"));
  BOOST_TEST(contains(misspelt, "f:2: there is no engine 'linux_6'; there are: eager_dirty"));
  // Their oracles are those of every build.
  const std::string oracle = error_of(read_input("f", "shootdown 2\nexpect linux-none.such breaks nothing\n"));
  BOOST_TEST(contains(oracle, "f:2: there is no oracle 'nothing'"));
}

BOOST_AUTO_TEST_CASE(files_are_loaded) {
  const TemporaryFolder folder;
  const std::string file = folder.write("a.program", program).string();
  const auto loaded = load_input(file);
  BOOST_REQUIRE(std::holds_alternative<Input>(loaded));
  BOOST_TEST(std::get<Input>(loaded).name == file);
  BOOST_TEST(std::get<Input>(loaded).document.expectations.size() == 1U);

  BOOST_TEST(contains(error_of(load_input(folder.path("none"))), "none: cannot open: No such file or directory"));
  BOOST_TEST(contains(error_of(load_input(folder.path().string())), ": is a folder; expected a file"));
  BOOST_TEST(error_of(load_input("")) == "the name of a file is empty");
  BOOST_TEST(error_of(load_input("none\x1B[31m\n")) == "none\\x1B[31m\\x0A: cannot open: No such file or directory");
  BOOST_TEST(
      contains(error_of(load_input(folder.write("bad.program", "shootdown 2\nfoo\n").string())), "bad.program:2:1: "));
  BOOST_TEST(std::holds_alternative<Input>(load_input(folder.write("mib", std::string(1U << 20U, 'x')))));
  BOOST_TEST(std::holds_alternative<Input>(load_input(folder.write("just", std::string(max_input_size, '\x80')))));
  const std::string large = folder.write("large", std::string(max_input_size + 1, '\x80')).string();
  BOOST_TEST(contains(error_of(load_input(large)), "large: too large: an input has at most 16 MiB"));
  fs::permissions(file, fs::perms::none);
  const Unprivileged scope;
  BOOST_TEST(contains(error_of(load_input(file)), "cannot open: Permission denied"));
}

BOOST_AUTO_TEST_CASE(folders_are_listed_in_order) {
  const TemporaryFolder folder;
  for (const char* const name :
       {"b", "a.program", "sub/c", "sub/.hidden", ".git/config", "README.md", "seeds.zip", "words.dict", "tried.c",
        "fuzz.options", "z.txt", "fuzz-0.log", "README", "README.txt"})
    folder.write(name, "x");
  fs::create_directory(folder.path() / "empty");
  check_equal(listed(folder, ""), {"a.program", "b", "seeds.zip", "sub/c", "z.txt"});
  check_equal(listed(folder, "empty"), {"empty: there are no inputs in this folder"});
  check_equal(listed(folder, "none"), {"none: cannot list the folder: No such file or directory"});
}

BOOST_AUTO_TEST_CASE(links_are_followed_but_not_in_circles) {
  const TemporaryFolder folder;
  folder.write("elsewhere/e", "x");
  folder.write("in/real/r", "x");
  fs::create_symlink("../elsewhere/e", folder.path("in/file"));
  fs::create_directory_symlink("../elsewhere", folder.path("in/folder"));
  fs::create_directory_symlink("real", folder.path("in/second"));  // listed as real is, not twice
  fs::create_directory_symlink("..", folder.path("elsewhere/up"));
  fs::create_directory_symlink("../real", folder.path("in/real/circle"));
  fs::create_symlink("nowhere", folder.path("in/lost"));
  fs::create_symlink("itself", folder.path("in/itself"));
  check_equal(listed(folder, "in"), {"in/file", "in/folder/e", "in/itself", "in/lost", "in/real/r"});
}

BOOST_AUTO_TEST_CASE(what_cannot_be_listed_does_not_hide_the_rest) {
  const TemporaryFolder folder;
  for (const char* const name : {"in/a", "in/locked/b", "in/sub/c"}) folder.write(name, "x");
  fs::permissions(folder.path("in/locked"), fs::perms::none);
  {
    const Unprivileged scope;
    check_equal(visited(folder, "in"), {"in/locked: cannot list the folder: Permission denied", "in/a", "in/sub/c"});
    check_equal(listed(folder, "in/locked"), {"in/locked: cannot list the folder: Permission denied"});
  }
  fs::permissions(folder.path("in/locked"), fs::perms::owner_all);
}

// --- layouts ---

BOOST_AUTO_TEST_CASE(what_libfuzzer_leaves) {
  const TemporaryFolder folder;
  const std::string hash(40, 'a');
  for (const std::string& name : {"crash-" + hash, "leak-" + hash, "oom-" + hash, "slow-unit-" + hash,
                                  "timeout-" + hash, "minimized-from-" + hash, "corpus/" + hash})
    folder.write("out/" + name, "x");
  for (const char* const name : {"out/fuzz-0.log", "out/fuzz-17.log"}) folder.write(name, "INFO: Seed: 1\n");
  check_equal(visited(folder, "out"),
              {"out/corpus/" + hash, "out/crash-" + hash, "out/leak-" + hash, "out/minimized-from-" + hash,
               "out/oom-" + hash, "out/slow-unit-" + hash, "out/timeout-" + hash});
}

// As afl-fuzz 4.04 writes it with -M and -S, after a second session.
const std::vector<std::string> afl_inputs{
    "crashes/id:000000,sig:06,src:000001,time:3237,execs:6076,op:havoc,rep:4",
    "crashes.2026-11-22-13:39:51/id:000000,sig:11,src:000001,time:2426,execs:3527,op:havoc,rep:2",
    "hangs/id:000000,src:000006,time:2457,execs:4409,op:havoc,rep:2",
    "queue/id:000000,time:0,execs:0,orig:b",
    "queue/id:000003,sync:main,src:000004,+cov",
};
const std::vector<std::string> afl_others{
    ".cur_input",
    ".synced/s1",
    ".synced/s1.last",
    "cmdline",
    "crashes.2026-11-22-13:39:51/README.txt",
    "crashes/README.txt",
    "fuzz_bitmap",
    "fuzzer_setup",
    "fuzzer_stats",
    "is_main_node",
    "plot_data",
    "queue/.state/auto_extras/auto_000000",
    "queue/.state/deterministic_done/id:000000,time:0,execs:0,orig:b",
    "queue/.state/redundant_edges/id:000003,sync:main,src:000004,+cov",
    "target_hash",
};

BOOST_AUTO_TEST_CASE(what_afl_leaves) {
  const TemporaryFolder folder;
  std::vector<std::string> expected;
  for (const std::string instance : {"sync/main/", "sync/s1/"}) {
    for (const std::string& name : afl_others) folder.write(instance + name, "x");
    for (const std::string& name : afl_inputs) {
      folder.write(instance + name, "x");
      expected.push_back(instance + name);
    }
  }
  check_equal(visited(folder, "sync"), expected);
  check_equal(visited(folder, "sync/main/hangs"), {"sync/main/" + afl_inputs[2]});
  // Taken away from there, a folder of crashes is still one.
  fs::rename(folder.path("sync/main/crashes"), folder.path("crashes"));
  check_equal(visited(folder, "crashes"), {afl_inputs[0]});
  // One file named so does not make the other ones statistics.
  folder.write("plain/cmdline", "x");
  check_equal(visited(folder, "plain"), {"plain/cmdline"});
}

BOOST_AUTO_TEST_CASE(what_afl_leaves_may_be_in_an_archive) {
  const TemporaryFolder folder;
  TemporaryFolder::Members members;
  std::vector<std::string> expected;
  for (const std::string& name : afl_others) members.emplace_back("main/" + name, "x");
  for (const std::string& name : afl_inputs) {
    members.emplace_back("main/" + name, "x");
    expected.push_back("sync.zip:main/" + name);
  }
  folder.write_zip("sync.zip", members);
  check_equal(visited(folder, "sync.zip"), expected);
}

BOOST_AUTO_TEST_CASE(of_what_afl_leaves_a_part_can_be_had) {
  const TemporaryFolder folder;
  TemporaryFolder::Members members;
  // An instance that has only begun has no fuzzer_stats yet.
  for (const std::string& name : afl_inputs) {
    folder.write("sync/main/" + name, "x");
    members.emplace_back("main/" + name, "x");
  }
  folder.write("sync/main/fuzzer_setup", "x");
  folder.write("sync/main/crashes/below/deeper", "x");
  folder.write("sync/main/crashes-by-hand/x", "x");
  folder.write("sync/plain/hangs/x", "x");
  members.emplace_back("main/fuzzer_setup", "x");
  members.emplace_back("hangs/x", "x");
  folder.write_zip("sync.zip", members);
  check_equal(visited(folder, "sync", false, AflPart::crashes),
              {"sync/main/crashes/below/deeper", "sync/main/" + afl_inputs[0], "sync/main/" + afl_inputs[1],
               "sync/plain/hangs/x"});
  check_equal(visited(folder, "sync", false, AflPart::queue),
              {"sync/main/" + afl_inputs[3], "sync/main/" + afl_inputs[4], "sync/plain/hangs/x"});
  check_equal(visited(folder, "sync.zip", false, AflPart::crashes),
              {"sync.zip:main/" + afl_inputs[0], "sync.zip:main/" + afl_inputs[1], "sync.zip:hangs/x"});
  check_equal(visited(folder, "sync.zip", false, AflPart::queue),
              {"sync.zip:main/" + afl_inputs[3], "sync.zip:main/" + afl_inputs[4], "sync.zip:hangs/x"});
  // What is named counts, whatever it is.
  check_equal(visited(folder, "sync/main/hangs", false, AflPart::crashes), {"sync/main/" + afl_inputs[2]});
}

BOOST_AUTO_TEST_CASE(where_nothing_is_there_is_no_mistake) {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "empty");
  folder.write("empty.zip", std::string("PK\5\6", 4) + std::string(18, '\0'));
  for (const char* const name : {"empty", "empty.zip", "none"}) {
    bool visited_once = false;
    visit_inputs(folder.path(name), [&](const std::variant<RawInput, InputError>& loaded) {
      visited_once = true;
      BOOST_TEST_REQUIRE(std::holds_alternative<InputError>(loaded));
      BOOST_TEST(std::get<InputError>(loaded).no_input == std::string_view(name).starts_with("empty"));
      return true;
    });
    BOOST_TEST(visited_once);
  }
}

BOOST_AUTO_TEST_CASE(what_oss_fuzz_leaves) {
  const TemporaryFolder folder;
  const std::string testcase = "clusterfuzz-testcase-minimized-fuzz_eager_dirty-5234105938116608";
  folder.write("oss/" + testcase, "x");
  folder.write("oss/fuzz_eager_dirty.dict", "x");
  folder.write("oss/fuzz_eager_dirty.options", "x");
  folder.write_zip("oss/fuzz_eager_dirty_seed_corpus.zip", {{"one", "1"}, {"two.program", std::string(program)}});
  folder.write_zip("oss/public.zip", {{"regressions/", ""}, {"regressions/b", "2"}, {std::string(40, 'f'), "3"}});
  check_equal(visited(folder, "oss"), {"oss/" + testcase, "oss/fuzz_eager_dirty_seed_corpus.zip:one",
                                       "oss/fuzz_eager_dirty_seed_corpus.zip:two.program",
                                       "oss/public.zip:regressions/b", "oss/public.zip:" + std::string(40, 'f')});
}

// --- archives ---

BOOST_AUTO_TEST_CASE(members_of_archives_are_inputs) {
  const TemporaryFolder folder;
  folder.write_zip("a.zip", {{"b", std::string("\0\1", 2)},
                             {"README.md", "x"},
                             {".hidden/c", "x"},
                             {"sub/", ""},
                             {"sub/d", std::string(100000, 'd')},
                             {"empty", ""}});
  check_equal(visited(folder, "a.zip", true),
              {std::string("a.zip:b=\0\1", 10), "a.zip:sub/d=" + std::string(100000, 'd'), "a.zip:empty="});
  const auto member = load_bytes(folder.path("a.zip:sub/d"));
  BOOST_REQUIRE(std::holds_alternative<RawInput>(member));
  BOOST_TEST(std::get<RawInput>(member).bytes.size() == 100000U);
  check_equal(visited(folder, "a.zip:empty"), {"a.zip:empty"});
  check_equal(visited(folder, "a.zip:none"), {"a.zip: there is no member 'none' in this archive"});
  BOOST_TEST(
      contains(error_of(load_bytes(folder.path("none.zip:b"))), "none.zip: cannot open the archive: No such file"));
  BOOST_TEST(
      contains(error_of(load_bytes(folder.path("a.zip"))), "a.zip: is an archive; expected a file, or a member as "));
  // Where there is such a file, that is meant.
  folder.write("a.zip:b", "file");
  check_equal(visited(folder, "a.zip:b", true), {"a.zip:b=file"});
}

// Names as Info-ZIP and others write them.
BOOST_AUTO_TEST_CASE(names_of_members_may_be_odd) {
  const TemporaryFolder folder;
  folder.write_zip(
      "a.zip", {{"./a", "1"}, {"../b", "2"}, {"./.hidden", "x"}, {"c\x1B\n", "3"}, {"-d", "4"}, {"\xC3\xA4\xFF", "5"}});
  const std::vector<std::string> expected{"a.zip:./a=1", "a.zip:../b=2", "a.zip:c\x1B\n=3", "a.zip:-d=4",
                                          "a.zip:\xC3\xA4\xFF=5"};
  check_equal(visited(folder, "a.zip", true), expected);
  for (const std::string& one : expected) check_equal(visited(folder, one.substr(0, one.rfind('=')), true), {one});
  check_equal(visited(folder, "a.zip:none\n"), {"a.zip: there is no member 'none\\x0A' in this archive"});
  BOOST_TEST((RawInput{.path = "a.zip:c\x1B\n", .bytes = {}}.name() == "a.zip:c\\x1B\\x0A"));

  folder.write_zip_with_twins("twins.zip", "same", "1", "2");
  check_equal(visited(folder, "twins.zip", true),
              {"twins.zip:same=1", "twins.zip:same: is in the archive twice; the second one is left out"});
}

BOOST_AUTO_TEST_CASE(bad_archives_are_said_and_the_rest_is_visited) {
  const TemporaryFolder folder;
  folder.write("in/a-not.zip", "this is none");
  const fs::path whole = folder.write_zip("in/b-cut.zip", {{"a", std::string(1000, 'a')}, {"b", "b"}});
  fs::resize_file(whole, fs::file_size(whole) - 30);
  folder.write_zip("in/c-encrypted.zip", {{"a", "secret"}}, "password");
  folder.write_zip("in/d-large.zip", {{"a", "1"}, {"large", std::string(max_input_size + 1, 'x')}, {"z", "2"}});
  folder.write_zip("in/e-nested.zip", {{"inner.zip", "x"}, {"z", "3"}});
  folder.write("in/f-empty.zip", "");
  folder.write_zip("in/g-nothing.zip", {{"README.md", "x"}});
  folder.write("in/h", "4");
  check_equal(visited(folder, "in", true),
              {"in/a-not.zip: cannot open the archive: Not a zip archive",
               "in/b-cut.zip: cannot open the archive: Not a zip archive",
               "in/c-encrypted.zip:a: is encrypted, which cannot be read; expected a member without password",
               "in/d-large.zip:a=1", "in/d-large.zip:large: too large: an input has at most 16 MiB",
               "in/d-large.zip:z=2", "in/e-nested.zip:inner.zip: is an archive in an archive; extract it",
               "in/e-nested.zip:z=3", "in/f-empty.zip: cannot open the archive: Not a zip archive",
               "in/g-nothing.zip: there are no inputs in this archive", "in/h=4"});
}

BOOST_AUTO_TEST_CASE(a_damaged_member_is_said) {
  const TemporaryFolder folder;
  std::string contents;
  for (unsigned i = 0; i < 4000; ++i) contents += static_cast<char>(i * i % 251);
  const fs::path path = folder.write_zip("a.zip", {{"a", contents}, {"b", "b"}});
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(100);
  file.write("\xFF\xFF\xFF\xFF", 4);
  file.close();
  const std::vector<std::string> found = visited(folder, "a.zip");
  BOOST_REQUIRE(found.size() == 2U);
  BOOST_TEST(found[0].starts_with("a.zip:a: cannot read: "), found[0]);
  BOOST_TEST(found[1] == "a.zip:b");
}

BOOST_AUTO_TEST_CASE(a_visit_can_be_ended) {
  const TemporaryFolder folder;
  folder.write("in/a", "1");
  folder.write_zip("in/b.zip", {{"c", "2"}, {"d", "3"}});
  folder.write("in/e", "4");
  for (int limit = 1; limit <= 4; ++limit) {
    int visits = 0;
    BOOST_TEST(!visit_inputs(folder.path("in"), [&](const auto&) { return ++visits < limit; }));
    BOOST_TEST(visits == limit);
  }
}

BOOST_AUTO_TEST_SUITE_END()
