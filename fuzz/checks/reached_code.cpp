// Runs inputs on Linux's own code and says which places of it they reach.
//
// Usage: reached_code FILE|FOLDER...
//
// Prints a number for each place at which KCSAN's hooks were called while a run was under way: how far behind the beginning
// of the kernel's code the call returns to, in bytes, divided by 4. Says on standard error how many inputs ran, and how
// many the engine refused. What is reached while Linux boots, or is made ready for a run, does not count.
// ci/linux-coverage says which functions and lines these are.
//
// Exit status: 0; 1 an error; 2 bad usage or input.
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/linux/linux_engine.h"
#include "engine/run/simulation.h"
#include "fuzz/triage/inputs.h"

namespace {

using namespace shootdown;

class Nobody final : public Observer {
 public:
  EventSet watches() const override { return {}; }
  void happened(const EventView& /*event*/, const World& /*world*/) override {}
};

// More than there are places: 4 bytes of code each.
constexpr std::size_t counters = std::size_t{1} << 20U;

class ReachedCode {
 public:
  ReachedCode() : reached_(counters) { simulation_.code.counters = reached_; }

  // Returns false, and says why, if one of them cannot be read.
  bool run_all(const std::string& path) {
    return visit_inputs(path, [this](const std::variant<RawInput, InputError>& raw) {
      if (const auto* const error = std::get_if<InputError>(&raw)) return refuse(*error);
      const auto& input = std::get<RawInput>(raw);
      const std::variant<Input, InputError> read = read_input(input.name(), input.bytes);
      if (const auto* const error = std::get_if<InputError>(&read)) return refuse(*error);
      run(std::get<Input>(read).document.program);
      return true;
    });
  }

  void print() const {
    for (std::size_t place = 0; place < reached_.size(); ++place) {
      if (reached_[place] != 0) fmt::print("{}\n", place);
    }
    fmt::print(stderr, "{} runs; {} not possible\n", runs_, refused_);
  }

 private:
  static bool refuse(const InputError& error) {
    fmt::print(stderr, "reached_code: {}\n", error.message);
    return false;
  }

  void run(const Program& program) {
    try {
      simulation_.run(program);
      ++runs_;
    } catch (const RefusedProgram&) {
      ++refused_;
    }
  }

  std::vector<std::uint8_t> reached_;
  Nobody nobody_;
  Simulation simulation_{linux_engine(), nobody_};
  std::size_t runs_ = 0;
  std::size_t refused_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::span<char* const> arguments(argv, static_cast<std::size_t>(argc));
  if (argc < 2) {
    fmt::print(stderr, "reached_code: expected FILE|FOLDER...\n");
    return 2;
  }
  try {
    ReachedCode code;
    for (const char* const path : arguments.subspan(1)) {
      if (!code.run_all(path)) return 2;
    }
    code.print();
    return std::fflush(stdout) == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "reached_code: %s\n", error.what());
    return 1;
  }
}
