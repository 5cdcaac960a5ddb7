// What is wrong with an input, or with a name that a user has given.
#pragma once

#include <string>

namespace shootdown {

// It happens outside of any run, and is said to people.
struct InputError {
  std::string message;  // one or more lines
};

}  // namespace shootdown
