// A run, explained on a page of HTML that needs nothing else: no script is in it, and
// nothing is fetched.
#pragma once

#include <string>

#include "fuzz/explain/scene.h"

namespace shootdown {

// What a run is called in titles: "eager_dirty: lost-write-simple".
std::string title_of(const Scene& scene, const std::string& name);

// `name`: what the program is called. `other`, which may be null, is a run of it on another engine.
std::string explain_page(const Scene& scene, const std::string& name, const Scene* other);

}  // namespace shootdown
