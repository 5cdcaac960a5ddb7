// How code on virtual CPUs touches what it shares, and who is told of that.
//
// Only builds with SHOOTDOWN_FOOTPRINTS tell anybody; in others nothing is left of it.
#pragma once

namespace shootdown {

enum class Touch : unsigned char {
  read,    // something is learnt
  write,   // something changes
  update,  // both
};

// Is told of every touch; none while it must not be (Unwatched). One for each OS thread, set while a run goes on.
class TouchObserver {
 public:
  TouchObserver() = default;
  TouchObserver(const TouchObserver&) = delete;
  TouchObserver& operator=(const TouchObserver&) = delete;
  virtual void touched(const void* address, Touch touch) = 0;

 protected:
  ~TouchObserver() = default;
};

#ifdef SHOOTDOWN_FOOTPRINTS
inline thread_local TouchObserver* touch_observer = nullptr;
inline void touched(const void* address, Touch touch) {
  if (touch_observer != nullptr) touch_observer->touched(address, touch);
}
#else
constexpr void touched(const void* /*address*/, Touch /*touch*/) {}
#endif

}  // namespace shootdown
