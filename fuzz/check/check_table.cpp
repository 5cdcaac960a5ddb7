#include "fuzz/check/check_table.h"

#include <algorithm>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "fuzz/check/check_words.h"
#include "fuzz/io/output.h"
#include "fuzz/io/table.h"
#include "fuzz/language/codec.h"
#include "fuzz/language/text.h"

namespace shootdown {

namespace {

std::vector<std::string> row_of(const Guarantee& guarantee) {
  std::string how;
  if (guarantee.breach.has_value())
    how = fmt::format("{}; from {}", size_of(*guarantee.breach), how_it_was_found(guarantee.breach->found));
  return {std::string(oracle_name(guarantee.oracle)), guarantee.claimed ? "yes" : "no",
          guarantee.demanded ? "yes" : "no", std::string(name_of(guarantee.standing)), how};
}

std::string meanings(const EngineChecked& checked) {
  std::string text;
  for (const Standing standing : {Standing::proved, Standing::held, Standing::not_judged}) {
    const auto stands_so = [&](const Guarantee& guarantee) { return guarantee.standing == standing; };
    if (std::ranges::any_of(checked.guarantees, stands_so))
      text += fmt::format("{}: {}\n", name_of(standing), meaning_of(standing, checked));
  }
  return text;
}

std::string violation(const Guarantee& guarantee, std::string_view engine) {
  const ShownBreach& breach = *guarantee.breach;
  const auto program = std::make_unique<Program>();
  decode(breach.program, *program);
  return fmt::format("\n{} breaks {}: {}\n{}", engine, oracle_name(guarantee.oracle), breach.fact, print(*program));
}

std::string trouble(const EngineChecked& checked) {
  std::string text;
  for (const std::string& surprise : surprises_of(checked)) text += surprise + "\n";
  for (const CheckFailure& failure : checked.failures)
    text += fmt::format("Shootdown failed in {}: {}\n", printable(failure.where), failure.message);
  for (const LinuxCompared& compared : checked.linux_code) {
    if (compared.different != 0)
      text += fmt::format("{} and {} differ in {}", compared.model, compared.kernel, compared.first);
  }
  return text.empty() ? text : "\n" + text;
}

}  // namespace

std::string check_table(const EngineChecked& checked) {
  std::vector<std::vector<std::string>> rows{
      {"guarantee", "claimed", "must hold", "it is", "smallest program that breaks it"}};
  for (const Guarantee& guarantee : checked.guarantees) rows.push_back(row_of(guarantee));
  std::string text = "\n" + aligned(rows) + "\n" + meanings(checked);
  for (const Guarantee& guarantee : checked.guarantees) {
    if (guarantee.demanded && guarantee.breach.has_value())
      text += violation(guarantee, checked.settings.engine->name());
  }
  return text + trouble(checked) + fmt::format("\n{}\n", conclusion(checked));
}

}  // namespace shootdown
