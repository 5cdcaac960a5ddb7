#include "fuzz/prove/freedoms.h"

#include <algorithm>

#include <fmt/format.h>

#include "fuzz/io/names.h"
#include "fuzz/io/output.h"

namespace shootdown {

namespace {

std::string all_freedom_names() {
  std::string names;
  for (const FreedomInfo& info : all_freedoms) names += fmt::format("{}{}", names.empty() ? "" : ", ", info.name);
  return names;
}

}  // namespace

std::variant<Freedoms, InputError> select_freedoms(std::string_view list) {
  Freedoms freedoms;
  for (const std::string_view name : names_in(list)) {
    const auto* const info = std::ranges::find(all_freedoms, name, &FreedomInfo::name);
    if (info == all_freedoms.end()) {
      return InputError{
          fmt::format("there is no '{}'; expected some of: {}", printable(std::string(name)), all_freedom_names())};
    }
    freedoms.insert(info->freedom);
  }
  return freedoms;
}

std::string descriptions_of(const Freedoms& freedoms) {
  std::string text;
  for (const FreedomInfo& info : all_freedoms) {
    if (freedoms.contains(info.freedom)) text += fmt::format("{}{}", text.empty() ? "" : ", ", info.description);
  }
  return text;
}

std::string names_of(const Freedoms& freedoms) {
  std::string text;
  for (const FreedomInfo& info : all_freedoms) {
    if (freedoms.contains(info.freedom)) text += fmt::format("{}{}", text.empty() ? "" : ",", info.name);
  }
  return text;
}

Freedom freedom_of(const Exception& exception) {
  switch (exception.kind) {
    case Exception::Kind::evict: return Freedom::evict;
    case Exception::Kind::fill: return Freedom::fill;
    case Exception::Kind::fail: return Freedom::fail;
    default: return exception.latency == 0 ? Freedom::preempt : Freedom::late;
  }
}

Freedoms freedoms_of(const Program& program) {
  Freedoms freedoms;
  freedoms.insert(Freedom::preempt);
  freedoms.insert(Freedom::late);
  for (const Exception& exception : exceptions_of(program)) freedoms.insert(freedom_of(exception));
  return freedoms;
}

}  // namespace shootdown
