// Helpers for tests: all events of a run, for whoever wants to look at them afterwards.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/events/observer.h"

namespace shootdown {

class Recorder : public Observer {
 public:
  EventSet watches() const override { return EventSet::all(); }
  void happened(const EventView& event, const World& /*world*/) override {
    if (event.is<event::RunBegins>()) events_.clear();
    events_.emplace_back(event);
  }

  const std::vector<AnyEvent>& events() const { return events_; }
  // Those of one kind, in the order in which they happened.
  template <typename E>
  std::vector<E> all() const {
    std::vector<E> found;
    for (const AnyEvent& event : events_) {
      if (event.is<E>()) found.push_back(event.as<E>());
    }
    return found;
  }
  template <typename E>
  std::size_t count() const {
    return all<E>().size();
  }
  // The values of the loads that worked.
  std::vector<Fact> loaded() const {
    std::vector<Fact> values;
    for (const auto& access : all<event::UserAccess>()) {
      if (access.store == 0 && access.access != Access::fault) values.push_back(access.value);
    }
    return values;
  }

 private:
  std::vector<AnyEvent> events_;
};

}  // namespace shootdown
