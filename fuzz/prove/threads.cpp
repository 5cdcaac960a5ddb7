#include "fuzz/prove/threads.h"

#include <system_error>
#include <utility>

namespace shootdown {

Threads::Threads(int size) {
  threads_.reserve(static_cast<std::size_t>(size));
  try {
    for (int i = 1; i < size; ++i) threads_.emplace_back([this, i] { serve(i); });
  } catch (const std::system_error&) {
    end();
    throw;
  }
}

Threads::~Threads() {
  end();
}

void Threads::end() {
  {
    const std::scoped_lock lock(mutex_);
    ends_ = true;
  }
  begun_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Threads::work_together(const std::function<void(int)>& work) {
  {
    const std::scoped_lock lock(mutex_);
    work_ = &work;
    ++times_;
    busy_ = size();
  }
  begun_.notify_all();
  this->work(0);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return busy_ == 0; });
  if (const std::exception_ptr failure = std::exchange(failure_, nullptr)) std::rethrow_exception(failure);
}

void Threads::serve(int number) {
  for (std::uint64_t times = 1;; ++times) {
    {
      std::unique_lock lock(mutex_);
      begun_.wait(lock, [&] { return ends_ || times_ == times; });
      if (ends_) return;
    }
    work(number);
  }
}

void Threads::work(int number) {
  std::exception_ptr failure;
  try {
    (*work_)(number);
  } catch (...) {
    failure = std::current_exception();
  }
  const std::scoped_lock lock(mutex_);
  if (failure_ == nullptr) failure_ = failure;
  if (--busy_ == 0) done_.notify_one();
}

}  // namespace shootdown
