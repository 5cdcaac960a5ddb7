// The program `shootdown`.
#include <csignal>
#include <cstdio>
#include <initializer_list>

#include <fcntl.h>
#include <unistd.h>

#include "fuzz/tool/command_line.h"

namespace {

// The number of a closed standard stream would go to the next file that is opened, and so would what is printed. What
// gets it instead can neither be read nor written.
void occupy_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) < 0) ::open("/", O_PATH);
  }
}

}  // namespace

int main(int argc, char** argv) {
  occupy_closed_streams();
  // Who stops reading our output shall find an error in our exit status, as with any other failed write.
  std::signal(SIGPIPE, SIG_IGN);
  return shootdown::shootdown_main(argc, argv, stdout, stderr);
}
