// `shootdown defects`: lists the planted mistakes, or measures how soon each is caught.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fuzz/io/console.h"

namespace shootdown {

struct DefectsOptions {
  std::vector<std::string> names;  // empty: all
  bool measure = false;
  std::size_t runs = 2000;        // at most, for each mistake
  std::string corpus = "corpus";  // where the programs come from
};

ExitStatus defects_command(const DefectsOptions& options, Console& console);

}  // namespace shootdown
