// Helpers for tests: runs of programs, as they are explained.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "engine/zap/engines.h"
#include "fuzz/explain/scene.h"
#include "fuzz/language/text.h"

namespace shootdown {

// A run of a program that is written as text.
struct ExplainedStory {
  ExplainedStory(std::string_view engine, const std::string& text, const SceneOptions& options = {})
      : program(std::get<Document>(parse(text)).program), scene(*find_engine(engine), program, options) {}

  Program program;
  Scene scene;
};

}  // namespace shootdown
