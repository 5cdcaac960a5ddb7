#include "fuzz/tool/list_commands.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "engine/events/names.h"
#include "engine/zap/engines.h"
#include "fuzz/replay/replay.h"
#include "fuzz/trace/columns.h"
#include "oracles/oracles.h"

namespace shootdown {

namespace {

void print_wrapped(Output& out, std::string_view text, std::size_t indent) {
  for (const std::string& line : wrap(text, text_width, indent)) out.print("{}\n", line);
}

// What is not claimed for one reason is named together.
void print_not_claimed(Output& out, std::span<const NotClaimed> exceptions) {
  for (std::size_t i = 0; i < exceptions.size();) {
    std::string oracles(exceptions[i].oracle);
    const std::string_view why = exceptions[i].why;
    for (++i; i < exceptions.size() && exceptions[i].why == why; ++i)
      oracles += fmt::format(", {}", exceptions[i].oracle);
    print_wrapped(out, fmt::format("does not claim {}: {}", oracles, why), 2);
  }
}

}  // namespace

ExitStatus engines_command(Console& console, std::span<const Engine* const> engines) {
  for (const Engine* const engine : engines) {
    console.out().print("{}\n", engine->name());
    print_wrapped(console.out(), engine->summary(), 2);
    if (engine->not_claimed().empty()) console.out().print("  claims every guarantee\n");
    print_not_claimed(console.out(), engine->not_claimed());
    const OracleSet not_judged = OracleSet::all() - judged_with(engine->sends());
    if (!not_judged.empty()) print_wrapped(console.out(), fmt::format("not judged: {}", names_of(not_judged)), 2);
  }
  return exit_fine;
}

ExitStatus events_command(Console& console) {
  for (std::size_t kind = 0; kind < all_event_names.size(); ++kind) {
    if (happens_on_cpu(kind)) console.out().print("{}\n", all_event_names[kind]);
  }
  return exit_fine;
}

namespace {

// The engines that an oracle cannot judge: "one, other".
std::string not_judged_on(const OracleInfo& oracle, std::span<const Engine* const> engines) {
  std::string names;
  for (const Engine* const engine : engines) {
    if (!engine->sends().contains(oracle.needed))
      names += fmt::format("{}{}", names.empty() ? "" : ", ", engine->name());
  }
  return names;
}

}  // namespace

ExitStatus oracles_command(Console& console, std::span<const Engine* const> engines) {
  std::size_t width = 0;
  for (const OracleInfo& oracle : all_oracles()) width = std::max(width, oracle.name.size());
  for (const OracleInfo& oracle : all_oracles()) {
    const std::string not_judged = not_judged_on(oracle, engines);
    console.out().print("{:{}}  {}{}\n", oracle.name, width, oracle.guarantee,
                        not_judged.empty() ? "" : fmt::format("; not judged on {}", not_judged));
  }
  return exit_fine;
}

}  // namespace shootdown
