// Inputs: where they lie, and what they mean.
//
// An input is a file, standard input, or a member of a zip archive; encoded, or
// text. In folders and archives, inputs are told from what fuzzers and people
// keep beside them. That goes by names and places, since every byte string is an
// input: docs/input-format.md says how. It knows the layouts of libFuzzer, AFL++
// and OSS-Fuzz.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fuzz/io/input_error.h"
#include "fuzz/io/output.h"
#include "fuzz/language/text.h"

namespace shootdown {

inline constexpr std::size_t max_input_size = std::size_t{16} << 20U;

// --- one input ---

struct Input {
  std::string name;   // as errors call it
  bool text = false;  // else encoded: it expects nothing
  Document document;
};

// The bytes of an input, not yet looked at.
struct RawInput {
  std::string path;  // as users can name it: FILE, ARCHIVE.zip:MEMBER, or "-"
  std::string bytes;

  // As people are told it, in one line.
  std::string name() const { return path == "-" ? "<stdin>" : printable(path); }
};

// Whether an input of this name is text: it looks like it, or the name ends in .program.
bool is_text(std::string_view name, std::string_view bytes);

// Makes an input of bytes. Expectations are checked: their oracles exist, and their engines, in this build or another.
std::variant<Input, InputError> read_input(std::string name, std::string_view bytes);

// Loads a file, a member of an archive (if there is no file of that name), or "-", standard input; at most
// max_input_size bytes.
std::variant<RawInput, InputError> load_bytes(const std::string& path);

// Both.
std::variant<Input, InputError> load_input(const std::string& path);

// --- many ---

// Whether a path names a zip archive.
bool is_archive(const std::filesystem::path& path);

struct Listing {
  std::vector<std::filesystem::path> inputs;  // and archives, sorted
  std::vector<InputError> errors;             // folders that cannot be listed, or that there is nothing at all
};

// Of what an instance of AFL++ leaves behind, which folders count; with those of earlier sessions, which have a date
// behind their names.
enum class AflPart { all, queue, crashes };

// Lists a folder and those below it, also where links lead; none is listed twice. What lies beside inputs is left out
// (the beginning of this file).
Listing list_inputs(const std::filesystem::path& folder, AflPart part = AflPart::all);

// Told of every input, in order, or of what is wrong with it. Returns whether to go on.
using InputVisitor = std::function<bool(const std::variant<RawInput, InputError>&)>;

// Visits what a path names: the input, or all inputs in the folder or archive and in archives in the folder. Each is
// loaded when its turn has come. Returns whether to go on.
bool visit_inputs(const std::string& path, const InputVisitor& visit, AflPart part = AflPart::all);

}  // namespace shootdown
