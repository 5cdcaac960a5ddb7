#include "fuzz/tool/explain_command.h"

#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "fuzz/explain/page.h"
#include "fuzz/explain/perfetto.h"
#include "fuzz/explain/picture.h"
#include "fuzz/explain/scene.h"
#include "fuzz/replay/replay.h"
#include "fuzz/tool/subjects.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

namespace {

class ExplainCommand {
 public:
  ExplainCommand(const ExplainOptions& options, Console& console, std::span<const Engine* const> engines)
      : options_(options), console_(console), engines_(engines) {}

  ExitStatus run();

 private:
  std::variant<const Engine*, InputError> choose_engine(const Program& program) const;
  std::variant<SceneOptions, InputError> scene_options(const Engine& engine) const;
  std::string write(const Engine& engine, const Engine* other, const Input& input, const SceneOptions& how) const;
  ExitStatus fail(const InputError& error);

  const ExplainOptions& options_;
  Console& console_;
  std::span<const Engine* const> engines_;
};

ExitStatus ExplainCommand::run() {
  const std::variant<Input, InputError> loaded = load_input(options_.from);
  if (const auto* const error = std::get_if<InputError>(&loaded)) return fail(*error);
  const Input& input = std::get<Input>(loaded);
  const std::variant<const Engine*, InputError> engine = choose_engine(input.document.program);
  if (const auto* const error = std::get_if<InputError>(&engine)) return fail(*error);
  const Engine& chosen = *std::get<const Engine*>(engine);
  const Engine* other = nullptr;
  if (!options_.against.empty()) {
    const std::variant<const Engine*, InputError> against = select_engine(options_.against, engines_);
    if (const auto* const error = std::get_if<InputError>(&against)) return fail({"--against: " + error->message});
    other = std::get<const Engine*>(against);
  }
  const std::variant<SceneOptions, InputError> how = scene_options(chosen);
  if (const auto* const error = std::get_if<InputError>(&how)) return fail(*error);
  try {
    return console_.deliver(options_.to, write(chosen, other, input, std::get<SceneOptions>(how)));
  } catch (const RefusedProgram& refused) {
    return fail({fmt::format("{}: {}", input.name, refused.what())});
  }
}

// Where none is named: the first that breaks what it claims; else the first that breaks anything; else the first.
std::variant<const Engine*, InputError> ExplainCommand::choose_engine(const Program& program) const {
  if (!options_.engine.empty()) {
    std::variant<const Engine*, InputError> engine = select_engine(options_.engine, engines_);
    if (auto* const error = std::get_if<InputError>(&engine)) error->message = "--engine: " + error->message;
    return engine;
  }
  const Engine* best = nullptr;
  bool best_breaks = false;
  for (const Engine* const engine : engines_) {
    if (!engine->refusal(program).empty()) continue;
    const OracleSet broken = Replayer(*engine).run(program).broken;
    if (!(broken & claims_of(*engine)).empty()) return engine;
    if (best != nullptr && (best_breaks || broken.empty())) continue;
    best = engine;
    best_breaks = !broken.empty();
  }
  if (best == nullptr) return InputError{"no engine can run it"};
  return best;
}

std::variant<SceneOptions, InputError> ExplainCommand::scene_options(const Engine& engine) const {
  const Engine* const only[] = {&engine};
  const auto subjects = select_subjects({.engines = {}, .oracles = options_.oracles, .defect = options_.defect}, only);
  if (const auto* const error = std::get_if<InputError>(&subjects)) return *error;
  const Subject& subject = std::get<std::vector<Subject>>(subjects).front();
  return SceneOptions{
      .defect = subject.defect, .oracles = subject.oracles.value_or(OracleSet::all()), .all = options_.all};
}

std::string ExplainCommand::write(const Engine& engine, const Engine* other, const Input& input,
                                  const SceneOptions& how) const {
  const std::string name = std::filesystem::path(input.name).stem().string();
  const Scene scene(engine, input.document.program, how);
  std::optional<Scene> beside;
  if (other != nullptr) beside.emplace(*other, input.document.program, how, &scene);
  if (options_.perfetto) return perfetto_json(scene, title_of(scene, name));
  if (!options_.svg) return explain_page(scene, name, beside ? &*beside : nullptr);
  return beside ? draw_runs(scene, *beside, title_of(scene, name)) : draw_run(scene, title_of(scene, name));
}

ExitStatus ExplainCommand::fail(const InputError& error) {
  console_.error(error.message);
  return exit_bad_input;
}

}  // namespace

ExitStatus explain_command(const ExplainOptions& options, Console& console, std::span<const Engine* const> engines) {
  return ExplainCommand(options, console, engines).run();
}

}  // namespace shootdown
