// A process that serves calls, and all the ways in which it may end.
#include "fuzz/triage/isolation.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "engine/check.h"
#include "test/output.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(isolation)

namespace {

using namespace std::chrono_literals;

volatile bool forever = true;

// Without a limit, the stack would take all memory, and then its core file the disk.
void limit_stack() {
  rlimit stack{};
  ::getrlimit(RLIMIT_STACK, &stack);
  stack.rlim_cur = std::min<rlim_t>(stack.rlim_cur, rlim_t{8} << 20U);
  ::setrlimit(RLIMIT_STACK, &stack);
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

// Deeper than the stack; the sanitizers and the optimiser must not see it.
__attribute__((noinline)) int overflow(int depth) {
  volatile char room[4096];
  room[0] = static_cast<char>(depth);
  return forever ? overflow(depth + 1) + room[0] : room[0];
}

int state = 0;  // of the process that runs the tests

std::string perform(std::string_view request) {
  if (request == "abort") std::abort();
  if (request == "exit") std::exit(3);
  if (request == "throw") throw std::runtime_error("what nobody catches");
  if (request == "overflow") {
    limit_stack();
    return std::to_string(overflow(0));
  }
  if (request == "pid") return std::to_string(::getpid());
  if (request == "count") return std::to_string(++state);
  if (request == "complain") std::fputs("a complaint\n", stderr);
  if (request == "babble") std::fputs(std::string(3U << 20U, 'x').c_str(), stderr);
  if (request == "fail at exit") std::atexit([] { std::fputs("a complaint at exit\n", stderr); });
  if (request == "linger at exit") std::atexit([] { std::this_thread::sleep_for(1500ms); });
  if (request == "check") SHOOTDOWN_CHECK(request.empty());
  while (request == "loop" && forever) {
  }
  return "reply to " + std::string(request);
}

constexpr auto patience = 600s;  // for what comes to an end by itself

// What a process does that serves calls while its caller is stopped for longer than the limit of a second. When the
// caller goes on, the reply is not there yet.
std::string stop_the_caller(std::string_view /*request*/) {
  ::kill(::getppid(), SIGSTOP);
  std::this_thread::sleep_for(1500ms);
  ::kill(::getppid(), SIGCONT);
  std::this_thread::sleep_for(100ms);
  return "reply";
}

// Its exit status is that of a process: 0 if all was well.
[[noreturn]] void be_a_caller_that_is_stopped() {
  Isolation isolation(stop_the_caller, 1s);
  const bool well = isolation.call("x").clean() && isolation.finish().clean();
  ::_exit(well ? 0 : 1);
}

}  // namespace

BOOST_AUTO_TEST_CASE(one_process_serves_many_calls) {
  Isolation isolation(perform, patience);
  BOOST_TEST(!isolation.running());
  const Isolation::Outcome first = isolation.call("pid");
  BOOST_TEST(first.clean());
  BOOST_TEST(first.reply != std::to_string(::getpid()));
  for (const std::string request : {"a", "", "b"}) {
    const Isolation::Outcome outcome = isolation.call(request);
    BOOST_TEST(outcome.clean());
    BOOST_TEST(outcome.reply == "reply to " + request);
  }
  BOOST_TEST(isolation.call("pid").reply == first.reply);
  BOOST_TEST(isolation.running());
  BOOST_TEST(isolation.finish().clean());
  BOOST_TEST(!isolation.running());
  BOOST_TEST(isolation.call("pid").reply != first.reply);
}

BOOST_AUTO_TEST_CASE(requests_and_replies_are_any_bytes) {
  Isolation isolation([](std::string_view request) { return std::string(request); }, patience);
  for (const std::string& bytes : {std::string("\0\1\2", 3), std::string(std::size_t{20} << 20U, '\xFF')}) {
    const Isolation::Outcome outcome = isolation.call(bytes);
    BOOST_TEST(outcome.clean());
    BOOST_TEST((outcome.reply == bytes));
  }
}

BOOST_AUTO_TEST_CASE(whatever_kills_it_is_told_and_the_next_call_goes_on) {
  struct Case {
    std::string_view request;
    std::string_view end;     // a part of it; empty: that depends on the sanitizer
    std::string_view output;  // the same
  };
  const Case cases[] = {
      {"abort", "killed by signal 6 (Aborted)", ""},
      {"exit", "exited with status 3", ""},
      {"throw", "", "what nobody catches"},
      {"overflow", "", ""},
      {"check", "killed by signal 6 (Aborted)", "fuzz/triage/isolation_test.cpp:"},
  };
  Isolation isolation(perform, patience);
  for (const Case& one : cases) {
    const Isolation::Outcome outcome = isolation.call(one.request);
    BOOST_TEST(!outcome.returned, one.request);
    BOOST_TEST(!outcome.timed_out, one.request);
    BOOST_TEST(!outcome.clean(), one.request);
    BOOST_TEST(!outcome.end.empty(), one.request);
    BOOST_TEST(contains(outcome.end, one.end), outcome.end);
    BOOST_TEST(contains(outcome.output, one.output), outcome.output);
    BOOST_TEST(!isolation.running());
    BOOST_TEST(isolation.call("next").reply == "reply to next");
  }
}

BOOST_AUTO_TEST_CASE(an_endless_loop_is_ended) {
  Isolation isolation(perform, 300ms);
  const Isolation::Outcome outcome = isolation.call("loop");
  BOOST_TEST(!outcome.returned);
  BOOST_TEST(outcome.timed_out);
  BOOST_TEST(outcome.end == "took longer than 0.3 s");
  BOOST_TEST(!isolation.running());
}

BOOST_AUTO_TEST_CASE(the_time_for_which_the_caller_is_stopped_does_not_count) {
  // Not this process: whoever has started the tests may watch it.
  const pid_t caller = ::fork();
  if (caller == 0) be_a_caller_that_is_stopped();
  BOOST_REQUIRE(caller > 0);
  int status = 0;
  while (::waitpid(caller, &status, 0) < 0 && errno == EINTR) {
  }
  BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_CASE(a_new_process_knows_what_its_parent_knows) {
  Isolation isolation(perform, patience);
  BOOST_TEST(isolation.call("count").reply == "1");
  BOOST_TEST(isolation.call("count").reply == "2");
  BOOST_TEST(!isolation.call("abort").returned);
  BOOST_TEST(isolation.call("count").reply == "1");
  BOOST_TEST(state == 0);
}

BOOST_AUTO_TEST_CASE(a_complaint_is_not_clean_and_ends_the_process) {
  Isolation isolation(perform, patience);
  const std::string before = isolation.call("pid").reply;
  const Isolation::Outcome outcome = isolation.call("complain");
  BOOST_TEST(outcome.returned);
  BOOST_TEST(outcome.reply == "reply to complain");
  BOOST_TEST(outcome.output == "a complaint\n");
  BOOST_TEST(!outcome.clean());
  BOOST_TEST(isolation.call("pid").reply != before);

  const Isolation::Outcome babble = isolation.call("babble");
  BOOST_TEST(babble.returned);
  BOOST_TEST(babble.output.size() == Isolation::max_output);
}

BOOST_AUTO_TEST_CASE(what_goes_wrong_at_exit_is_told) {
  Isolation isolation(perform, patience);
  BOOST_TEST(isolation.finish().clean());  // there is none
  BOOST_TEST(isolation.call("fail at exit").clean());
  const Isolation::Outcome outcome = isolation.finish();
  BOOST_TEST(!outcome.clean());
  BOOST_TEST(outcome.output == "a complaint at exit\n");
}

BOOST_AUTO_TEST_CASE(an_exit_may_take_longer_than_a_call) {
  Isolation isolation(perform, 1s);
  BOOST_TEST(isolation.call("linger at exit").clean());
  BOOST_TEST(isolation.finish().clean());
}

BOOST_AUTO_TEST_CASE(what_was_printed_before_is_printed_once) {
  std::FILE* const file = std::tmpfile();
  BOOST_REQUIRE(file != nullptr);
  std::fputs("once", file);
  Isolation isolation(perform, patience);
  BOOST_TEST(isolation.call("x").clean());
  BOOST_TEST(isolation.finish().clean());
  std::fflush(file);
  BOOST_TEST(std::fseek(file, 0, SEEK_END) == 0);
  BOOST_TEST(std::ftell(file) == 4);
  std::fclose(file);
}

BOOST_AUTO_TEST_CASE(without_files_there_is_no_process) {
  rlimit before{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int first = ::dup(STDERR_FILENO);
  const int second = ::dup(STDERR_FILENO);
  ::close(first);
  ::close(second);
  // Room for the socket and not for the pipe. Less, and UndefinedBehaviorSanitizer could not look at exceptions.
  const rlimit low{.rlim_cur = static_cast<rlim_t>(second) + 1, .rlim_max = before.rlim_max};
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
  Isolation isolation(perform, patience);
  std::string error;
  try {
    isolation.call("x");
  } catch (const std::system_error& caught) {
    error = caught.what();
  }
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  BOOST_TEST(error == "cannot make a pipe: Too many open files");
  BOOST_TEST(!isolation.running());
  BOOST_TEST(isolation.call("x").clean());
}

BOOST_AUTO_TEST_SUITE_END()
