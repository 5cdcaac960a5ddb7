// What came of searches, kept in a file: a line of JSON for each, which says what was searched for and what came of it.
//
// Lines are only added, so that a search that was killed goes on where it was, and files of several machines can be put
// together (`sort -u`). What a search comes to, the number of its states, too, is the same in every process, unless
// time or memory ran out: then it is undecided, and any other line about it says more.
//
// A last line that was not written to its end is cut off. All else that is no such line is an error: nothing is
// written to a file that is not ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "fuzz/io/input_error.h"
#include "fuzz/prove/explorer.h"
#include "oracles/oracles.h"

namespace shootdown {

// What is searched.
struct Search {
  std::string engine;
  std::string machine;
  std::string program;            // in a line
  std::string may;                // names of freedoms, with commas between
  std::optional<int> exceptions;  // at most so many
  OracleSet oracles;              // that must not break
  std::string defect;             // a planted mistake; empty: none
};

// A line's part that says so, with the version of the model.
std::string name_of(const Search& search);

// What came of it.
struct SearchOutcome {
  enum class Verdict : std::uint8_t {
    holds,        // for every schedule
    holds_up_to,  // for all that were asked for: with up to so many exceptions
    breaks,
    no_time,  // undecided
    no_memory,
  };

  Verdict verdict = Verdict::holds;
  int exceptions = 0;  // that were searched to the end, -1: not even none; of what breaks, the fewest
  std::uint64_t states = 0;
  std::uint64_t digests = 0;  // that had to be told apart to find them, at most
  OracleSet broken;           // of what breaks
  double limit = 0;           // of what is undecided: the seconds or MB that were not enough

  bool operator==(const SearchOutcome&) const = default;
  bool is_decided() const { return verdict != Verdict::no_time && verdict != Verdict::no_memory; }
};

// What a search has come to, `goes_on` if nobody let it go on.
SearchOutcome result_of(const Explorer& explorer, Explorer::State state);

std::string json_of(const SearchOutcome& result);
// Of what json_of() has made.
SearchOutcome result_from_json(std::string_view json);

class Results {
 public:
  Results() = default;
  ~Results();
  Results(const Results&) = delete;
  Results& operator=(const Results&) = delete;

  // Reads the file, which is made if there is none, and keeps it for what is added. No other process can have it open
  // so. Once at most. Returns what is wrong, if anything.
  std::optional<InputError> open(const std::string& path);
  // Whether a line was cut off.
  bool was_torn() const { return was_torn_; }

  // What is known of a search; null: nothing. A verdict, if there is one.
  const SearchOutcome* find(const std::string& name) const;
  // Throws std::system_error if it cannot be written.
  void add(const std::string& name, const SearchOutcome& result);

 private:
  struct Line {
    SearchOutcome result;
    std::size_t number;  // in the file; 0: it was added
  };

  std::optional<InputError> read(const std::string& path, std::string_view text);
  std::optional<InputError> read_line(std::string_view text, std::size_t number);
  const Line* keep(const std::string& name, const Line& line);

  std::unordered_map<std::string, Line> lines_;
  int file_ = -1;
  bool was_torn_ = false;
};

}  // namespace shootdown
