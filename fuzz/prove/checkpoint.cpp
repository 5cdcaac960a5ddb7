#include "fuzz/prove/checkpoint.h"

#include <cerrno>
#include <fstream>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "engine/kernel/model_version.h"
#include "fuzz/io/output.h"
#include "fuzz/language/text.h"
#include "fuzz/prove/word_file.h"
#include "fuzz/replay/replay.h"

namespace shootdown {

namespace {

constexpr std::string_view first_line = "shootdown search 1";

// Of what a search is: names and values.
using Words = std::vector<std::pair<std::string, std::string>>;

std::string digest_of(std::string_view text) {
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
}

std::string freedoms_in(const ExplorerSettings& settings) {
  std::string names;
  for (const FreedomInfo& info : all_freedoms) {
    if (settings.freedoms.contains(info.freedom)) names += fmt::format("{}{}", names.empty() ? "" : ",", info.name);
  }
  return names;
}

Words words_of(Explorer& explorer) {
  const ExplorerSettings& settings = explorer.settings();
  const std::string oracles = names_of(settings.oracles);
  return {{"model", fmt::format("{}", model_version)},
          {"engine", std::string(explorer.engine().name())},
          {"defect", std::string(settings.defect == Defect::none ? "none" : defect_name(settings.defect))},
          {"program", digest_of(print(explorer.program()))},
          {"may", freedoms_in(settings)},
          {"exceptions", fmt::format("{}", settings.exceptions)},
          {"oracles", oracles},
          {"merging", settings.merges ? "yes" : "no"},
          {"forgetting", settings.forgets ? "yes" : "no"},
          {"order", settings.backwards ? "backwards" : "forwards"},
          {"build", fmt::format("{:016x}", explorer.fingerprint())}};
}

std::string head_of(const Words& words) {
  std::string head = fmt::format("{}\n", first_line);
  for (const auto& [name, value] : words) head += fmt::format("{} {}\n", name, value);
  return head + "\n";
}

// Reads it; says what is not the same.
std::optional<std::string> read_head(std::istream& file, const Words& words) {
  std::string line;
  if (!std::getline(file, line) || line != first_line) return "it is no search that was stopped";
  for (const auto& [name, value] : words) {
    if (!std::getline(file, line) || !line.starts_with(name + " ")) return DamagedFile().what();
    const std::string there = printable(line.substr(name.size() + 1));
    if (there != value) return fmt::format("it is another search: {} {}, and here {}", name, there, value);
  }
  return std::getline(file, line) && line.empty() ? std::nullopt : std::optional<std::string>(DamagedFile().what());
}

}  // namespace

int save_checkpoint(const std::filesystem::path& path, Explorer& explorer) {
  const std::string head = head_of(words_of(explorer));
  return save_file(path, [&](const std::function<void(std::string_view)>& write) {
    write(head);
    WordWriter words(write, head);
    explorer.save(words);
    words.end();
  });
}

std::optional<InputError> load_checkpoint(const std::string& path, Explorer& explorer) {
  const auto wrong = [&](std::string_view what) {
    return InputError{fmt::format("{}: cannot go on from there: {}", printable(path), what)};
  };
  std::ifstream file(path, std::ios::binary);
  if (!file) return InputError{fmt::format("{}: cannot open", printable(path))};
  const Words words = words_of(explorer);
  if (const std::optional<std::string> what = read_head(file, words)) return wrong(*what);
  try {
    WordReader reader(file, head_of(words));
    explorer.load(reader);
    reader.end();
  } catch (const DamagedFile& damaged) {
    return wrong(damaged.what());
  }
  return std::nullopt;
}

}  // namespace shootdown
