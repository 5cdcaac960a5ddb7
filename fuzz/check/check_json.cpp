#include "fuzz/check/check_json.h"

#include <memory>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "engine/defects.h"
#include "engine/zap/engines.h"
#include "fuzz/check/check_words.h"
#include "fuzz/language/codec.h"
#include "fuzz/language/text.h"
#include "fuzz/prove/freedoms.h"
#include "fuzz/replay/replay.h"

namespace shootdown {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const CorpusChecked& corpus) {
  Json surprises = Json::array();
  for (const CorpusChecked::Surprise& surprise : corpus.surprises) {
    surprises.push_back({{"program", surprise.name},
                         {"refused", surprise.refused},
                         {"breaks", name_list(surprise.broken)},
                         {"holds", name_list(surprise.held)}});
  }
  return {{"programs", corpus.programs}, {"refused", corpus.refused}, {"surprises", std::move(surprises)}};
}

Json json_of(const SearchTally& tally) {
  Json up_to = nullptr;
  if (tally.holds_up_to != 0)
    up_to = {{"programs", tally.holds_up_to}, {"fewest_exceptions", tally.fewest}, {"most_exceptions", tally.most}};
  return {{"programs", tally.programs}, {"decided", tally.decided},   {"every_schedule", tally.holds},
          {"up_to", std::move(up_to)},  {"breaking", tally.breaking}, {"states", tally.states},
          {"omission", tally.omission}};
}

Json json_of(const SmallPrograms& programs) {
  Json json{{"operations", programs.operations},
            {"or_fewer", programs.or_fewer},
            {"exceptions", programs.exceptions.has_value() ? Json(*programs.exceptions) : Json(nullptr)}};
  json.update(json_of(programs.tally));
  return json;
}

Json json_of(const LinuxCompared& compared) {
  return {{"kernel", compared.kernel},
          {"what", compared.what},
          {"model", compared.model},
          {"programs", compared.programs},
          {"operations", compared.operations},
          {"refused", compared.refused},
          {"explained", compared.explained},
          {"different", compared.different},
          {"first", compared.different == 0 ? Json(nullptr) : Json(compared.first)}};
}

Json json_of(const ShownBreach& breach) {
  const auto program = std::make_unique<Program>();
  decode(breach.program, *program);
  return {{"program", print(*program)}, {"operations", breach.operations},        {"exceptions", breach.exceptions},
          {"fact", breach.fact},        {"found_by", name_of(breach.found.part)}, {"found_in", breach.found.origin}};
}

Json json_of(const Guarantee& guarantee) {
  return {{"oracle", oracle_name(guarantee.oracle)},
          {"claimed", guarantee.claimed},
          {"must_hold", guarantee.demanded},
          {"standing", name_of(guarantee.standing)},
          {"breach", guarantee.breach.has_value() ? json_of(*guarantee.breach) : Json(nullptr)}};
}

template <typename Thing>
Json list_of(const std::vector<Thing>& things) {
  Json list = Json::array();
  for (const Thing& thing : things) list.push_back(json_of(thing));
  return list;
}

Json json_of(const EngineChecked& checked) {
  const CheckSettings& settings = checked.settings;
  Json calls = Json::array();
  for (const Call call : settings.calls) calls.push_back(info_of(call).name);
  Json failures = Json::array();
  for (const CheckFailure& failure : checked.failures)
    failures.push_back({{"where", failure.where}, {"message", failure.message}});
  return {{"engine", settings.engine->name()},
          {"defect", settings.defect == Defect::none ? Json(nullptr) : Json(defect_name(settings.defect))},
          {"may", names_of(settings.freedoms)},
          {"calls", std::move(calls)},
          {"violation", checked.has_violation()},
          {"decided", checked.is_decided()},
          {"interrupted", checked.interrupted},
          {"guarantees", list_of(checked.guarantees)},
          {"corpus", json_of(checked.corpus)},
          {"stories", json_of(checked.stories)},
          {"programs", list_of(checked.programs)},
          {"mutants", {{"seed", settings.seed}, {"runs", checked.mutants.runs}, {"refused", checked.mutants.refused}}},
          {"linux", engine_of_linux() == nullptr ? Json(nullptr) : list_of(checked.linux_code)},
          {"failed", checked.failed},
          {"failures", std::move(failures)}};
}

}  // namespace

std::string check_json(const std::vector<EngineChecked>& checks) {
  Json list = Json::array();
  for (const EngineChecked& checked : checks) list.push_back(json_of(checked));
  // Names of files may be any bytes.
  return list.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace shootdown
