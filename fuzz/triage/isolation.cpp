#include "fuzz/triage/isolation.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "engine/sanitizer.h"
#include "fuzz/triage/message.h"
#include "fuzz/triage/process.h"

namespace shootdown {

using namespace std::chrono_literals;

namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// Whether the bytes are a whole message (message.h); if so, only its content remains.
bool is_whole(std::string& bytes) {
  std::uint64_t size = 0;
  if (bytes.size() < sizeof size) return false;
  std::memcpy(&size, bytes.data(), sizeof size);
  if (bytes.size() - sizeof size < size) return false;
  bytes.erase(0, sizeof size);
  return true;
}

// --- the process ---

// Ends when the caller closes the socket. What the function throws ends it, too: nobody is there to catch it.
[[noreturn]] void serve(const Isolation::Function& function, int socket) noexcept {
  std::string request;
  while (receive_message(socket, request)) {
    const std::string reply = function(request);
    // A reply may be an object as it lies in memory, with padding that nobody has written.
    declare_written(reply.data(), reply.size());
    if (!send_message(socket, reply)) break;
  }
  std::exit(0);
}

}  // namespace

// What is left of a limit. The caller may be stopped for as long as anybody likes, and mostly the process is stopped
// with it (Ctrl-Z). So the time is waited for in slices, and none counts for more than it was meant to take.
class Isolation::Patience {
 public:
  explicit Patience(std::chrono::milliseconds limit)
      : left_(limit), slice_(std::clamp<std::chrono::milliseconds>(limit / 100, 1ms, 1s)) {}

  bool at_end() const { return left_ <= Clock::duration::zero(); }

  // How long to wait now, in milliseconds.
  int slice() const { return at_end() ? 0 : static_cast<int>(slice_.count()); }

  // Counts the time since it was counted last.
  void count() {
    const Clock::time_point now = Clock::now();
    left_ -= std::min<Clock::duration>(now - counted_, slice_);
    counted_ = now;
  }

 private:
  using Clock = std::chrono::steady_clock;

  Clock::duration left_;
  std::chrono::milliseconds slice_;
  Clock::time_point counted_ = Clock::now();
};

Isolation::Isolation(Function function, std::chrono::milliseconds limit)
    : function_(std::move(function)), limit_(limit) {}

// NOLINTNEXTLINE(bugprone-exception-escape): only if there is no memory left, and then nothing helps
Isolation::~Isolation() {
  finish();
}

void Isolation::start() {
  std::array<int, 2> sockets{-1, -1};
  std::array<int, 2> errors{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) fail("cannot make a socket");
  socket_ = sockets[0];
  if (::pipe2(errors.data(), O_CLOEXEC) != 0) {
    const int error = errno;
    ::close(sockets[1]);
    close_files();
    errno = error;
    fail("cannot make a pipe");
  }
  errors_ = errors[0];
  ::fcntl(errors_, F_SETFL, O_NONBLOCK);

  // What is in stdio's buffers must be written once, not by both.
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  child_ = ::fork();
  if (child_ == 0) {
    die_with(parent);  // even if it never looks at the socket again
    ::dup2(errors[1], STDERR_FILENO);
    ::close(errors[1]);
    close_files();
    serve(function_, sockets[1]);
  }
  const int error = errno;
  ::close(sockets[1]);
  ::close(errors[1]);
  if (child_ > 0) return;
  close_files();
  errno = error;
  fail("cannot start a process");
}

Isolation::Outcome Isolation::call(std::string_view request) {
  if (!running()) start();
  output_.clear();
  if (!send_message(socket_, request)) return bury();
  Outcome outcome = await_reply(limit_);
  // What has been said once may not be said again, for ThreadSanitizer repeats no report: a new process does.
  if (outcome.returned && !outcome.output.empty()) {
    const std::string output = std::exchange(outcome.output, {});
    finish();
    outcome.output = output;
  }
  return outcome;
}

Isolation::Outcome Isolation::await_reply(std::chrono::milliseconds limit) {
  Patience patience(limit);
  std::string reply;
  std::array<char, std::size_t{1} << 14U> buffer;
  for (;;) {
    bool readable = false;
    if (!wait(patience, readable)) return give_up(limit);
    if (!readable) continue;
    const ssize_t received = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return bury();
    reply.append(buffer.data(), static_cast<std::size_t>(received));
    if (!is_whole(reply)) continue;
    drain_errors();  // what was written before the reply is there
    return {.returned = true, .reply = std::move(reply), .output = std::move(output_)};
  }
}

// Waits a little for something to be read from the socket, or from standard error, which is taken. Returns false when
// it is too late: what is there by then is in time.
bool Isolation::wait(Patience& patience, bool& readable) {
  const bool last = patience.at_end();
  std::array<pollfd, 2> files{
      {{.fd = socket_, .events = POLLIN, .revents = 0}, {.fd = errors_, .events = POLLIN, .revents = 0}}};
  ::poll(files.data(), files.size(), patience.slice());
  patience.count();
  if (files[1].revents != 0) drain_errors();
  readable = files[0].revents != 0;
  return readable || !last;
}

void Isolation::drain_errors() {
  std::array<char, std::size_t{1} << 14U> buffer;
  while (errors_ >= 0) {
    const ssize_t count = ::read(errors_, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;  // nothing more for now
    if (count == 0) {
      ::close(errors_);
      errors_ = -1;
      return;
    }
    output_.append(buffer.data(), std::min(static_cast<std::size_t>(count), max_output - output_.size()));
  }
}

Isolation::Outcome Isolation::finish() {
  if (!running()) return {.returned = true};
  output_.clear();
  ::shutdown(socket_, SHUT_WR);
  Outcome outcome = await_reply(std::max<std::chrono::milliseconds>(limit_, least_exit_limit));
  if (outcome.end == describe_end(0)) outcome.returned = true;
  return outcome;
}

Isolation::Outcome Isolation::give_up(std::chrono::milliseconds limit) {
  ::kill(child_, SIGKILL);
  Outcome outcome = bury();
  outcome.timed_out = true;
  outcome.end = fmt::format("took longer than {} s", static_cast<double>(limit.count()) / 1000);
  return outcome;
}

// After the end of the process.
Isolation::Outcome Isolation::bury() {
  int status = 0;
  while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  drain_errors();
  child_ = -1;
  close_files();
  return {.end = describe_end(status), .output = std::move(output_)};
}

void Isolation::close_files() {
  if (socket_ >= 0) ::close(socket_);
  if (errors_ >= 0) ::close(errors_);
  socket_ = -1;
  errors_ = -1;
}

}  // namespace shootdown
