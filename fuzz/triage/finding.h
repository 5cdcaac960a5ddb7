// Findings: what may be news about the kernel.
//
// A finding is a folder: an explanation, README.md; programs that show it; and, if it was tried on kernels that run,
// running-kernels.jsonl, a line of JSON for each time, as the C program that `shootdown reproduce` makes has printed it.
// corpus/findings/README.md says what the explanation looks like. What the programs do on engines is not written down
// here: whoever wants to know runs them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "fuzz/io/input_error.h"

namespace shootdown {

// What a running kernel has made of a program, once or several times.
struct KernelRuns {
  std::string program;     // its name
  std::string kernel;      // its release
  std::string version;     // what else it says of itself
  std::string cpu;         // the model
  std::string filesystem;  // the type
  std::string without;     // what was left out as a control: sync, zap, or nothing
  std::uint64_t cpus = 0;
  std::uint64_t times = 0;
  std::uint64_t with_losses = 0;  // of them
  std::uint64_t seconds = 0;      // of all
  std::uint64_t rounds = 0;       // of all, and so below
  std::uint64_t unmapped = 0;     // the page was left unmapped: the order can have been the one in doubt
  std::uint64_t stale = 0;        // it was just that, where that can be seen
  std::uint64_t lost = 0;

  // Whether they can be told as one.
  bool is_like(const KernelRuns& other) const;
};

struct Finding {
  std::string name;    // the folder's
  std::string title;   // of the explanation
  std::string status;  // candidate, confirmed or refuted; "" if it has another one or none
  std::vector<std::filesystem::path> programs;
  std::vector<KernelRuns> running;  // those that are alike together, in the order of the first
};

inline constexpr const char* running_kernels_file = "running-kernels.jsonl";

// Loads the finding that a folder is, and those that folders below it are: wherever there are programs. By their names.
std::variant<std::vector<Finding>, InputError> load_findings(const std::filesystem::path& folder);

}  // namespace shootdown
