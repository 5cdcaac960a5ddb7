// The table of engines and what they break.
#include "fuzz/tool/engines_matrix.h"

#include <string>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "engine/sanitizer.h"
#include "fuzz/language/text.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/breakages.h"
#include "test/console.h"
#include "test/files.h"
#include "test/samples.h"
#include "test/silent_engine.h"
#include "test/stories.h"

using namespace shootdown;

namespace {

struct MatrixCorpus : TemporaryFolder {
  std::string lost = write("c/lost.program", lost_write);
  std::string fine = write("c/fine.program", harmless);

  Result matrix(EnginesOptions options, std::span<const Engine* const> engines = all_engines()) {
    options.matrix = true;
    if (options.corpus == "corpus") options.corpus = path("c");
    return result_of([&](Console& console) { return engines_matrix_command(options, console, engines); });
  }
};

const nlohmann::json& cell_of(const nlohmann::json& table, std::string_view engine, std::string_view breakage) {
  for (const auto& row : table) {
    if (row["engine"].get<std::string>() != engine) continue;
    for (const auto& cell : row["breakages"]) {
      if (cell["breakage"].get<std::string>() == breakage) return cell;
    }
  }
  throw std::invalid_argument("there is no such cell");
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(engines_matrix, MatrixCorpus)

BOOST_AUTO_TEST_CASE(a_row_for_each_engine_and_a_program_for_each_yes) {
  const Result result = matrix({.engines = {"eager_dirty", "delayed_rmap"}, .runs = 2});
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST(result.out.starts_with("engine        lost data  fsync misses a store  dirtied unlocked"), result.out);
  BOOST_TEST(contains(result.out, "\neager_dirty   YES        YES                   no (2)"), result.out);
  BOOST_TEST(contains(result.out, "\ndelayed_rmap  no (2)     no (2)                no (2)"), result.out);
  const std::string head = "\n# eager_dirty - lost data (from " + lost + ")\nshootdown 2\n";
  BOOST_TEST(contains(result.out, head), result.out);
  BOOST_TEST(!contains(result.out, "\n# delayed_rmap "), result.out);
}

// What shows a breakage says so when it is replayed.
BOOST_AUTO_TEST_CASE(programs_can_read_it) {
  const Result result = matrix({.runs = 200 / one_in, .json = true});
  BOOST_TEST(result.status == 0, result.err);
  const auto table = nlohmann::json::parse(result.out);
  BOOST_TEST(table.size() == all_engines().size());
  const nlohmann::json& lost_data = cell_of(table, "eager_dirty", "lost data");
  BOOST_TEST(lost_data["shown"].get<bool>());
  BOOST_TEST(!lost_data["claimed"].get<bool>());
  BOOST_TEST(lost_data["oracle"].get<std::string>() == "lost-dirty-data");
  const auto parsed = parse(lost_data["program"].get<std::string>());
  BOOST_TEST_REQUIRE(std::holds_alternative<Document>(parsed));
  Replayer replayer(eager_dirty());
  BOOST_TEST(replayer.run(std::get<Document>(parsed).program).broken.contains(OracleId::lost_dirty_data));
  const nlohmann::json& never = cell_of(table, "delayed_rmap", "lost data");
  BOOST_TEST(!never["shown"].get<bool>());
  BOOST_TEST(never["judged"].get<bool>());
  BOOST_TEST(!never.contains("program"));
}

BOOST_AUTO_TEST_CASE(an_engine_that_breaks_what_it_claims_is_a_surprise) {
  const SilentEngine silent(eager_dirty(), kind_of<event::PutPage>);
  const Engine* const engines[] = {&silent};
  const Result result = matrix({.runs = 2}, engines);
  BOOST_TEST(result.status == 1);
  BOOST_TEST(contains(result.out, "\nsilent  not judged  YES"), result.out);
  BOOST_TEST(contains(result.out, "\n# silent breaks fsync-durability, which it claims (from " + lost + ")\n"),
             result.out);
  const auto table = nlohmann::json::parse(matrix({.runs = 2, .json = true}, engines).out);
  BOOST_TEST(table[0]["breaks_its_claim"]["oracle"].get<std::string>() == "fsync-durability");
}

BOOST_AUTO_TEST_CASE(the_same_each_time) {
  const EnginesOptions options{.engines = {"deferred_dirty"}, .runs = 100 / one_in, .json = true};
  BOOST_TEST(matrix(options).out == matrix(options).out);
}

// The corpus alone shows what is known of the engines. All of it is needed for that, which is too much for sanitizers.
BOOST_AUTO_TEST_CASE(what_is_known) {
  if (memory_is_sanitized) return;
  const Result result = matrix({.runs = 80, .corpus = "./corpus", .json = true});
  BOOST_TEST(result.status == 0, result.err);
  const auto table = nlohmann::json::parse(result.out);
  const auto shows = [&](std::string_view engine, std::string_view breakage) {
    return cell_of(table, engine, breakage)["shown"].get<bool>();
  };
  BOOST_TEST(shows("deferred_rmap_v2", "anon_vma freed"));
  for (const Breakage& breakage : all_breakages()) BOOST_TEST(!shows("delayed_rmap", breakage.name), breakage.name);
  BOOST_TEST(shows("eager_dirty", "lost data"));
  BOOST_TEST(shows("eager_dirty", "fsync misses a store"));
  BOOST_TEST(!shows("eager_dirty", "dirtied unlocked"));
  for (const std::string_view engine : {"deferred_dirty", "deferred_dirty_late_rmap"}) {
    BOOST_TEST(shows(engine, "fsync misses a store"), engine);
    BOOST_TEST(shows(engine, "dirtied unlocked"), engine);
    BOOST_TEST(shows(engine, "dirtied without buffers"), engine);
    BOOST_TEST(!shows(engine, "hangs"), engine);
  }
  BOOST_TEST(shows("deferred_dirty_late_rmap", "dropped while mapped"));
  BOOST_TEST(!shows("deferred_dirty_locked", "dirtied unlocked"));
  BOOST_TEST(shows("deferred_dirty_locked", "dirtied without buffers"));
  BOOST_TEST(shows("deferred_dirty_locked", "hangs"));
  BOOST_TEST(shows("deferred_rmap_v2", "dropped while mapped"));
  BOOST_TEST(!shows("deferred_rmap_v2", "lost data"));
}

BOOST_AUTO_TEST_CASE(bad_arguments_are_said) {
  const Result engine = matrix({.engines = {"none_such"}});
  BOOST_TEST(engine.status == 2);
  BOOST_TEST(contains(engine.err, "none_such"), engine.err);
  const Result folder = matrix({.corpus = path("none")});
  BOOST_TEST(folder.status == 2);
  BOOST_TEST(contains(folder.err, "none: cannot open: No such file or directory\n"), folder.err);
  write("bad/bad.program", "shootdown 2\nfoo\n");
  const Result bad = matrix({.corpus = path("bad")});
  BOOST_TEST(bad.status == 2);
  BOOST_TEST(contains(bad.err, "bad.program:2:1: "), bad.err);
}

BOOST_AUTO_TEST_SUITE_END()
