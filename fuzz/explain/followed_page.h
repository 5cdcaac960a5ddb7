// The page that a run is about: the one of which an oracle's fact speaks, or, where it
// speaks of none, the one that was last in hand.
//
// A page of a file is the same page whichever frame it is in, and has all virtual pages
// that ever led to it. Memory that is no file's is known by its virtual page, and by the
// same page of the children that share it.
//
// Goes by what the fact says ("virtual page 0", "of mm 1", "page frame 3"), in which
// oracles use the same phrases for the same things, and by the events up to there.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "engine/events/event.h"
#include "engine/program/program.h"
#include "fuzz/trace/trace.h"
#include "oracles/report.h"

namespace shootdown {

// A virtual page of an mm.
struct VirtualPage {
  Fact mm = 0;
  Fact page = 0;

  auto operator<=>(const VirtualPage&) const = default;
};

struct FollowedPage {
  Fact file = no_fact;  // none: it is memory that is no file's
  Fact index = no_fact;
  std::vector<VirtualPage> shown_at;  // in order
  VirtualPage home;                   // memory that is no file's: whose it is; others have it as long as they share it
  std::vector<Fact> frames;           // that held it, in order

  bool is_of_file() const { return file != no_fact; }
};

// None: no event of the run was about a page. `violation`: null if nothing is broken.
std::optional<FollowedPage> find_page(const Trace& trace, const Violation* violation, const MachineConfig& machine);

// The same page in another run of the same program.
FollowedPage find_again(const FollowedPage& followed, const Trace& trace);

// "page 0 of file 0, shown at page 0"; "page 3 of mm 1".
std::string name_of(const FollowedPage& followed, const MachineConfig& machine);

// Of each event of a run, whether something that it touches belongs to the page, or it is a flush or a wait, which may.
std::vector<bool> find_events_about(const FollowedPage& followed, const Trace& trace);

}  // namespace shootdown
