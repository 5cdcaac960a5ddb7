#include "fuzz/reproduce/plan.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace shootdown {

bool is_store(const Operation& operation) {
  return operation.call == Call::store || operation.call == Call::touch;
}

namespace {

bool only_looks(const Operation& operation) {
  return operation.call == Call::load || operation.call == Call::read || operation.call == Call::fadvise;
}

bool is_preempted(const Program& program, const Operation& operation) {
  const auto exceptions = exceptions_of(program).subspan(operation.first_exception, operation.exception_count);
  return std::ranges::any_of(exceptions,
                             [](const Exception& exception) { return exception.kind == Exception::Kind::preempt; });
}

// Where the race begins.
int first_racing(const Program& program) {
  // PCT takes no notice of exceptions.
  if (program.machine.pct_depth != 0) return 0;
  const auto operations = operations_of(program);
  const auto first =
      std::ranges::find_if(operations, [&](const Operation& operation) { return is_preempted(program, operation); });
  return first == operations.end() ? 0 : static_cast<int>(first - operations.begin());
}

// The number of operations up to the last one that does more than to look.
int last_of_race(const Program& program) {
  int count = program.operation_count;
  while (count > 0 && only_looks(program.operations[static_cast<std::size_t>(count - 1)])) --count;
  return count;
}

// Whether an operation may take a page from its file, or put it elsewhere in memory.
bool unsettles(const Operation& operation, const MachineConfig& machine, int page) {
  const int file_page = machine.file_of(page) * machine.pages + machine.index_of(page);
  const Operand& operand = operation.operands[0];
  const bool same_file = operand.value / machine.pages == machine.file_of(page);
  if (operation.call == Call::mremap) return true;
  if (operation.call == Call::truncate) return same_file && file_page > operand.value;
  return operation.call == Call::punch && file_page >= operand.value && file_page < operand.value + operand.count;
}

class Planner {
 public:
  explicit Planner(const Program& program) : program_(program) {}

  Plan make() {
    const int begin = first_racing(program_);
    const int end = std::max(begin, last_of_race(program_));
    for (int i = 0; i < program_.operation_count; ++i) {
      const Operation& operation = program_.operations[static_cast<std::size_t>(i)];
      if (i >= end) {
        plan_.left_out.push_back(i);
        continue;
      }
      if (i < begin) plan_.before.push_back(i);
      Role& role = role_of(operation);
      if (is_store(operation)) {
        add_words(role, operation, i >= begin);
      } else if (i >= begin) {
        role.race.push_back(i);
      }
    }
    std::ranges::sort(plan_.roles, {}, [](const Role& role) { return role.cpu * 2 + (role.stores ? 0 : 1); });
    return std::move(plan_);
  }

 private:
  Role& role_of(const Operation& operation) {
    const bool stores = is_store(operation);
    const auto found = std::ranges::find_if(
        plan_.roles, [&](const Role& role) { return role.cpu == operation.cpu && role.stores == stores; });
    if (found != plan_.roles.end()) return *found;
    plan_.roles.push_back({.cpu = operation.cpu, .mm = program_.machine.mm_of(operation.cpu), .stores = stores});
    return plan_.roles.back();
  }

  void add_words(Role& role, const Operation& operation, bool races) {
    const Operand& operand = operation.operands[0];
    if (operation.call == Call::store) return add_word(role, operand.value, operation.operands[1].value, races);
    for (int i = 0; i < operand.count; ++i) add_word(role, operand.value + i, 0, races);
  }

  void add_word(Role& role, int page, int word, bool races) {
    const auto found = std::ranges::find_if(
        role.words, [&](const StoredWord& stored) { return stored.page == page && stored.word == word; });
    if (found != role.words.end()) {
      found->races |= races;
      return;
    }
    const bool stays = std::ranges::none_of(operations_of(program_), [&](const Operation& operation) {
      return unsettles(operation, program_.machine, page);
    });
    role.words.push_back({page, word, races, stays});
  }

  const Program& program_;
  Plan plan_;
};

// Whether an exit is the last operation of its address space's threads, each of which exits.
bool ends_mm(const Program& program, int number) {
  const int mm = program.machine.mm_of(program.operations[static_cast<std::size_t>(number)].cpu);
  const auto operations = operations_of(program);
  for (int cpu = mm; cpu < program.machine.cpus; cpu += program.machine.mms) {
    const bool exits = std::ranges::any_of(
        operations.first(static_cast<std::size_t>(number) + 1),
        [&](const Operation& operation) { return operation.call == Call::exit && operation.cpu == cpu; });
    if (!exits) return false;
  }
  return true;
}

}  // namespace

Plan plan_of(const Program& program) {
  return Planner(program).make();
}

CCall call_of(const Program& program, int operation) {
  const Operation& called = program.operations[static_cast<std::size_t>(operation)];
  return call_in_c(called, program.machine, called.call == Call::exit && ends_mm(program, operation));
}

}  // namespace shootdown
