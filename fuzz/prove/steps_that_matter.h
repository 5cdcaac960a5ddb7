// At which places of a kernel's code another CPU has to come to run, that nothing is missed of a program.
//
// Those at which an access meets another one, in all the runs of a search (visible_places.h), and in some that are drawn before, so
// that most are known when it begins. Whenever the search's runs show one more, what was searched before was searched with too few:
// it begins again, until there is none. A kernel that is not code has no places, and each of its steps matters.
#pragma once

#include <cstddef>

#include "engine/defects.h"
#include "engine/program/program.h"
#include "engine/run/code.h"
#include "engine/run/engine.h"
#include "fuzz/prove/visible_places.h"

namespace shootdown {

class StepsThatMatter {
 public:
  // Of a program that the engine does not refuse.
  StepsThatMatter(const Engine& engine, const Program& program, Defect defect);
  StepsThatMatter(const StepsThatMatter&) = delete;
  StepsThatMatter& operator=(const StepsThatMatter&) = delete;

  // For a search, and valid as long as this is.
  CodeWatch watch() { return {.preemptible = &places_, .observer = &seen_}; }
  std::size_t places() const { return known_; }

  // Returns whether the runs have shown places that were none until now.
  bool take_in_new_ones() {
    if (seen_.visible().size() == known_) return false;
    for (const std::size_t place : seen_.visible()) places_.list(place);
    known_ = seen_.visible().size();
    return true;
  }

 private:
  VisibleCode places_{VisibleCode::Listed::visible};
  VisiblePlaces seen_{VisiblePlaces::Meet::in_all};
  std::size_t known_ = 0;
};

}  // namespace shootdown
