#include "engine/linux/linux_engine.h"

#include <algorithm>
#include <array>
#include <string>

#include "engine/linux/linux_run.h"
#include "engine/linux/texts.h"
#include "engine/program/calls.h"

namespace shootdown {

namespace {

// What is a constant in Linux.
constexpr std::array constants{&MachineConfig::page_shift, &MachineConfig::table_shift, &MachineConfig::bundle,
                               &MachineConfig::batch,      &MachineConfig::batch_count, &MachineConfig::free_cap,
                               &MachineConfig::resched,    &MachineConfig::disk};

// What its code is not built for, or has not got in this version, or has nothing to work on; and what takes its place in a
// program that is adapted, of the same operands.
struct Missing {
  Call call;
  Call nearest;
  bool (*is_there)(const Program& program);
};
constexpr std::array missing{
    Missing{Call::poison, Call::dontneed, [](const Program&) { return linux_has_poison() != 0; }},
    Missing{Call::to_device, Call::exclusive, [](const Program&) { return false; }},
    Missing{Call::hwpoison, Call::dontneed, [](const Program&) { return false; }},
    Missing{Call::move_device, Call::dontneed, maps_device}};

const Missing* find_missing(const Program& program, Call call) {
  const auto* const found = std::ranges::find(missing, call, &Missing::call);
  return found == missing.end() || found->is_there(program) ? nullptr : found;
}

std::string refuse_operations(const Program& program) {
  for (const Operation& operation : operations_of(program)) {
    if (find_missing(program, operation.call) != nullptr)
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
  if (machine.folio_order != 0 && linux_has_folio_order() == 0) return "folio_order cannot be chosen there";
  if (machine.pages % (1 << machine.folio_order) != 0)
    return "its folios of " + std::to_string(1 << machine.folio_order) + " pages do not fill the files";
  if (machine.pages <= linux_max_file_pages) return {};
  return "its files have at most " + std::to_string(int{linux_max_file_pages}) + " pages";
}

// Whole ones fill the files.
void adapt_folios(MachineConfig& machine) {
  if (linux_has_folio_order() == 0) machine.folio_order = 0;
  while (machine.pages < 1 << machine.folio_order) --machine.folio_order;
  machine.pages = static_cast<std::uint16_t>(machine.pages >> machine.folio_order << machine.folio_order);
}

std::string kernel_version() {
  const unsigned long code = linux_version();
  return std::to_string(code >> 16U) + "." + std::to_string(code >> 8U & 255U) + "." + std::to_string(code & 255U);
}

class LinuxEngine final : public Engine {
 public:
  LinuxEngine() { make_linux_texts(); }

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
    adapt_folios(program.machine);
    for (Operation& operation : operations_of(program)) {
      if (const Missing* const found = find_missing(program, operation.call)) operation.call = found->nearest;
    }
  }

  Run& boot(const RunSetup& setup) const override { return setup.arena.make<LinuxRun>(*this, setup); }
};

}  // namespace

const Engine& linux_engine() {
  static const LinuxEngine engine;
  return engine;
}

bool linux_is_since(unsigned version, unsigned patchlevel) {
  return linux_version() >= (version << 16U | patchlevel << 8U);
}

}  // namespace shootdown
