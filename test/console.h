// Helpers for tests: running commands of the tool.
#pragma once

#include <cstdio>

#include <boost/test/unit_test.hpp>

#include "fuzz/io/console.h"
#include "test/output.h"

namespace shootdown {

// What comes of a command, given what to do with the console.
template <typename Command>
Result result_of(const Command& command) {
  const File out(std::tmpfile());
  const File err(std::tmpfile());
  BOOST_REQUIRE(out != nullptr && err != nullptr);
  ExitStatus status = exit_fine;
  {
    Console console(out.get(), err.get());
    status = command(console);
    console.out().flush();
  }
  return {status, contents(out.get()), contents(err.get())};
}

}  // namespace shootdown
