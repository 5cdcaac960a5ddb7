// How a process that we start is tied to us, and how we say that it has ended.
#pragma once

#include <string>

#include <sys/types.h>

namespace shootdown {

// In a child: sees to it that it dies with its parent.
void die_with(pid_t parent);

// How a process has ended, by its wait status: "exited with status 1", "killed by signal 6 (Aborted)".
std::string describe_end(int status);

}  // namespace shootdown
