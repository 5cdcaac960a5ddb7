// Calls a function in a process of its own, which may die.
//
// The process is forked at the first call and serves one call after another: a
// call costs a message there and back, not a process. If the function crashes,
// exits, runs too long or prints something to standard error (a sanitizer that
// goes on after its report), the caller is told, and the next call gets a new
// process, forked from the caller as it is then. So every call finds the state
// that the caller has, not what a failed one has left behind.
//
// Promises: no call takes much longer than the limit, unless the function printed
// something: then the process must exit, too, for which finish() has a limit of its
// own. Time for which the caller itself is stopped hardly counts. The process does
// not outlive the object, nor the caller; it ends by exit(), so that what is done
// there is done (coverage profiles, a look for leaks). Cannot protect files or other
// processes from the function. The caller must have no other threads (to
// ThreadSanitizer, fibers are such), and something open as standard error, whose
// number the way to the process would get otherwise.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace shootdown {

class Isolation {
 public:
  // Takes a request and returns a reply, both any bytes.
  using Function = std::function<std::string(std::string_view)>;

  // What came of a call.
  struct Outcome {
    bool returned = false;
    bool timed_out = false;
    std::string reply;   // if it returned: what
    std::string end;     // else how it ended, for instance "killed by signal 6 (Aborted)"
    std::string output;  // what the process wrote to standard error meanwhile, at most max_output bytes of it

    // Whether it came to its end without anything remarkable.
    bool clean() const { return returned && output.empty(); }
  };

  static constexpr std::size_t max_output = std::size_t{1} << 20U;

  // The least limit of the exit: what is done there takes its time, however short the calls are.
  static constexpr std::chrono::seconds least_exit_limit{30};

  // `limit` is that of each call, and of the exit if it is longer than least_exit_limit.
  Isolation(Function function, std::chrono::milliseconds limit);
  // Lets the process exit, if there is one, like finish().
  ~Isolation();
  Isolation(const Isolation&) = delete;
  Isolation& operator=(const Isolation&) = delete;

  // Throws std::system_error if no process can be started. Flushes all of stdio before it starts one.
  Outcome call(std::string_view request);

  // Lets the process exit in the ordinary way, if there is one, and waits for that as long as its limit allows. That, too,
  // can go wrong: leaks are found there.
  Outcome finish();

  // Whether there is a process; if not, the next call starts one.
  bool running() const { return child_ > 0; }

 private:
  class Patience;

  void start();
  Outcome await_reply(std::chrono::milliseconds limit);
  bool wait(Patience& patience, bool& readable);
  void drain_errors();
  Outcome give_up(std::chrono::milliseconds limit);
  Outcome bury();
  void close_files();

  Function function_;
  std::chrono::milliseconds limit_;
  pid_t child_ = -1;
  int socket_ = -1;  // to the process: requests and replies
  int errors_ = -1;  // from its standard error
  std::string output_;
};

}  // namespace shootdown
