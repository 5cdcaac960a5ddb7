// The program `shootdown`.
#include <csignal>
#include <cstdio>

#include "fuzz/command_line.h"

int main(int argc, char** argv) {
  // Who stops reading our output shall find an error in our exit status, as with any other failed write.
  std::signal(SIGPIPE, SIG_IGN);
  return shootdown::shootdown_main(argc, argv, stdout, stderr);
}
