#include "fuzz/triage/inputs.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <system_error>
#include <utility>

#include <sys/stat.h>

#include <fmt/format.h>

#include "engine/zap/engines.h"
#include "fuzz/language/codec.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/archive.h"

namespace shootdown {

namespace fs = std::filesystem;

namespace {

InputError system_error(const std::string& name, const char* action, int error) {
  return {fmt::format("{}: cannot {}: {}", name, action, std::generic_category().message(error))};
}

// --- one input ---

// Whether the engines and oracles that a document names exist. An engine may exist in another build.
std::string unknown_name(const Document& document, const std::string& name) {
  for (const Expectation& expectation : document.expectations) {
    if (find_engine(expectation.engine) == nullptr && !is_optional_engine(expectation.engine)) {
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

// What was read is an input of this path, if it could be read.
std::variant<RawInput, InputError> raw_input(std::string path, std::variant<std::string, InputError> bytes) {
  if (auto* const error = std::get_if<InputError>(&bytes)) return std::move(*error);
  return RawInput{.path = std::move(path), .bytes = std::get<std::string>(std::move(bytes))};
}

// ARCHIVE.zip:MEMBER, if that is what a path looks like.
struct MemberPath {
  std::string archive;
  std::string member;
};

std::optional<MemberPath> as_member(const std::string& path) {
  constexpr std::string_view separator = ".zip:";
  const std::size_t at = path.find(separator);
  std::error_code ignored;
  if (at == std::string::npos || fs::exists(path, ignored)) return std::nullopt;
  return MemberPath{.archive = path.substr(0, at + separator.size() - 1), .member = path.substr(at + separator.size())};
}

std::variant<RawInput, InputError> load_member(const std::string& path, const MemberPath& place) {
  std::variant<Archive, InputError> opened = Archive::open(place.archive);
  if (auto* const error = std::get_if<InputError>(&opened)) return std::move(*error);
  const Archive& archive = std::get<Archive>(opened);
  const std::optional<std::size_t> member = archive.find(place.member);
  if (!member.has_value())
    return InputError{
        fmt::format("{}: there is no member '{}' in this archive", printable(place.archive), printable(place.member))};
  return raw_input(path, archive.read(*member, max_input_size));
}

}  // namespace

bool is_text(std::string_view name, std::string_view bytes) {
  return looks_like_text(bytes) || name.ends_with(".program");
}

std::variant<Input, InputError> read_input(std::string name, std::string_view bytes) {
  const bool text = is_text(name, bytes);
  Input input{.name = std::move(name), .text = text};
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

std::variant<RawInput, InputError> load_bytes(const std::string& path) {
  if (const std::optional<MemberPath> member = as_member(path)) return load_member(path, *member);
  if (path.empty()) return InputError{"the name of a file is empty"};
  const bool standard_input = path == "-";
  const std::string name = RawInput{.path = path, .bytes = {}}.name();
  std::error_code ignored;
  if (!standard_input && fs::is_directory(path, ignored))
    return InputError{fmt::format("{}: is a folder; expected a file", name)};
  if (is_archive(path))
    return InputError{fmt::format("{}: is an archive; expected a file, or a member as {}:MEMBER", name, name)};
  const std::unique_ptr<std::FILE, FileCloser> file(standard_input ? stdin : std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return system_error(name, "open", errno);
  return raw_input(path, read_all(file.get(), name));
}

std::variant<Input, InputError> load_input(const std::string& path) {
  std::variant<RawInput, InputError> loaded = load_bytes(path);
  if (auto* const error = std::get_if<InputError>(&loaded)) return std::move(*error);
  const RawInput& raw = std::get<RawInput>(loaded);
  return read_input(raw.name(), raw.bytes);
}

// --- many ---

namespace {

bool is_hidden(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') && name != "." && name != "..";  // with which members of archives may begin
}

// A link to nowhere, for example: whoever opens it will say so.
bool is_lost(fs::file_type type) {
  return type == fs::file_type::not_found || type == fs::file_type::none || type == fs::file_type::unknown;
}

InputError no_inputs(const std::string& path, const char* place) {
  return {.message = fmt::format("{}: there are no inputs in this {}", printable(path), place), .no_input = true};
}

// What lies beside inputs, by its name: of people, and of fuzzers (AFL++ writes a README.txt among the crashes,
// libFuzzer with -jobs writes logs, honggfuzz a report).
bool is_other_file(const fs::path& path) {
  static constexpr std::array<std::string_view, 6> endings{".md", ".jsonl", ".dict", ".options", ".log", ".c"};
  static constexpr std::array<std::string_view, 3> names{"README", "README.txt", "HONGGFUZZ.REPORT.TXT"};
  return std::ranges::find(endings, path.extension().string()) != endings.end() ||
         std::ranges::find(names, path.filename().string()) != names.end();
}

// Tells whether a folder is that of an instance of AFL++, given what tells whether there is a file of some name. The
// instance's inputs are in folders below its own; what lies directly in that are statistics and the like.
template <typename Exists>
bool is_afl_instance(const fs::path& folder, const Exists& exists) {
  return exists(folder / "fuzzer_setup") || exists(folder / "fuzzer_stats");
}

// Whether a folder of this name, directly in that of an instance, counts.
bool is_part(std::string_view name, AflPart part) {
  const auto is = [name](std::string_view wanted) {
    return name.starts_with(wanted) && (name.size() == wanted.size() || name[wanted.size()] == '.');
  };
  return part == AflPart::all || is(part == AflPart::queue ? "queue" : "crashes");
}

}  // namespace

bool is_archive(const fs::path& path) {
  return path.extension() == ".zip";
}

namespace {

class FolderListing {
 public:
  explicit FolderListing(AflPart part) : part_(part) {}

  void add(const fs::path& folder) {
    if (is_new(folder)) list(folder);
  }

  Listing take() {
    std::ranges::sort(found_.inputs);
    return std::move(found_);
  }

 private:
  // Links may lead to where we are, or have been.
  bool is_new(const fs::path& folder) {
    struct stat status;
    return ::stat(folder.c_str(), &status) != 0 || known_.emplace(status.st_dev, status.st_ino).second;
  }

  void list(const fs::path& folder) {
    const bool afl = is_afl_instance(folder, [](const fs::path& file) {
      std::error_code missing;
      return fs::exists(file, missing);
    });
    std::vector<fs::path> below;
    std::error_code error;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      const fs::path& path = entry->path();
      if (is_hidden(path)) continue;
      std::error_code ignored;
      const fs::file_type type = entry->status(ignored).type();
      if (type == fs::file_type::directory && (!afl || is_part(path.filename().string(), part_))) below.push_back(path);
      if ((type == fs::file_type::regular || is_lost(type)) && !is_other_file(path) && !afl)
        found_.inputs.push_back(path);
    }
    if (error) found_.errors.push_back(system_error(printable(folder.string()), "list the folder", error.value()));
    std::ranges::sort(below);
    for (const fs::path& one : below) add(one);
  }

  AflPart part_;
  Listing found_;
  std::set<std::pair<dev_t, ino_t>> known_;
};

}  // namespace

Listing list_inputs(const fs::path& folder, AflPart part) {
  FolderListing listing(part);
  listing.add(folder);
  Listing found = listing.take();
  if (found.inputs.empty() && found.errors.empty()) found.errors.push_back(no_inputs(folder.string(), "folder"));
  return found;
}

namespace {

// Whether a member is not one of those that an instance of AFL++ keeps for itself, or of a part that does not count.
bool counts(const Archive& archive, const fs::path& member, AflPart part) {
  const auto exists = [&](const fs::path& name) { return archive.find(name.string()).has_value(); };
  for (fs::path inside = member; inside.has_relative_path(); inside = inside.parent_path()) {
    if (!is_afl_instance(inside.parent_path(), exists)) continue;
    if (inside == member || !is_part(inside.filename().string(), part)) return false;
  }
  return true;
}

std::variant<RawInput, InputError> load_member(const std::string& path, const Archive& archive, std::size_t member) {
  const std::string name = archive.name(member);
  const std::string member_path = fmt::format("{}:{}", path, name);
  const auto error = [&](const char* what) { return InputError{fmt::format("{}: {}", printable(member_path), what)}; };
  if (is_archive(name)) return error("is an archive in an archive; extract it");
  // Nobody could see it again.
  if (archive.find(name) != member) return error("is in the archive twice; the second one is left out");
  return raw_input(member_path, archive.read(member, max_input_size));
}

bool visit_archive(const std::string& path, const InputVisitor& visit, AflPart part) {
  std::variant<Archive, InputError> opened = Archive::open(path);
  if (auto* const error = std::get_if<InputError>(&opened)) return visit(std::move(*error));
  const Archive& archive = std::get<Archive>(opened);
  bool any = false;
  for (std::size_t member = 0; member < archive.size(); ++member) {
    const std::string name = archive.name(member);
    const bool hidden = std::ranges::any_of(fs::path(name), is_hidden);
    if (name.ends_with('/') || hidden || is_other_file(name) || !counts(archive, name, part)) continue;
    any = true;
    if (!visit(load_member(path, archive, member))) return false;
  }
  return any || visit(no_inputs(path, "archive"));
}

bool visit_folder(const std::string& path, const InputVisitor& visit, AflPart part) {
  const Listing found = list_inputs(path, part);
  if (!std::ranges::all_of(found.errors, visit)) return false;
  return std::ranges::all_of(found.inputs, [&](const fs::path& input) {
    return is_archive(input) ? visit_archive(input.string(), visit, part) : visit(load_bytes(input.string()));
  });
}

}  // namespace

bool visit_inputs(const std::string& path, const InputVisitor& visit, AflPart part) {
  std::error_code ignored;
  if (path != "-" && fs::is_directory(path, ignored)) return visit_folder(path, visit, part);
  if (is_archive(path)) return visit_archive(path, visit, part);
  return visit(load_bytes(path));
}

}  // namespace shootdown
