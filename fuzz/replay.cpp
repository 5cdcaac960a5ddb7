#include "fuzz/replay.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "engine/zap/engines.h"
#include "fuzz/codec.h"

namespace shootdown {

namespace fs = std::filesystem;

// --- running ---

Replayer::Replayer(const ZapEngine& engine)
    : engine_(engine), judge_(std::make_unique<Judge>()), kernel_(std::make_unique<Kernel>(engine, *judge_)) {}

RunResult Replayer::run(const Program& program, TraceSink* trace) {
  const Scheduler::Outcome outcome = kernel_->run(program, trace);
  return {.outcome = outcome, .hash = kernel_->hash(), .broken = judge_->report().broken()};
}

std::string Replayer::trace(const Program& program, const TraceOptions& options) {
  Trace trace;
  run(program, &trace);
  return render_trace(program, trace, report(), options);
}

namespace {

// The lines of a long trace that matter most: its heading, and what leads to the violation of `oracle`.
std::string shortened(const std::string& trace, std::string_view oracle) {
  constexpr std::size_t before = 150;  // lines up to the violation
  constexpr std::size_t behind = 30;   // lines from there on
  std::vector<std::string_view> lines;
  for (std::size_t at = 0; at < trace.size();) {
    const std::size_t end = std::min(trace.find('\n', at), trace.size() - 1) + 1;
    lines.push_back(std::string_view(trace).substr(at, end - at));
    at = end;
  }
  const std::string verdict = fmt::format("*** {}:", oracle);
  std::size_t violation = 0;
  while (violation < lines.size() && lines[violation].find(verdict) == std::string_view::npos) ++violation;

  std::string result;
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool shown = i == 0 || (i + before >= violation && i < violation + behind);
    if (shown) {
      if (left_out != 0) result += fmt::format("... {} lines left out\n", left_out);
      left_out = 0;
      result += lines[i];
    } else {
      ++left_out;
    }
  }
  if (left_out != 0) result += fmt::format("... {} lines left out\n", left_out);
  return result;
}

}  // namespace

std::string describe_violation(const ZapEngine& engine, const Program& program, OracleId broken) {
  Replayer replayer(engine);
  const std::string trace = replayer.trace(program, {});
  const bool again = replayer.report().broken().contains(broken);
  const std::string_view fact =
      again ? replayer.report().violation(broken).fact() : "but not when it is run again, which must not be";
  return fmt::format("shootdown: {} breaks {}: {}\n\n{}\n{}", engine.name(), oracle_name(broken), fact, print(program),
                     shortened(trace, oracle_name(broken)));
}

// --- names ---

std::string engine_names() {
  std::string names;
  for (const ZapEngine* const engine : all_engines()) {
    if (!names.empty()) names += ", ";
    names += engine->name();
  }
  return names;
}

std::string oracle_names() {
  return names_of(OracleSet::all());
}

std::string names_of(OracleSet oracles) {
  std::string names;
  for (const OracleInfo& oracle : all_oracles()) {
    if (!oracles.contains(oracle.id)) continue;
    if (!names.empty()) names += ", ";
    names += oracle.name;
  }
  return names;
}

std::variant<const ZapEngine*, InputError> select_engine(std::string_view name) {
  if (const ZapEngine* const engine = find_engine(name)) return engine;
  return InputError{fmt::format("there is no engine '{}'; there are: {}", name, engine_names())};
}

std::variant<OracleSet, InputError> select_oracles(std::string_view selection, const ZapEngine& engine) {
  if (selection == "claims") return claims(engine);
  if (selection == "all") return OracleSet::all();
  OracleSet set;
  for (std::size_t begin = 0; begin <= selection.size();) {
    const std::size_t end = std::min(selection.find(',', begin), selection.size());
    const std::string_view name = selection.substr(begin, end - begin);
    const OracleInfo* const oracle = find_oracle(name);
    if (oracle == nullptr) {
      return InputError{
          fmt::format("there is no oracle '{}'; expected claims, all, or some of: {}", name, oracle_names())};
    }
    set.insert(oracle->id);
    begin = end + 1;
  }
  return set;
}

// --- inputs ---

namespace {

InputError system_error(const std::string& name, const char* action, int error) {
  return {fmt::format("{}: cannot {}: {}", name, action, std::generic_category().message(error))};
}

// Whether the engines and oracles that a document names exist.
std::string unknown_name(const Document& document, const std::string& name) {
  for (const Expectation& expectation : document.expectations) {
    if (find_engine(expectation.engine) == nullptr) {
      return fmt::format("{}:{}: there is no engine '{}'; there are: {}", name, expectation.line, expectation.engine,
                         engine_names());
    }
    for (const std::string& oracle : expectation.breaks) {
      if (find_oracle(oracle) != nullptr) continue;
      return fmt::format("{}:{}: there is no oracle '{}'; there are: {}", name, expectation.line, oracle,
                         oracle_names());
    }
  }
  return {};
}

struct FileCloser {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};

// All that is left of a file.
std::variant<std::string, InputError> read_all(std::FILE* file, const std::string& name) {
  std::string bytes;
  std::array<char, std::size_t{1} << 16U> buffer;
  for (;;) {
    errno = 0;
    const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file);
    bytes.append(buffer.data(), count);
    if (std::ferror(file) != 0) return system_error(name, "read", errno);
    if (bytes.size() > max_input_size) {
      return InputError{fmt::format("{}: too large: an input has at most {} MiB", name, max_input_size >> 20U)};
    }
    if (count == 0) return bytes;
  }
}

}  // namespace

std::variant<Input, InputError> read_input(std::string name, std::string_view bytes) {
  Input input{.name = std::move(name), .text = looks_like_text(bytes)};
  if (input.name.ends_with(".program")) input.text = true;
  if (!input.text) {
    const auto* const data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    decode(std::span(data, bytes.size()), input.document.program);
    return input;
  }
  std::variant<Document, ParseError> parsed = parse(bytes);
  if (const auto* const error = std::get_if<ParseError>(&parsed)) return InputError{error->format(input.name)};
  input.document = std::get<Document>(std::move(parsed));
  std::string unknown = unknown_name(input.document, input.name);
  if (!unknown.empty()) return InputError{std::move(unknown)};
  return input;
}

std::variant<Input, InputError> load_input(const fs::path& path) {
  const bool standard_input = path == "-";
  std::string name = standard_input ? "<stdin>" : path.string();
  std::error_code ignored;
  if (!standard_input && fs::is_directory(path, ignored))
    return InputError{fmt::format("{}: is a folder; expected a file", name)};
  const std::unique_ptr<std::FILE, FileCloser> file(standard_input ? stdin : std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return system_error(name, "open", errno);
  std::variant<std::string, InputError> bytes = read_all(file.get(), name);
  if (auto* const error = std::get_if<InputError>(&bytes)) return std::move(*error);
  return read_input(std::move(name), std::get<std::string>(bytes));
}

namespace {

bool is_hidden(const fs::path& path) {
  return path.filename().native().starts_with('.');
}

// A link to nowhere, for example: whoever opens it will say so.
bool is_lost(fs::file_type type) {
  return type == fs::file_type::not_found || type == fs::file_type::none || type == fs::file_type::unknown;
}

bool is_other_file(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".md" || extension == ".zip" || extension == ".dict" || extension == ".options";
}

}  // namespace

std::variant<std::vector<fs::path>, InputError> list_inputs(const fs::path& folder) {
  std::vector<fs::path> inputs;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    const fs::file_type type = entry->status(ignored).type();
    if (is_hidden(entry->path())) {
      entry.disable_recursion_pending();
    } else if ((type == fs::file_type::regular || is_lost(type)) && !is_other_file(entry->path())) {
      inputs.push_back(entry->path());
    }
  }
  if (error) return system_error(folder.string(), "list the folder", error.value());
  if (inputs.empty()) return InputError{fmt::format("{}: there are no inputs in this folder", folder.string())};
  std::ranges::sort(inputs);
  return inputs;
}

// --- judging ---

Demand demand_of(const Document& document, const ZapEngine& engine) {
  for (const Expectation& expectation : document.expectations) {
    if (expectation.engine != engine.name()) continue;
    Demand demand{.exact = true, .line = expectation.line};
    for (const std::string& name : expectation.breaks) {
      if (const OracleInfo* const oracle = find_oracle(name)) demand.oracles.insert(oracle->id);
    }
    return demand;
  }
  return {.exact = false, .oracles = claims(engine)};
}

}  // namespace shootdown
