#include "fuzz/scoreboard/workers.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "fuzz/triage/message.h"
#include "fuzz/triage/process.h"

namespace shootdown {

namespace {

// What a reply begins with.
constexpr char is_done = 'd';
constexpr char has_thrown = 't';

std::string reply_of(const Workload& workload, std::size_t piece) {
  try {
    return is_done + workload.work(piece);
  } catch (const std::exception& error) {
    return has_thrown + std::string(error.what());
  }
}

// In the process: until the caller closes the socket.
[[noreturn]] void serve(const Workload& workload, int socket) noexcept {
  std::string request;
  while (receive_message(socket, request)) {
    std::string_view bytes = request;
    if (!send_message(socket, reply_of(workload, taken_from<std::size_t>(bytes)))) break;
  }
  std::exit(0);
}

class Worker {
 public:
  explicit Worker(const Workload& workload) {
    std::array<int, 2> sockets{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) fail("cannot make a socket");
    std::fflush(nullptr);  // what is in stdio's buffers must be written once, not by both
    const pid_t parent = ::getpid();
    process_ = ::fork();
    if (process_ == 0) {
      die_with(parent);
      ::close(sockets[0]);
      serve(workload, sockets[1]);
    }
    const int error = errno;
    ::close(sockets[1]);
    socket_ = sockets[0];
    if (process_ > 0) return;
    ::close(socket_);
    errno = error;
    fail("cannot start a process");
  }
  // In the middle of its work, too.
  ~Worker() {
    if (process_ <= 0) return;  // to which a signal would go to others, or to all
    ::kill(process_, SIGKILL);
    bury();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  int socket() const { return socket_; }
  std::optional<std::size_t> piece() const { return piece_; }

  void begin(std::size_t piece) {
    piece_ = piece;
    send_message(socket_, as_bytes(piece));  // if it has ended, there will be no reply
  }

  // Waits for the result of its piece.
  std::string result() {
    std::string reply;
    if (!receive_message(socket_, reply))
      throw std::runtime_error(fmt::format("a process that was at work has ended: {}", describe_end(bury())));
    piece_.reset();
    if (reply.front() == has_thrown) throw std::runtime_error(reply.substr(1));
    return reply.substr(1);
  }

  // Lets it exit, and waits for that.
  void finish() {
    ::shutdown(socket_, SHUT_WR);
    bury();
  }

  // Tells it to leave its piece, if that heeds signals.
  void interrupt() const {
    if (process_ <= 0) return;
    ::shutdown(socket_, SHUT_WR);
    ::kill(process_, SIGTERM);
  }
  // Without waiting for it.
  bool has_ended() const {
    siginfo_t ignored{};
    return ::waitid(P_PID, static_cast<id_t>(process_), &ignored, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           ignored.si_pid == process_;
  }

 private:
  [[noreturn]] static void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

  // Waits for the end; returns how it was.
  int bury() {
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    ::close(socket_);
    process_ = -1;
    return status;
  }

  pid_t process_ = -1;
  int socket_ = -1;
  std::optional<std::size_t> piece_;  // at which it is
};

// Waits for some of them to say something, or for a while; `files` are those of the workers.
void wait_for(std::vector<pollfd>& files) {
  constexpr int patience = 100;  // milliseconds: how late a signal may be noticed
  for (pollfd& file : files) file.revents = 0;
  ::poll(files.data(), files.size(), patience);
}

// Those that heed signals get a little time to clean up behind themselves.
void interrupt(const std::vector<std::unique_ptr<Worker>>& workers) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  for (const std::unique_ptr<Worker>& worker : workers) worker->interrupt();
  for (const std::unique_ptr<Worker>& worker : workers) {
    while (!worker->has_ended() && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

bool do_work(const Workload& workload, const HeldSignals& signals) {
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<pollfd> files;
  std::size_t next = 0;
  for (; next < std::min(workload.processes, workload.pieces); ++next) {
    workers.push_back(std::make_unique<Worker>(workload));
    workers.back()->begin(next);
    files.push_back({.fd = workers.back()->socket(), .events = POLLIN, .revents = 0});
  }
  for (std::size_t left = workload.pieces; left != 0;) {
    if (signals.came()) {
      interrupt(workers);
      return false;
    }
    wait_for(files);
    for (std::size_t i = 0; i < workers.size(); ++i) {
      const std::optional<std::size_t> piece = workers[i]->piece();
      if (!piece.has_value() || files[i].revents == 0) continue;
      const std::string result = workers[i]->result();
      if (next < workload.pieces) workers[i]->begin(next++);
      workload.done(*piece, result);
      --left;
    }
  }
  for (const std::unique_ptr<Worker>& worker : workers) worker->finish();
  return true;
}

std::size_t usable_cpus() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (::sched_getaffinity(0, sizeof cpus, &cpus) != 0) return 1;
  return static_cast<std::size_t>(CPU_COUNT(&cpus));
}

}  // namespace shootdown
