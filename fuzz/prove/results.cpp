#include "fuzz/prove/results.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/kernel/model_version.h"
#include "fuzz/io/output.h"

namespace shootdown {

namespace {

using Json = nlohmann::ordered_json;

// --- what lines say ---

using Verdict = SearchOutcome::Verdict;

constexpr std::array<std::pair<Verdict, std::string_view>, 5> verdicts{{
    {Verdict::holds, "holds for every schedule"},
    {Verdict::holds_up_to, "holds"},
    {Verdict::breaks, "breaks"},
    {Verdict::no_time, "time ran out"},
    {Verdict::no_memory, "memory ran out"},
}};

constexpr std::string_view line_begins = R"({"search":{"model":)";

Json names_json(OracleSet oracles) {
  Json names = Json::array();
  for (const OracleInfo& oracle : all_oracles()) {
    if (oracles.contains(oracle.id)) names.push_back(oracle.name);
  }
  return names;
}

// Throws std::exception.
OracleSet oracles_from(const Json& names) {
  OracleSet oracles;
  for (const Json& name : names) {
    const OracleInfo* const oracle = find_oracle(name.get<std::string>());
    if (oracle == nullptr) throw std::runtime_error("there is no oracle " + name.dump());
    oracles.insert(oracle->id);
  }
  return oracles;
}

Json to_json(const SearchOutcome& result) {
  const auto* const verdict = std::ranges::find(verdicts, result.verdict, &decltype(verdicts)::value_type::first);
  Json json{{"verdict", verdict->second},
            {"exceptions", result.exceptions},
            {"states", result.states},
            {"digests", result.digests}};
  if (result.verdict == Verdict::breaks) json["breaks"] = names_json(result.broken);
  if (!result.is_decided()) json["limit"] = result.limit;
  return json;
}

// Throws std::exception.
SearchOutcome from_json(const Json& json) {
  const auto name = json.at("verdict").get<std::string>();
  const auto* const verdict = std::ranges::find(verdicts, name, &decltype(verdicts)::value_type::second);
  if (verdict == verdicts.end()) throw std::runtime_error("there is no verdict '" + name + "'");
  SearchOutcome result{.verdict = verdict->first,
                       .exceptions = json.at("exceptions"),
                       .states = json.at("states"),
                       .digests = json.at("digests")};
  if (result.verdict == Verdict::breaks) result.broken = oracles_from(json.at("breaks"));
  if (!result.is_decided()) result.limit = json.at("limit");
  return result;
}

}  // namespace

std::string name_of(const Search& search) {
  Json json{{"model", model_version},
            {"engine", search.engine},
            {"machine", search.machine},
            {"program", search.program},
            {"may", search.may},
            {"exceptions", search.exceptions.has_value() ? Json(*search.exceptions) : Json(nullptr)},
            {"oracles", names_json(search.oracles)}};
  if (!search.defect.empty()) json["defect"] = search.defect;
  return json.dump();
}

SearchOutcome result_of(const Explorer& explorer, Explorer::State state) {
  SearchOutcome result{.exceptions = explorer.exceptions(), .states = explorer.states(), .digests = explorer.digests()};
  switch (state) {
    case Explorer::State::exhausted: result.verdict = Verdict::holds; break;
    case Explorer::State::bound_reached: result.verdict = Verdict::holds_up_to; break;
    case Explorer::State::broken:
      result.verdict = Verdict::breaks;
      result.broken = explorer.broken();
      break;
    case Explorer::State::goes_on:
    case Explorer::State::out_of_memory:
      result.verdict = state == Explorer::State::goes_on ? Verdict::no_time : Verdict::no_memory;
      --result.exceptions;
      break;
  }
  return result;
}

std::string json_of(const SearchOutcome& result) {
  return to_json(result).dump();
}

SearchOutcome result_from_json(std::string_view json) {
  return from_json(Json::parse(json));
}

// --- the file ---

namespace {

std::string why(int error) {
  return std::generic_category().message(error);
}

// Returns an errno, 0: done.
int read_all(int file, std::string& text) {
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t count = ::read(file, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) return 0;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

// Whether it can be what is left of a line of ours.
bool may_be_torn(std::string_view text) {
  const std::size_t length = std::min(text.size(), line_begins.size());
  return text.substr(0, length) == line_begins.substr(0, length);
}

}  // namespace

Results::~Results() {
  if (file_ >= 0) ::close(file_);
}

std::optional<InputError> Results::open(const std::string& path) {
  const std::string name = printable(path);
  file_ = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0) return InputError{fmt::format("{}: cannot open: {}", name, why(errno))};
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    return InputError{errno == EWOULDBLOCK ? fmt::format("{}: another process is adding to it", name)
                                           : fmt::format("{}: cannot lock: {}", name, why(errno))};
  }
  std::string text;
  if (const int error = read_all(file_, text); error != 0)
    return InputError{fmt::format("{}: cannot read: {}", name, why(error))};
  return read(name, text);
}

std::optional<InputError> Results::read(const std::string& path, std::string_view text) {
  std::size_t at = 0;
  std::size_t number = 1;
  for (std::size_t end = 0; (end = text.find('\n', at)) != std::string_view::npos; at = end + 1, ++number) {
    if (const auto error = read_line(text.substr(at, end - at), number))
      return InputError{fmt::format("{}:{}: {}", path, number, error->message)};
  }
  if (at == text.size()) return std::nullopt;
  if (!may_be_torn(text.substr(at)))
    return InputError{fmt::format("{}:{}: expected a result of shootdown prove --programs", path, number)};
  if (::ftruncate(file_, static_cast<off_t>(at)) != 0)
    return InputError{fmt::format("{}: cannot cut off the last line: {}", path, why(errno))};
  was_torn_ = true;
  return std::nullopt;
}

std::optional<InputError> Results::read_line(std::string_view text, std::size_t number) {
  try {
    const Json json = Json::parse(text);
    const Json& search = json.at("search");
    if (!search.at("model").is_number_integer()) throw std::runtime_error("its model is no number");
    const Line line{.result = from_json(json.at("result")), .number = number};
    const Line* const other = keep(search.dump(), line);
    if (other == nullptr) return std::nullopt;
    return InputError{fmt::format("it says otherwise than line {} of the same search", other->number)};
  } catch (const Json::parse_error&) {
    return InputError{"expected a result of shootdown prove --programs: it is no JSON"};
  } catch (const std::exception& error) {
    // What the library calls it is of no use to users.
    std::string_view what = error.what();
    if (what.starts_with("[json.exception.")) what.remove_prefix(what.find("] ") + 2);
    return InputError{fmt::format("expected a result of shootdown prove --programs: {}", printable(what))};
  }
}

// What is decided counts more than what is not; and what had more time, or more memory: of both the later. Returns the line that it
// contradicts, if any.
const Results::Line* Results::keep(const std::string& name, const Line& line) {
  const auto [place, is_new] = lines_.try_emplace(name, line);
  Line& known = place->second;
  if (is_new || known.result == line.result) return nullptr;
  if (known.result.is_decided() && line.result.is_decided()) return &known;
  const bool says_more =
      line.result.is_decided() || line.result.verdict != known.result.verdict || line.result.limit > known.result.limit;
  if (!known.result.is_decided() && says_more) known = line;
  return nullptr;
}

const SearchOutcome* Results::find(const std::string& name) const {
  const auto found = lines_.find(name);
  return found == lines_.end() ? nullptr : &found->second.result;
}

// In one piece, so that no more than the last line can be torn.
void Results::add(const std::string& name, const SearchOutcome& result) {
  keep(name, {.result = result, .number = 0});
  if (file_ < 0) return;
  const std::string line = fmt::format("{{\"search\":{},\"result\":{}}}\n", name, json_of(result));
  std::string_view left = line;
  while (!left.empty()) {
    const ssize_t written = ::write(file_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw std::system_error(errno, std::generic_category(), "cannot write results");
    left.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace shootdown
