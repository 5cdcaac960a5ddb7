// Searches that are stopped, and gone on with elsewhere.
#include "fuzz/prove/checkpoint.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "fuzz/io/files.h"
#include "fuzz/language/text.h"
#include "test/files.h"
#include "test/inputs.h"

using namespace shootdown;

namespace {

using State = Explorer::State;

constexpr std::uint64_t no_limit = ~std::uint64_t{0};

struct Searches : TemporaryFolder {
  Program program = input_of(
                        "shootdown 2\n"
                        "machine cpus 2, pages 1, words 1\n"
                        "cpu 0: store page 0 word 0\n"
                        "cpu 1: dontneed page 0\n"
                        "cpu 0: fsync page 0\n"
                        "cpu 0: store page 0 word 0\n")
                        .document.program;
  const Engine* engine = find_engine("eager_dirty");
  ExplorerSettings settings = preemptions();
  std::string file = path("search");

  static ExplorerSettings preemptions() {
    ExplorerSettings settings{.exceptions = Simulation::can_save ? 4 : 1};
    settings.freedoms.insert(Freedom::preempt);
    return settings;
  }

  std::unique_ptr<Explorer> explorer() const { return std::make_unique<Explorer>(*engine, program, settings); }

  // What is said when this search goes on from the file.
  std::string refusal() const {
    const std::optional<InputError> error = load_checkpoint(file, *explorer());
    return error.has_value() ? error->message : "";
  }
  void keep(std::uint64_t runs) const {
    const auto stopped = explorer();
    BOOST_TEST((stopped->search(runs) == State::goes_on));
    BOOST_TEST(save_checkpoint(file, *stopped) == 0);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(checkpoint, Searches)

BOOST_AUTO_TEST_CASE(who_goes_on_comes_to_the_same) {
  for (const bool backwards : {false, true}) {
    settings.backwards = backwards;
    settings.workers = 1;
    const auto whole = explorer();
    const State end = whole->search(no_limit);
    for (const std::uint64_t runs : {0U, 1U, 30U, 70U}) {
      settings.workers = runs % 2 == 0 ? 1 : 2;
      keep(runs);
      settings.workers = 3 - settings.workers;
      const auto rest = explorer();
      BOOST_TEST(!load_checkpoint(file, *rest).has_value());
      BOOST_TEST(rest->runs() == runs);
      BOOST_TEST((rest->search(no_limit) == end));
      BOOST_TEST(rest->states() == whole->states());
      BOOST_TEST(rest->digest() == whole->digest());
      BOOST_TEST(rest->exceptions() == whole->exceptions());
    }
  }
}

BOOST_AUTO_TEST_CASE(what_breaks_is_found_as_if_nothing_had_been) {
  settings.oracles.insert(OracleId::lost_dirty_data);
  const auto whole = explorer();
  BOOST_TEST((whole->search(no_limit) == State::broken));
  keep(whole->runs() / 2);
  const auto rest = explorer();
  BOOST_TEST(!load_checkpoint(file, *rest).has_value());
  BOOST_TEST((rest->search(no_limit) == State::broken));
  BOOST_TEST(print(rest->counterexample()) == print(whole->counterexample()));
  BOOST_TEST(rest->states() == whole->states());
}

BOOST_AUTO_TEST_CASE(who_has_more_memory_goes_on) {
  settings.memory = 1;
  const auto full = explorer();
  BOOST_TEST((full->search(no_limit) == State::out_of_memory));
  BOOST_TEST(save_checkpoint(file, *full) == 0);
  settings = preemptions();
  const auto rest = explorer();
  BOOST_TEST(!load_checkpoint(file, *rest).has_value());
  BOOST_TEST((rest->search(no_limit) == State::bound_reached));
}

BOOST_AUTO_TEST_CASE(another_search_is_refused) {
  keep(20);
  BOOST_TEST(refusal() == "");
  const std::string here = file + ": cannot go on from there: it is another search: ";
  const auto is_refused_for = [&](std::string_view name) {
    return refusal().starts_with(here + std::string(name) + " ");
  };
  const ExplorerSettings before = settings;
  settings.exceptions = 0;
  BOOST_TEST(is_refused_for("exceptions"));
  settings = before;
  settings.freedoms.insert(Freedom::late);
  BOOST_TEST(refusal() == here + "may preempt, and here preempt,late");
  settings = before;
  settings.oracles.insert(OracleId::batch);
  BOOST_TEST(is_refused_for("oracles"));
  settings = before;
  settings.defect = Defect::last_entry_skipped;
  BOOST_TEST(is_refused_for("defect"));
  settings = before;
  settings.forgets = false;
  BOOST_TEST(is_refused_for("forgetting"));
  settings = before;
  settings.merges = !settings.merges;
  BOOST_TEST(is_refused_for("merging"));
  settings = before;
  settings.backwards = true;
  BOOST_TEST(is_refused_for("order"));
  settings = before;
  engine = find_engine("delayed_rmap");
  BOOST_TEST(refusal() == here + "engine eager_dirty, and here delayed_rmap");
  engine = find_engine("eager_dirty");
  program.machine.words = 2;
  BOOST_TEST(is_refused_for("program"));
}

BOOST_AUTO_TEST_CASE(another_model_and_another_build_are_refused) {
  keep(20);
  const std::string bytes = read_file(file);
  for (const std::string_view name : {"model", "build"}) {
    std::string other = bytes;
    const std::size_t value = other.find("\n" + std::string(name) + " ") + name.size() + 2;
    other[value] = other[value] == '9' ? '8' : '9';
    write_file(file, other);
    BOOST_TEST(refusal().starts_with(file + ": cannot go on from there: it is another search: " + std::string(name)));
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_as_it_was_written_is_refused) {
  keep(20);
  const std::string bytes = read_file(file);
  const std::string damaged = file + ": cannot go on from there: it is damaged, or was not written to its end";
  const std::size_t head = bytes.find("\n\n") + 2;
  for (const std::size_t size : {bytes.size() - 1, bytes.size() - 8, bytes.size() / 2, head + 8, head, head - 1}) {
    write_file(file, bytes.substr(0, size));
    BOOST_TEST(refusal() == damaged);
  }
  write_file(file, bytes + "x");
  BOOST_TEST(refusal() == damaged);
  // Any bit of any byte behind the lines.
  for (std::size_t at = head; at < bytes.size(); at += 61) {
    std::string other = bytes;
    other[at] = static_cast<char>(other[at] ^ (1 << at % 8));
    write_file(file, other);
    BOOST_TEST(refusal() == damaged);
  }
  for (const std::string_view other : {"", "x", "shootdown 2\n"}) {
    write_file(file, other);
    BOOST_TEST(refusal() == file + ": cannot go on from there: it is no search that was stopped");
  }
  file = path("missing");
  BOOST_TEST(refusal() == file + ": cannot open");
}

BOOST_AUTO_TEST_SUITE_END()
