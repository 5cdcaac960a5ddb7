#include "engine/linux/linux_engine.h"

#include <algorithm>
#include <array>
#include <string>

#include "engine/linux/linux_run.h"

namespace shootdown {

namespace {

// What is a constant in Linux.
constexpr std::array constants{&MachineConfig::page_shift, &MachineConfig::table_shift, &MachineConfig::bundle,
                               &MachineConfig::batch,      &MachineConfig::batch_count, &MachineConfig::free_cap,
                               &MachineConfig::resched,    &MachineConfig::folio_order, &MachineConfig::seq_read,
                               &MachineConfig::disk};

// What its code is not built for, and what takes its place in a program that is adapted.
struct Missing {
  Call call;
  Call nearest;  // of the same operands
};
constexpr std::array missing{Missing{Call::exclusive, Call::dma}, Missing{Call::poison, Call::dontneed},
                             Missing{Call::hwpoison, Call::dontneed}, Missing{Call::mmap_device, Call::mmap},
                             Missing{Call::move_device, Call::dontneed}};

std::string refuse_operations(const Program& program) {
  for (const Operation& operation : operations_of(program)) {
    if (std::ranges::find(missing, operation.call, &Missing::call) != missing.end())
      return std::string(info_of(operation.call).name) + " is not there";
  }
  return {};
}

std::string refuse_machine(const MachineConfig& machine) {
  const MachineConfig usual;
  for (const ParameterInfo& parameter : parameter_table) {
    const bool constant = std::ranges::find(constants, parameter.field) != constants.end();
    if (!constant || machine.*parameter.field == usual.*parameter.field) continue;
    return std::string(parameter.name) + " is a constant there, " + std::to_string(usual.*parameter.field);
  }
  if (machine.pages <= linux_max_file_pages) return {};
  return "its files have at most " + std::to_string(int{linux_max_file_pages}) + " pages";
}

std::string kernel_version() {
  const unsigned long code = linux_version();
  return std::to_string(code >> 16U) + "." + std::to_string(code >> 8U & 255U) + "." + std::to_string(code & 255U);
}

class LinuxEngine final : public Engine {
 public:
  std::string_view name() const override { return SHOOTDOWN_LINUX_NAME; }
  std::string_view summary() const override {
    static const std::string summary = "the code of Linux " + kernel_version() + " itself";
    return summary;
  }
  std::span<const NotClaimed> not_claimed() const override { return {}; }
  EventSet sends() const override { return EventSet::of(SentByLinux{}); }

  std::string refusal(const Program& program) const override {
    const std::string why = refuse_machine(program.machine);
    return why.empty() ? refuse_operations(program) : why;
  }

  bool refuses_some() const override { return true; }
  void adapt(Program& program) const override {
    const MachineConfig usual;
    for (std::uint16_t MachineConfig::* const constant : constants) program.machine.*constant = usual.*constant;
    program.machine.pages = std::min<std::uint16_t>(program.machine.pages, linux_max_file_pages);
    for (Operation& operation : operations_of(program)) {
      const auto* const found = std::ranges::find(missing, operation.call, &Missing::call);
      if (found != missing.end()) operation.call = found->nearest;
    }
  }

  Run& boot(const RunSetup& setup) const override { return setup.arena.make<LinuxRun>(*this, setup); }
};

}  // namespace

const Engine& linux_engine() {
  static const LinuxEngine engine;
  return engine;
}

}  // namespace shootdown
