// The picture of a run, as SVG that needs nothing else: who does what, time downwards,
// and beside it what becomes of the page.
//
// Two runs of the same program stand beside each other, step against step.
#pragma once

#include <string>

#include "fuzz/explain/scene.h"

namespace shootdown {

// `title`: what it is a picture of.
std::string draw_run(const Scene& scene, const std::string& title);
std::string draw_runs(const Scene& scene, const Scene& other, const std::string& title);

}  // namespace shootdown
