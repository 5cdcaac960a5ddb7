// What is wrong with an input, or with a name that a user has given.
#pragma once

#include <string>

namespace shootdown {

// It happens outside of any run, and is said to people.
struct InputError {
  std::string message;    // one or more lines
  bool no_input = false;  // nothing is wrong but that a folder or an archive has no inputs
};

}  // namespace shootdown
