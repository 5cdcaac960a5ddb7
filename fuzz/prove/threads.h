// Threads that do something together, again and again. The calling thread is one of them.
//
// Each does its part on the same thread every time, so that what belongs to a thread, such as fibers, can be kept.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace shootdown {

class Threads {
 public:
  // At least 1: the caller alone. Throws std::system_error if there cannot be so many.
  explicit Threads(int size);
  ~Threads();
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  int size() const { return static_cast<int>(threads_.size()) + 1; }

  // Calls work(i) on each thread, with 0 on the calling one, and waits until all have returned. Throws the first
  // exception.
  void work_together(const std::function<void(int)>& work);

 private:
  void end();
  void serve(int number);
  void work(int number);

  std::mutex mutex_;  // of all that follows, but for threads_
  std::condition_variable begun_;
  std::condition_variable done_;
  const std::function<void(int)>* work_ = nullptr;
  std::uint64_t times_ = 0;  // that something was begun
  int busy_ = 0;
  bool ends_ = false;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace shootdown
