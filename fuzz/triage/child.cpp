#include "fuzz/triage/child.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "fuzz/triage/process.h"

namespace shootdown {

// --- signals ---

HeldSignals::HeldSignals() {
  sigemptyset(&held_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action{};
    ::sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_IGN) sigaddset(&held_, signal);  // or it would be held, and then heard
  }
  sigaddset(&held_, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &held_, &before_);
}

HeldSignals::~HeldSignals() {
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

bool HeldSignals::came() const {
  sigset_t pending{};
  ::sigpending(&pending);
  return std::ranges::any_of(std::array{SIGINT, SIGTERM, SIGHUP},
                             [&](int signal) { return sigismember(&held_, signal) && sigismember(&pending, signal); });
}

// --- the program ---

namespace {

// Arguments or an environment as exec() takes them.
std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view known(*entry);
    const std::string_view name = known.substr(0, known.find('='));
    if (std::ranges::find(added, name, &std::pair<std::string, std::string>::first) == added.end())
      environment.emplace_back(known);
  }
  for (const auto& [name, value] : added) environment.push_back(fmt::format("{}={}", name, value));
  return environment;
}

// In the child: becomes the program.
[[noreturn]] void run_program(const Child::Command& command, char* const* arguments, char* const* environment,
                              const std::array<int, 3>& files) {
  bool ready = ::chdir(command.folder.c_str()) == 0;
  int number = 0;
  for (const int file : files) ready = ready && ::dup2(file, number++) >= 0;
  if (ready) ::execve(command.program.c_str(), arguments, environment);
  ::_exit(127);
}

}  // namespace

Child::Child(const Command& command, const HeldSignals& signals) : signals_(signals) {
  std::vector<std::string> words{command.program};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> settings = environment_with(command.environment);
  const std::vector<char*> arguments = pointers_to(words);
  const std::vector<char*> environment = pointers_to(settings);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int log = ::open(command.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  const int error = errno;
  const pid_t parent = ::getpid();
  // What it has started becomes ours when it is gone, so that we can wait for it.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (nothing >= 0 && log >= 0) process_ = ::fork();
  if (process_ == 0) {
    die_with(parent);
    ::setpgid(0, 0);
    ::sigprocmask(SIG_SETMASK, &signals.before(), nullptr);
    run_program(command, arguments.data(), environment.data(), {nothing, log, log});
  }
  const int failure = nothing >= 0 && log >= 0 ? errno : error;
  if (nothing >= 0) ::close(nothing);
  if (log >= 0) ::close(log);
  if (process_ < 0) throw std::system_error(failure, std::generic_category(), "cannot start " + command.program);
  ::setpgid(process_, process_);  // whoever comes first
}

Child::~Child() {
  end_all();
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

void Child::end_all() {
  if (process_ < 0) return;
  ::kill(-process_, SIGKILL);
  while (::waitpid(-process_, nullptr, 0) > 0 || errno == EINTR) {
  }
  process_ = -1;
}

std::optional<std::string> Child::wait(std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    int status = 0;
    if (::waitpid(process_, &status, WNOHANG) == process_) {
      end_all();
      return describe_end(status);
    }
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0 || signals_.came()) return std::nullopt;
    const timespec rest{.tv_sec = left.count() / 1'000'000'000, .tv_nsec = left.count() % 1'000'000'000};
    const int signal = ::sigtimedwait(&signals_.held(), nullptr, &rest);
    if (signal > 0 && signal != SIGCHLD) ::raise(signal);  // held again
  }
}

}  // namespace shootdown
