// Runs another program, and leaves nothing of it behind.
//
// The program may start others: all of them are in a process group of their own,
// and end with the object. They also end with this process, but for those that the
// program has started itself if this process is killed by SIGKILL, of which nobody
// can hear.
#pragma once

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace shootdown {

// Holds back the signals that ask a process to end, as long as it lives, so that work can be ended in an orderly way. A
// signal that has come meanwhile takes effect at the end.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  // Whether one has come.
  bool came() const;
  // Which are let through without this object.
  const sigset_t& before() const { return before_; }
  // Those that are held, and SIGCHLD.
  const sigset_t& held() const { return held_; }

 private:
  sigset_t held_{};
  sigset_t before_{};
};

class Child {
 public:
  struct Command {
    std::string program;                                           // its path
    std::vector<std::string> arguments;                            // without the program's name
    std::vector<std::pair<std::string, std::string>> environment;  // added to ours
    std::filesystem::path folder;                                  // where it works
    std::filesystem::path log;                                     // all that it says
  };

  // Throws std::system_error if it cannot be started; if the program cannot be run, it ends with status 127.
  Child(const Command& command, const HeldSignals& signals);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Waits for its end, not for longer than `patience`. Returns how it has ended: "exited with status 0". Ends the
  // waiting early, without result, when a signal has come that is held.
  std::optional<std::string> wait(std::chrono::milliseconds patience);

 private:
  void end_all();

  const HeldSignals& signals_;
  pid_t process_ = -1;  // and group
};

}  // namespace shootdown
