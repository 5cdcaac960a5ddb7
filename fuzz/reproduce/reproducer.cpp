#include "fuzz/reproduce/reproducer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "engine/check.h"
#include "fuzz/language/text.h"
#include "fuzz/reproduce/calls.h"
#include "fuzz/reproduce/plan.h"
#include "fuzz/reproduce/runtime_text.h"

namespace shootdown {

namespace {

// What one page table maps.
constexpr unsigned table_pages = 512;

// Real pages for each of the program's: as many as one page table has room for.
unsigned stretch(const MachineConfig& machine) {
  return std::max(1U, table_pages / std::bit_ceil(0U + machine.pages));
}

// Whether one of these calls is among the operations.
bool calls(const Program& program, std::span<const Call> calls) {
  return std::ranges::any_of(operations_of(program), [&](const Operation& operation) {
    return std::ranges::find(calls, operation.call) != calls.end();
  });
}

// What an enumerator of the C program is called.
std::string name_of(const Role& role) {
  return fmt::format("cpu_{}{}", role.cpu, role.stores ? "_stores" : "");
}

// The pages of memory that a zap unmaps: the first, and how many.
struct Range {
  int first;
  int count;

  bool operator==(const Range&) const = default;
};

// Those of the first window that shows them, for what cuts files.
std::vector<Range> zapped_by(const Operation& operation, const MachineConfig& machine) {
  const Operand& operand = operation.operands[0];
  const int index = operand.value % machine.pages;
  const int window = operand.value / machine.pages * machine.pages;
  switch (operation.call) {
    case Call::exit: return {{0, machine.virtual_pages()}};
    case Call::punch: return {{window + index, operand.count}};
    case Call::truncate:
      if (index + 1 == machine.pages) return {};
      return {{window + index + 1, machine.pages - index - 1}};
    default: return {{operand.value, operand.count}};
  }
}

// Fit for a string in C and JSON.
std::string plain(std::string_view name) {
  constexpr std::string_view fine = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
  std::string text(name);
  std::ranges::replace_if(text, [&](char c) { return fine.find(c) == std::string_view::npos; }, '_');
  return text;
}

class Writer {
 public:
  Writer(const Program& program, std::string_view name) : program_(program), name_(name), plan_(plan_of(program)) {}

  std::string write();

 private:
  template <typename... Arguments>
  void put(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
  }

  void write_program();
  void write_machine();
  void write_names();
  void write_words(const Role& role);
  void write_race(const Role& role);
  void write_role(const Role& role);
  void write_set_up();
  std::vector<std::string> turns() const;
  void add_turns(std::vector<std::string>& turns, int number) const;
  void add_fills(std::vector<std::string>& turns) const;

  const Operation& operation(int number) const { return program_.operations[static_cast<std::size_t>(number)]; }
  // A comment that says what a call stands for.
  std::string comment(int number, std::string_view remark) const {
    return fmt::format("\t/* {}{}{} */\n", print(operation(number), program_.machine), remark.empty() ? "" : ": ",
                       remark);
  }
  std::size_t count(const Role& role, CCall::Kind kind) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(role.race, [&](int number) { return call_of(program_, number).kind == kind; }));
  }
  std::string role_of(int number) const {
    return name_of({.cpu = operation(number).cpu, .stores = is_store(operation(number))});
  }

  const Program& program_;
  std::string_view name_;
  Plan plan_;
  std::string out_;
};

std::string Writer::write() {
  write_program();
  write_machine();
  write_names();
  for (const Role& role : plan_.roles) {
    if (role.stores) {
      write_words(role);
    } else {
      write_race(role);
    }
  }
  put("static const struct role roles[] = {{\n");
  for (const Role& role : plan_.roles) write_role(role);
  put("}};\n\n");
  write_set_up();
  return std::move(out_);
}

void Writer::write_program() {
  put("/*\n * Made by shootdown reproduce, of this program:\n *\n");
  const std::string text = print(program_);
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    put(" *{}{}\n", line.empty() ? "" : " ", line);
  }
  if (!plan_.left_out.empty()) {
    put(" *\n * What only looks whether the last store is there, the check does at the end of each round:\n");
    for (const int number : plan_.left_out) {
      put(" *   cpu {}: {}\n", operation(number).cpu, print(operation(number), program_.machine));
    }
  }
  put(" */\n#define PROGRAM_NAME \"{}\"\n\n", plain(name_));
}

void Writer::write_machine() {
  const MachineConfig& machine = program_.machine;
  std::size_t most_words = 1;
  for (const Role& role : plan_.roles) most_words = std::max(most_words, role.words.size());
  const auto line = [&](std::string_view name, auto value, std::string_view meaning) {
    put("\t{} = {},{}\n", name, value, meaning.empty() ? "" : fmt::format(" /* {} */", meaning));
  };
  put("enum {{\n");
  line("MMS", machine.mms, "address spaces");
  line("FILES", machine.files, "");
  line("WINDOWS", machine.windows, "of each address space; window w shows file w % FILES");
  line("PAGES", machine.pages, "of each window, and of each file");
  line("STRETCH", stretch(machine), "real pages for each of them");
  line("MAPPED", machine.mapped, "all windows are mapped when a round begins; 0: nothing is");
  line("RESTORE", int{calls(program_, std::array{Call::truncate, Call::punch})},
       "files are written anew for each round");
  line("AIM_AT_UNMAPPED", int{calls(program_, std::array{Call::pageout})},
       "syncs come when the page is seen to be unmapped; 0: at a random moment of the zap");
  line("MOST_WORDS", most_words, "that one thread stores to");
  line("TURNS", turns().size(), "of the set-up");
  put("}};\n\n");
}

void Writer::write_names() {
  put("enum {{");
  std::string_view before = " ";
  for (const Role& role : plan_.roles) put("{}{}", std::exchange(before, ", "), name_of(role));
  put(" }};\n\n");
}

void Writer::write_words(const Role& role) {
  put("/* cpu {} stores */\nstatic const struct word words_of_{}[] = {{\n", role.cpu, role.cpu);
  for (const StoredWord& word : role.words) {
    put("\t{{ .page = {}, .word = {}, .races = {}, .stays = {} }},\n", word.page, word.word, int{word.races},
        int{word.stays});
  }
  put("}};\n\n");
}

void Writer::write_race(const Role& role) {
  if (role.race.empty()) return;
  put("/* cpu {} */\nstatic void race_of_{}(struct thread *me)\n{{\n", role.cpu, role.cpu);
  bool uses_me = false;
  for (const int number : role.race) {
    const CCall call = call_of(program_, number);
    put("{}", comment(number, call.remark));
    uses_me |= call.kind != CCall::Kind::nothing;
    switch (call.kind) {
      case CCall::Kind::zap: put("\tZAP({});\n", call.text); break;
      case CCall::Kind::sync: put("\tSYNC({});\n", call.text); break;
      case CCall::Kind::other: put("\tCALL({});\n", call.text); break;
      case CCall::Kind::store:
      case CCall::Kind::nothing: break;
    }
  }
  if (!uses_me) put("\t(void)me;\n");
  put("}}\n\n");
}

void Writer::write_role(const Role& role) {
  put("\t[{}] = {{ .name = \"cpu {}{}\", .mm = {}", name_of(role), role.cpu, role.stores ? ", stores" : "", role.mm);
  if (role.stores) put(", .words = words_of_{}, .word_count = {}", role.cpu, role.words.size());
  if (!role.race.empty()) {
    put(", .race = race_of_{}, .zaps = {}, .syncs = {}", role.cpu, count(role, CCall::Kind::zap),
        count(role, CCall::Kind::sync));
  }
  put(" }},\n");
}

// What is done before the race: the operations that come first, then what makes the zaps long.
std::vector<std::string> Writer::turns() const {
  std::vector<std::string> turns;
  for (const int number : plan_.before) add_turns(turns, number);
  add_fills(turns);
  return turns;
}

void Writer::add_turns(std::vector<std::string>& turns, int number) const {
  const Operation& called = operation(number);
  const Operand& operand = called.operands[0];
  const std::string role = role_of(number);
  const CCall call = call_of(program_, number);
  std::string text = comment(number, call.remark);
  const auto add = [&](const std::string& action) {
    turns.push_back(fmt::format("{}\tTURN({}, {}, {});\n", std::exchange(text, {}), turns.size(), role, action));
  };
  if (called.call == Call::store) {
    add(fmt::format("store(me, {}, {})", operand.value, called.operands[1].value));
  } else if (called.call == Call::touch) {
    for (int i = 0; i < operand.count; ++i) add(fmt::format("store(me, {}, 0)", operand.value + i));
  } else if (call.kind != CCall::Kind::nothing) {
    add(fmt::format("CALL({})", call.text));
  }
}

void Writer::add_fills(std::vector<std::string>& turns) const {
  bool drains = false;
  for (const Role& role : plan_.roles) {
    std::vector<Range> filled;
    for (const int number : role.race) {
      if (call_of(program_, number).kind != CCall::Kind::zap) continue;
      const Call call = operation(number).call;
      drains |= call == Call::pageout || call == Call::cold;
      if (stretch(program_.machine) == 1) continue;
      for (const Range range : zapped_by(operation(number), program_.machine)) {
        if (std::ranges::find(filled, range) != filled.end()) continue;
        filled.push_back(range);
        turns.push_back(
            fmt::format("\t/* the other real pages of what it zaps: dirty and present */\n"
                        "\tTURN({}, {}, fill(me, {}, {}));\n",
                        turns.size(), name_of(role), range.first, range.count));
      }
    }
  }
  if (!drains) return;
  turns.push_back(
      fmt::format("\t/* only what is on an LRU list can be reclaimed */\n\tTURN({}, {}, CALL(drain_lru()));\n",
                  turns.size(), name_of(plan_.roles.front())));
}

void Writer::write_set_up() {
  put("static void set_up(struct thread *me)\n{{\n");
  const std::vector<std::string> all = turns();
  for (const std::string& turn : all) put("{}", turn);
  if (all.empty()) put("\t(void)me;\n");
  put("}}\n");
}

}  // namespace

std::string why_not_in_c(const Program& program) {
  if (!calls(program, std::array{Call::store, Call::touch}))
    return "nothing is stored to memory (store, touch), so that nothing can be lost";
  if (calls(program, std::array{Call::mmap_private, Call::mmap_anonymous}))
    return "some of its memory is private (mmap_private, mmap_anonymous), which no C program tries yet";
  if (calls(program, std::array{Call::fork})) return "it forks (fork), which no C program tries yet";
  return {};
}

std::string program_in_c(const Program& program, std::string_view name) {
  SHOOTDOWN_CHECK(why_not_in_c(program).empty());
  return Writer(program, name).write();
}

std::string reproducer_of(const Program& program, std::string_view name) {
  constexpr std::string_view here = "#include \"program.inc\"\n";
  std::string text(runtime_text);
  const std::size_t at = text.find(here);
  SHOOTDOWN_CHECK(at != std::string::npos);
  return text.replace(at, here.size(), program_in_c(program, name));
}

}  // namespace shootdown
