#include "fuzz/triage/regression.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "fuzz/language/codec.h"
#include "fuzz/triage/digest.h"

namespace shootdown {

namespace {

std::string bucket_of(const Examination& examination) {
  std::string kind = examination.bucket();
  for (const Expectation& expectation : examination.expectations)
    kind += fmt::format("\n{} breaks {}", expectation.engine, fmt::join(expectation.breaks, ", "));
  return kind;
}

// Below the first line, which says that it is a program.
std::string with_comment(std::string text, std::string_view comment) {
  const std::size_t second_line = text.find('\n') + 1;
  return text.insert(second_line, fmt::format("# {}\n", comment));
}

}  // namespace

std::string digest_of(const Program& program) {
  return digest(as_characters(encode(program)));
}

std::optional<Regression> make_regression(const Examination& examination) {
  if (!examination.first.has_value()) return std::nullopt;
  const Examination::Break& first = *examination.first;
  const std::string_view oracle = oracle_name(first.oracle);
  const std::vector<std::uint8_t> bytes = encode(examination.program);
  Regression regression{.digest = digest(as_characters(bytes)), .size = bytes.size(), .kind = bucket_of(examination)};
  regression.name = fmt::format("{}-{}-{}.program", first.engine->name(), oracle, regression.digest);
  regression.text =
      with_comment(examination.text(), fmt::format("Found by fuzzing; breaks {} on {}.", oracle, first.engine->name()));
  return regression;
}

std::string title_of(std::string_view text) {
  constexpr std::string_view blank = " \t\r";
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line.remove_prefix(std::min(line.find_first_not_of(blank), line.size()));
    if (!line.starts_with('#')) continue;
    line.remove_prefix(std::min(line.find_first_not_of("# \t\r"), line.size()));
    if (!line.empty()) return std::string(line.substr(0, line.find_last_not_of(blank) + 1));
  }
  return {};
}

}  // namespace shootdown
