// Corpora made as small as they can be with the same coverage, by libFuzzer.
//
// libFuzzer does the work (-merge=1), in a process that is started again behind
// every input that ends it. Two things about it matter here. Of inputs of the same
// size it takes those first that the file system lists first, and what is kept
// depends on the order; so we decide the order. And what happens once in a process
// only (a table is filled, memory is allocated) counts as coverage of the first
// input after every start; so what was merged in several processes is merged once
// more. The same inputs always come to the same corpus.
//
// Whatever goes wrong is thrown, as a std::runtime_error that says what.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "fuzz/triage/child.h"

namespace shootdown {

// The order in which inputs are merged: the smallest first.
struct SmallestFirst {
  bool operator()(std::string_view left, std::string_view right) const {
    return left.size() != right.size() ? left.size() < right.size() : left < right;
  }
};

// The contents of inputs, each once.
using Contents = std::set<std::string, SmallestFirst>;

struct Merged {
  Contents kept;
  std::size_t edges = 0;
  std::size_t features = 0;
  bool in_one_process = true;  // no input has ended the target
};

// What ended the target, and so is in no corpus.
struct EndedTarget {
  Contents inputs;
  std::map<std::string, std::size_t> facts;  // what the target said of it, with N for numbers; and how often
};

class LibFuzzerMerge {
 public:
  struct Settings {
    std::filesystem::path target;   // built with libFuzzer
    std::string oracles;            // what it judges by: SHOOTDOWN_ORACLES
    std::filesystem::path scratch;  // a folder of our own
    // Told from time to time how many inputs of how many have been begun. May be nothing.
    std::function<void(std::size_t, std::size_t)> progress;
  };

  LibFuzzerMerge(Settings settings, const HeldSignals& signals);

  // Merges inputs, but for those that have ended the target before. What is kept also lies in the folder kept(), named as
  // libFuzzer names its finds, until the next merge. Ends early if a signal comes that is held.
  Merged merge(Contents inputs);
  std::filesystem::path kept() const { return settings_.scratch / "kept"; }

  // Of all merges so far.
  const EndedTarget& ended() const { return ended_; }

 private:
  Merged merge_once(const Contents& inputs);
  void lay_out(const Contents& inputs) const;
  void run_target(std::size_t total);
  void require_all_begun(std::size_t total) const;
  Merged take_stock(const Contents& inputs);
  [[noreturn]] void fail(std::string_view what) const;

  Settings settings_;
  const HeldSignals& signals_;
  EndedTarget ended_;
};

}  // namespace shootdown
