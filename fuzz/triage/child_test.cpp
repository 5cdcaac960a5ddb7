// Programs that are run, and that nothing is left of them.
#include "fuzz/triage/child.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "test/files.h"

using namespace shootdown;
using namespace std::chrono_literals;

namespace {

struct Shell : TemporaryFolder {
  Child::Command command(const std::string& script) const {
    return {.program = "/bin/sh",
            .arguments = {"-c", script},
            .environment = {{"SHOOTDOWN_ORACLES", "all"}, {"SHOOTDOWN_NEW", "a b"}},
            .folder = path(),
            .log = path() / "log"};
  }

  // Waits until a file is there, and returns what is in it.
  std::string await(const std::string& name) const {
    while (!std::filesystem::exists(path() / name)) std::this_thread::sleep_for(1ms);
    return read(name);
  }
};

// Whether a process is gone, or is as good as that.
bool is_gone(pid_t process) {
  return ::kill(process, 0) != 0 && errno == ESRCH;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(child, Shell)

BOOST_AUTO_TEST_CASE(a_program_is_run_in_its_folder) {
  const HeldSignals signals;
  Child child(command("pwd; echo $SHOOTDOWN_ORACLES $SHOOTDOWN_NEW >&2; read x; exit 3"), signals);
  BOOST_TEST(child.wait(10s).value_or("") == "exited with status 3");
  BOOST_TEST(read("log") == std::filesystem::canonical(path()).string() + "\nall a b\n");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_run_ends_at_once) {
  const HeldSignals signals;
  Child child({.program = path("none"), .arguments = {}, .environment = {}, .folder = path(), .log = path() / "log"},
              signals);
  BOOST_TEST(child.wait(10s).value_or("") == "exited with status 127");
  BOOST_CHECK_THROW(Child({.program = "/bin/true",
                           .arguments = {},
                           .environment = {},
                           .folder = path(),
                           .log = path() / "none" / "log"},
                          signals),
                    std::system_error);
}

BOOST_AUTO_TEST_CASE(waiting_has_an_end) {
  const HeldSignals signals;
  Child child(command("exec sleep 600"), signals);
  BOOST_TEST(!child.wait(10ms).has_value());
}

BOOST_AUTO_TEST_CASE(all_that_was_started_ends_with_it) {
  pid_t grandchild = 0;
  {
    const HeldSignals signals;
    Child child(command("sleep 600 & echo $! >pid.new; mv pid.new pid; wait"), signals);
    grandchild = std::stoi(await("pid"));
    BOOST_TEST(!is_gone(grandchild));
  }
  BOOST_TEST(is_gone(grandchild));
  {
    const HeldSignals signals;
    Child child(command("sleep 600 & echo $! >second.new; mv second.new second"), signals);
    BOOST_TEST(child.wait(10s).value_or("") == "exited with status 0");
    grandchild = std::stoi(await("second"));
    BOOST_TEST(is_gone(grandchild));
  }
}

// In a process of its own, for it must die.
BOOST_AUTO_TEST_CASE(a_signal_ends_the_waiting_and_then_us) {
  const pid_t tester = ::fork();
  if (tester == 0) {
    {
      const HeldSignals signals;
      Child child(command("echo $$ >begun.new; mv begun.new begun; exec sleep 600"), signals);
      await("begun");
      ::kill(::getpid(), SIGTERM);
      if (child.wait(600s).has_value() || !signals.came()) ::_exit(1);
    }
    ::_exit(2);  // the signal has had no effect
  }
  int status = 0;
  BOOST_TEST(::waitpid(tester, &status, 0) == tester);
  BOOST_TEST(WIFSIGNALED(status));
  BOOST_TEST(WTERMSIG(status) == SIGTERM);
  BOOST_TEST(is_gone(std::stoi(await("begun"))));
}

BOOST_AUTO_TEST_SUITE_END()
