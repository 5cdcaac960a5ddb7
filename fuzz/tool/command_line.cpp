#include "fuzz/tool/command_line.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "engine/events/names.h"
#include "engine/kernel/model_version.h"
#include "engine/zap/engines.h"
#include "fuzz/io/output.h"
#include "fuzz/language/codec.h"
#include "fuzz/language/dictionary.h"
#include "fuzz/replay/replay.h"
#include "fuzz/tool/corpus_add.h"
#include "fuzz/tool/corpus_list.h"
#include "fuzz/tool/corpus_merge.h"
#include "fuzz/tool/defects_command.h"
#include "fuzz/tool/record_command.h"
#include "fuzz/tool/run_command.h"
#include "fuzz/tool/show_command.h"
#include "fuzz/trace/columns.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

namespace fs = std::filesystem;

namespace {

// --- what is asked for ---

struct Arguments {
  RunOptions run;
  ShowOptions show;
  RecordOptions record;
  CorpusAddOptions corpus_add;
  CorpusMergeOptions corpus_merge;
  CorpusListOptions corpus_list;
  DefectsOptions defects;
  std::string assemble;
  std::string assemble_to;
  std::string dictionary;
  std::string dictionary_to;
};

constexpr const char* overview_footer =
    "Exit status: 0 if everything was as expected; 1 if a run was not; 2 if none was so,\n"
    "but the arguments or an input were bad, or if the output could not be written.\n"
    "\n"
    "Examples:\n"
    "  shootdown run corpus\n"
    "  shootdown run --engine eager_dirty --trace corpus/lost-write-simple.program\n"
    "  shootdown show crash-1234 > crash.program\n"
    "\n"
    "'shootdown COMMAND --help' has more.";

constexpr const char* run_footer =
    "A PATH is an input, as text or encoded; a folder or zip archive with inputs, as\n"
    "fuzzers leave them; ARCHIVE.zip:MEMBER; or - for standard input. Of a folder, what\n"
    "lies in folders and archives below it counts too. What libFuzzer, AFL++ and people\n"
    "keep beside inputs does not: names with a dot in front, README, *.md, *.log,\n"
    "*.dict, *.options, and the files in the folder of an instance of AFL++ itself.\n"
    "Copies of an encoded input of at most 4096 bytes are not run again.\n"
    "\n"
    "Without --oracles a run must break exactly the guarantees that the input expects\n"
    "to be broken; where it expects nothing of an engine, all that the engine claims\n"
    "must hold. With --oracles the expectations do not count. Shootdown itself must\n"
    "not crash, complain, or take longer than the timeout: that is an internal error.\n"
    "It does not end the replay.\n"
    "\n"
    "For one input every verdict is printed. Of more, what was not expected is sorted\n"
    "by what was broken first: a table of engine, oracle and fact (N stands for\n"
    "numbers), and for each the command that shows the smallest input. What its own\n"
    "text did not expect is also listed one by one. Traces are shown of what was not\n"
    "expected, for one input always.\n"
    "\n"
    "Exit status: 2 if the output could not be written; else 1 if any run was not as\n"
    "expected, or failed; else 2 if any input was bad; else 0. A bad input does not end\n"
    "the replay.\n"
    "\n"
    "Examples:\n"
    "  shootdown run corpus\n"
    "  shootdown run --oracles all --list crashes/ public.zip\n"
    "  shootdown run --engine eager_dirty --trace corpus/lost-write-simple.program\n"
    "  shootdown show crash-1234 | shootdown run -";

constexpr const char* record_footer =
    "A run under PCT becomes a program that lists the schedule which it took: what PCT\n"
    "finds can be read and changed. An input that lists its schedule stays as it is.\n"
    "With --events the places of the schedule are named by what happens there ('after\n"
    "remove rmap of page 0') where that can be said; so they mean the same on another\n"
    "engine, and when the model has changed. 'shootdown events' lists the names.\n"
    "Examples:\n"
    "  shootdown record crash-1234 > crash.program\n"
    "  shootdown record --events --engine eager_dirty crash-1234 > crash.program";

constexpr const char* show_footer =
    "Comments and expectations of a text are not part of the program: they are left out.\n"
    "\n"
    "--expect runs the input on every engine and says what came of it; 'shootdown run'\n"
    "of what it prints is as expected, until an engine or the model changes.\n"
    "\n"
    "--bucket says 'ENGINE breaks ORACLE: FACT', with N for the numbers in the fact: of\n"
    "the first engine that breaks a claim, the first claim that it breaks; else of the\n"
    "first engine that breaks anything, what it breaks first; else 'breaks nothing'.\n"
    "\n"
    "Examples:\n"
    "  shootdown show crash-1234 > crash.program\n"
    "  shootdown show --expect - < crash-1234";

constexpr const char* corpus_footer =
    "A corpus has stories that people have written, and regressions, both as text with\n"
    "what they must do to each engine: 'shootdown run corpus' checks them. What a\n"
    "fuzzer lets grow is another corpus, of bytes, for each fuzz target.\n"
    "\n"
    "Examples:\n"
    "  shootdown corpus list\n"
    "  shootdown corpus add build/crashes/eager_dirty\n"
    "  shootdown corpus merge eager_dirty";

constexpr const char* corpus_add_footer =
    "Each input that breaks something is written as text, with what it does to every\n"
    "engine now as its expectations. It is called ENGINE-ORACLE-DIGEST.program after\n"
    "what it breaks first ('shootdown show --help' has the rule) and its canonical\n"
    "bytes: so it has the same name whoever adds it. What breaks nothing is refused.\n"
    "\n"
    "Of inputs that break the same in the same way (equal facts but for their numbers,\n"
    "equal expectations) only the smallest is taken, and none if there is such a\n"
    "regression. Of the output of AFL++ only crashes count, those of earlier sessions\n"
    "(crashes.DATE) too; else a PATH is what it is to 'shootdown run'.\n"
    "\n"
    "Exit status: 1 if any input was refused, or Shootdown itself failed on it; else 2 if\n"
    "any input was bad or could not be written; else 0. The others are taken all the\n"
    "same.\n"
    "\n"
    "Examples:\n"
    "  shootdown corpus add build/crashes/eager_dirty\n"
    "  shootdown corpus add --all --to regressions crash-1234 backup.zip";

constexpr const char* corpus_merge_footer =
    "TARGET is an engine, or text. Its corpus, work/TARGET, becomes as small as\n"
    "libFuzzer can make it with the same coverage. Each PATH is taken in: inputs,\n"
    "folders and zip archives as for 'shootdown run', but of the output of AFL++ only\n"
    "queues count; texts (*.program) are encoded. The same inputs always come to the\n"
    "same corpus. The old one is replaced when all has ended well, and untouched until\n"
    "then; what a fuzzer adds to it meanwhile stays.\n"
    "\n"
    "Inputs that break something are left out, reported, and kept as crashes.\n"
    "\n"
    "Exit status: 0 if the corpus was replaced; 1 if it was, but an input breaks\n"
    "something; 2 if nothing was changed, because of bad usage or input, or because the\n"
    "target failed.\n"
    "\n"
    "Examples:\n"
    "  shootdown corpus merge deferred_dirty\n"
    "  shootdown corpus merge deferred_dirty work/afl/deferred_dirty backup.zip";

constexpr const char* corpus_list_footer =
    "For each engine: that everything is expected to hold, how many guarantees are\n"
    "expected to break, or that nothing is expected (-). The title is the first comment\n"
    "in the text.\n"
    "\n"
    "--json prints a list of objects: name, title, and breaks, which has for each engine\n"
    "of which something is expected the names of the oracles.\n"
    "\n"
    "Examples:\n"
    "  shootdown corpus list\n"
    "  shootdown corpus list --json corpus/regressions";

constexpr const char* assemble_footer =
    "Of a folder, every text is encoded into a file of the same name without its\n"
    "ending, in OUT, which is made if need be; other files are left out.\n"
    "\n"
    "Examples:\n"
    "  shootdown assemble lost-write.program -o lost-write\n"
    "  shootdown assemble corpus -o seeds";

constexpr const char* dictionary_footer =
    "FORM is what the fuzz target takes: bytes (fuzz_ENGINE) or text (fuzz_text).\n"
    "\n"
    "Examples:\n"
    "  shootdown dictionary bytes -o engine.dict\n"
    "  fuzz_eager_dirty -dict=engine.dict CORPUS";

constexpr const char* defects_footer =
    "One of them can be made in every run, to see that an oracle catches it: 'shootdown\n"
    "run --defect NAME', or SHOOTDOWN_DEFECT=NAME in the environment of a fuzz target.\n"
    "\n"
    "--measure looks for a program that shows each: the corpus, then mutants of it, the\n"
    "same ones each time. A mistake is caught when an engine breaks with it what it\n"
    "claims, and does not without it. A run is one program on one engine.\n"
    "\n"
    "Exit status with --measure: 0 if just those are caught that can be; else 1.\n"
    "\n"
    "Examples:\n"
    "  shootdown defects\n"
    "  shootdown defects --measure --runs 20000 mkclean-without-sync\n"
    "  shootdown run --defect mkclean-without-sync corpus";

// Shows a flag that may have a value as it is written.
class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    return option->check_name("--trace") ? "--trace[=full]" : CLI::Formatter::make_option_name(option, is_positional);
  }
};

void define_run(CLI::App& app, RunOptions& options) {
  CLI::App& run = *app.add_subcommand("run", "Run inputs and say what came of them");
  run.add_option("PATH", options.paths, "Inputs, and folders and archives with inputs")->required()->type_name("");
  run.add_option("--engine", options.engines, "Run on this engine; may be repeated (default: on all)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  run.add_option("--oracles", options.oracles, "Judge by these only: claims, all, or names with commas between")
      ->type_name("SET");
  run.add_option("--defect", options.defect, "Make a planted mistake in every run ('shootdown defects' lists them)")
      ->type_name("NAME");
  run.add_flag("--trace{compact}", options.trace, "Show the interleaving; full: with every step");
  run.add_option("--width", options.width, "Width of the trace in characters (default: 120)")
      ->type_name("N")
      ->check(CLI::Range(40, 10000).description(""));
  run.add_option("--timeout", options.timeout, "How long a run may take in seconds (default: 30)")->type_name("N");
  run.add_flag("--list", options.list, "Print the names of all inputs that were not as expected, below the table");
  run.add_flag("-q,--quiet", options.quiet, "Print only what was not expected");
  run.add_flag("--hash", options.hash, "Print a line with a digest of each run's steps, its engine and its input");
  run.footer(run_footer);
}

void define_corpus_add(CLI::App& corpus, CorpusAddOptions& options) {
  CLI::App& add = *corpus.add_subcommand("add", "Make regressions of crash files");
  add.add_option("PATH", options.paths, "Inputs, and folders and archives with inputs")->required()->type_name("");
  add.add_flag("--all", options.all, "Take every input, also of those that break the same in the same way");
  add.add_option("--to", options.folder, "Where to write (default: corpus/regressions)")->type_name("FOLDER");
  add.footer(corpus_add_footer);
}

void define_corpus_merge(CLI::App& corpus, CorpusMergeOptions& options) {
  CLI::App& merge = *corpus.add_subcommand("merge", "Make the corpus of a fuzz target small, and take others in");
  merge.add_option("TARGET", options.target, "An engine, or text")->required()->type_name("");
  merge.add_option("PATH", options.sources, "What to take in")->type_name("");
  merge.add_option("--to", options.folder, "The corpus (default: work/TARGET)")->type_name("FOLDER");
  merge
      .add_option("--crashes", options.crashes, "Where inputs go that break something (default: build/crashes/TARGET)")
      ->type_name("FOLDER");
  merge
      .add_option("--target", options.program,
                  "The fuzz target, built with libFuzzer (default: fuzz_TARGET beside this program or in build/fuzz)")
      ->type_name("PROGRAM");
  merge
      .add_option("--oracles", options.oracles,
                  "What counts as broken: claims, all, or names with commas between (default: what SHOOTDOWN_ORACLES "
                  "says, or claims)")
      ->type_name("SET");
  merge.footer(corpus_merge_footer);
}

void define_corpus(CLI::App& app, Arguments& arguments) {
  CLI::App& corpus = *app.add_subcommand("corpus", "Add to corpora, merge them, and list them");
  corpus.require_subcommand(1);
  corpus.footer(corpus_footer);
  define_corpus_add(corpus, arguments.corpus_add);
  define_corpus_merge(corpus, arguments.corpus_merge);
  CLI::App& list = *corpus.add_subcommand("list", "List programs and what they are expected to do");
  list.add_option("PATH", arguments.corpus_list.paths, "Inputs, and folders and archives with inputs (default: corpus)")
      ->type_name("");
  list.add_flag("--json", arguments.corpus_list.json, "For programs to read");
  list.footer(corpus_list_footer);
}

void define_defects(CLI::App& app, DefectsOptions& options) {
  CLI::App& defects = *app.add_subcommand("defects", "List the planted mistakes, or measure how soon they are caught");
  defects.add_option("NAME", options.names, "Only these (default: all)")->type_name("");
  CLI::Option* const measure = defects.add_flag("--measure", options.measure, "Look for a program that shows each");
  defects.add_option("--runs", options.runs, "How many runs to make at most for each (default: 2000)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000000).description(""))
      ->needs(measure);
  defects.add_option("--corpus", options.corpus, "Where the programs come from (default: corpus)")
      ->type_name("FOLDER")
      ->needs(measure);
  defects.footer(defects_footer);
}

void define_others(CLI::App& app, Arguments& arguments) {
  CLI::App& show = *app.add_subcommand("show", "Print inputs as text");
  show.add_option("FILE", arguments.show.files, "Inputs, encoded or text; - is standard input")
      ->required()
      ->type_name("");
  CLI::Option* const expect =
      show.add_flag("--expect", arguments.show.expect, "With what each engine does, as expectations");
  show.add_flag("--bucket", arguments.show.bucket, "Instead of the program, what it breaks first, in a line")
      ->excludes(expect);
  show.footer(show_footer);

  CLI::App& record = *app.add_subcommand("record", "Print inputs with the schedule that they take");
  record.add_option("FILE", arguments.record.files, "Inputs, encoded or text; - is standard input")
      ->required()
      ->type_name("");
  record.add_option("--engine", arguments.record.engine, "On which engine (default: deferred_dirty)")
      ->type_name("NAME");
  record.add_flag("--events", arguments.record.events, "Say places by events, not by numbers of steps");
  record.footer(record_footer);

  CLI::App& assemble = *app.add_subcommand("assemble", "Encode programs that are written as text");
  assemble.add_option("FILE", arguments.assemble, "A text, a folder with texts, or - for standard input")
      ->required()
      ->type_name("");
  assemble.add_option("-o,--output", arguments.assemble_to, "Where to write (default: standard output)")
      ->type_name("OUT");
  assemble.footer(assemble_footer);

  CLI::App& dictionary = *app.add_subcommand("dictionary", "Write a dictionary for fuzzers");
  dictionary.add_option("FORM", arguments.dictionary, "bytes or text")->required()->type_name("");
  dictionary.add_option("-o,--output", arguments.dictionary_to, "Where to write (default: standard output)")
      ->type_name("OUT");
  dictionary.footer(dictionary_footer);

  app.add_subcommand("engines", "List the engines and what they do not claim")
      ->footer("Example:\n  shootdown run --engine eager_dirty corpus");
  app.add_subcommand("oracles", "List the oracles and the guarantees they judge")
      ->footer("Example:\n  shootdown run --oracles lost-dirty-data,counts corpus");
  app.add_subcommand("events", "List the events by which a schedule can name a place")
      ->footer("Example, in a program:\n  cpu 0: munmap page 0\n    after clear entry of page 0 switch to cpu 1");
}

// --- assemble ---

bool save(const fs::path& path, std::string_view bytes, Console& console) {
  const int error = save_file(path, bytes);
  if (error == 0) return true;
  console.error(fmt::format("{}: cannot write: {}", printable(path.string()), std::generic_category().message(error)));
  return false;
}

ExitStatus assemble_file(const Arguments& arguments, Console& console) {
  const std::variant<Input, InputError> loaded = load_input(arguments.assemble);
  if (const auto* const error = std::get_if<InputError>(&loaded)) {
    console.error(error->message);
    return exit_bad_input;
  }
  const Input& input = std::get<Input>(loaded);
  if (!input.text) {
    console.error(
        fmt::format("{}: is not a program as text; expected a first line 'shootdown {}'", input.name, format_version));
    return exit_bad_input;
  }
  const std::vector<std::uint8_t> bytes = encode(input.document.program);
  if (!arguments.assemble_to.empty() && arguments.assemble_to != "-")
    return save(arguments.assemble_to, as_characters(bytes), console) ? exit_fine : exit_bad_input;
  if (console.out().is_terminal()) {
    console.error("an encoded program is not for a terminal; use -o OUT or redirect the output");
    return exit_bad_input;
  }
  console.out().write(as_characters(bytes));
  return exit_fine;
}

// Encodes the texts of a folder into another.
class FolderAssembly {
 public:
  FolderAssembly(fs::path from, fs::path to, Console& console)
      : from_(std::move(from)), to_(std::move(to)), console_(console) {}

  ExitStatus run() {
    const Listing found = list_inputs(from_);
    for (const InputError& error : found.errors) fail(error.message);
    if (found.inputs.empty()) return status_;
    for (const fs::path& path : found.inputs) {
      if (!is_archive(path)) assemble(path);
    }
    console_.out().print("{} text{} encoded into {}\n", count_, count_ == 1 ? "" : "s", printable(to_.string()));
    return status_;
  }

 private:
  void assemble(const fs::path& path) {
    const std::variant<Input, InputError> loaded = load_input(path.string());
    if (const auto* const error = std::get_if<InputError>(&loaded)) return fail(error->message);
    const Input& input = std::get<Input>(loaded);
    if (!input.text) return;
    const fs::path target = to_ / path.lexically_relative(from_).replace_extension();
    const auto [other, is_new] = sources_.emplace(target, path);
    if (!is_new) {
      return fail(fmt::format("{}: cannot be encoded into {}: that is from {}", input.name, printable(target.string()),
                              printable(other->second.string())));
    }
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    if (error) {
      return fail(
          fmt::format("{}: cannot make the folder: {}", printable(target.parent_path().string()), error.message()));
    }
    if (save(target, as_characters(encode(input.document.program)), console_)) {
      ++count_;
    } else {
      status_ = exit_bad_input;
    }
  }

  void fail(std::string_view message) {
    console_.error(message);
    status_ = exit_bad_input;
  }

  fs::path from_;
  fs::path to_;
  Console& console_;
  std::map<fs::path, fs::path> sources_;  // of what was written
  std::size_t count_ = 0;
  ExitStatus status_ = exit_fine;
};

ExitStatus assemble_command(const Arguments& arguments, Console& console) {
  std::error_code ignored;
  if (arguments.assemble == "-" || !fs::is_directory(arguments.assemble, ignored))
    return assemble_file(arguments, console);
  if (arguments.assemble_to.empty()) {
    console.error(fmt::format("{}: is a folder; use -o OUT to name the folder for the encoded files",
                              printable(arguments.assemble)));
    return exit_bad_input;
  }
  return FolderAssembly(arguments.assemble, arguments.assemble_to, console).run();
}

// --- dictionary ---

ExitStatus dictionary_command(const Arguments& arguments, Console& console) {
  if (arguments.dictionary != "bytes" && arguments.dictionary != "text") {
    console.error(fmt::format("dictionary: expected bytes or text, found '{}'", arguments.dictionary));
    return exit_bad_input;
  }
  const std::string text =
      print_dictionary(arguments.dictionary == "bytes" ? dictionary_of_bytes() : dictionary_of_text());
  if (!arguments.dictionary_to.empty() && arguments.dictionary_to != "-")
    return save(arguments.dictionary_to, text, console) ? exit_fine : exit_bad_input;
  console.out().write(text);
  return exit_fine;
}

// --- engines, oracles ---

constexpr std::size_t text_width = 80;

void print_wrapped(Output& out, std::string_view text, std::size_t indent) {
  for (const std::string& line : wrap(text, text_width, indent)) out.print("{}\n", line);
}

// What is not claimed for one reason is named together.
void print_not_claimed(Output& out, std::span<const NotClaimed> exceptions) {
  for (std::size_t i = 0; i < exceptions.size();) {
    std::string oracles(exceptions[i].oracle);
    const std::string_view why = exceptions[i].why;
    for (++i; i < exceptions.size() && exceptions[i].why == why; ++i)
      oracles += fmt::format(", {}", exceptions[i].oracle);
    print_wrapped(out, fmt::format("does not claim {}: {}", oracles, why), 2);
  }
}

ExitStatus engines_command(Console& console) {
  for (const ZapEngine* const engine : all_engines()) {
    console.out().print("{}\n", engine->name());
    print_wrapped(console.out(), engine->summary(), 2);
    if (engine->not_claimed().empty()) console.out().print("  claims every guarantee\n");
    print_not_claimed(console.out(), engine->not_claimed());
  }
  return exit_fine;
}

// Those that a schedule can name.
ExitStatus events_command(Console& console) {
  for (std::size_t kind = 0; kind < all_event_names.size(); ++kind) {
    if (happens_on_cpu(kind)) console.out().print("{}\n", all_event_names[kind]);
  }
  return exit_fine;
}

ExitStatus oracles_command(Console& console) {
  std::size_t width = 0;
  for (const OracleInfo& oracle : all_oracles()) width = std::max(width, oracle.name.size());
  for (const OracleInfo& oracle : all_oracles())
    console.out().print("{:{}}  {}\n", oracle.name, width, oracle.guarantee);
  return exit_fine;
}

// --- the arguments ---

ExitStatus corpus_command(const CLI::App& corpus, const Arguments& arguments, Console& console) {
  if (corpus.got_subcommand("add")) return corpus_add_command(arguments.corpus_add, console);
  if (corpus.got_subcommand("merge")) return corpus_merge_command(arguments.corpus_merge, console);
  return corpus_list_command(arguments.corpus_list, console);
}

ExitStatus dispatch(const CLI::App& app, const Arguments& arguments, Console& console) {
  if (app.got_subcommand("run")) return run_command(arguments.run, console);
  if (app.got_subcommand("show")) return show_command(arguments.show, console);
  if (app.got_subcommand("record")) return record_command(arguments.record, console);
  if (app.got_subcommand("corpus")) return corpus_command(*app.get_subcommand("corpus"), arguments, console);
  if (app.got_subcommand("assemble")) return assemble_command(arguments, console);
  if (app.got_subcommand("dictionary")) return dictionary_command(arguments, console);
  if (app.got_subcommand("defects")) return defects_command(arguments.defects, console);
  if (app.got_subcommand("engines")) return engines_command(console);
  if (app.got_subcommand("events")) return events_command(console);
  return oracles_command(console);
}

std::string command_names(const CLI::App& app) {
  std::string names;
  for (const CLI::App* const command : app.get_subcommands({})) {
    if (!names.empty()) names += ", ";
    names += command->get_name();
  }
  return names;
}

// What is wrong with the names of commands, if anything: the parser would only say that one is required. `called`: how
// the app is, whose arguments these are.
std::string wrong_command(const CLI::App& app, std::span<char* const> arguments, const std::string& called) {
  if (app.get_subcommands({}).empty()) return {};
  if (arguments.empty()) return fmt::format("expected a command: {}; see {} --help", command_names(app), called);
  const std::string_view first = arguments.front();
  if (first.starts_with('-')) return {};
  for (const CLI::App* const command : app.get_subcommands({})) {
    if (command->get_name() == first)
      return wrong_command(*command, arguments.subspan(1), fmt::format("{} {}", called, first));
  }
  return fmt::format("there is no command '{}'; there are: {}; see {} --help", first, command_names(app), called);
}

// The names of the commands that were given, as they are called.
std::string called_command(const CLI::App& app) {
  const std::vector<CLI::App*> commands = const_cast<CLI::App&>(app).get_subcommands();
  return commands.empty() ? app.get_name() : fmt::format("{} {}", app.get_name(), called_command(*commands.front()));
}

// What is wrong with the values of arguments, if anything, that the parser cannot say.
std::string bad_value(const Arguments& arguments) {
  const RunOptions& run = arguments.run;
  if (!run.trace.empty() && run.trace != "compact" && run.trace != "full")
    return fmt::format("--trace: expected compact or full, found '{}'", run.trace);
  const bool sensible = run.timeout >= 0.001 && run.timeout <= 1e6;  // which "nan" is not
  if (!sensible) return fmt::format("--timeout: expected 0.001 to 1000000 seconds, found {}", run.timeout);
  const auto reads_twice = [](const std::vector<std::string>& paths) { return std::ranges::count(paths, "-") > 1; };
  if (reads_twice(run.paths) || reads_twice(arguments.show.files) || reads_twice(arguments.record.files) ||
      reads_twice(arguments.corpus_add.paths) || reads_twice(arguments.corpus_merge.sources) ||
      reads_twice(arguments.corpus_list.paths))
    return "-: standard input can be read only once";
  return {};
}

// Says what is wrong, or helps; the parser reports both in the same way.
ExitStatus answer_parser(const CLI::App& app, const CLI::ParseError& answer, Console& console) {
  if (answer.get_exit_code() == 0) {
    std::ostringstream help;
    app.exit(answer, help, help);
    console.out().write(help.str());
    return exit_fine;
  }
  console.error(fmt::format("{}; see {} --help", answer.what(), called_command(app)));
  return exit_bad_input;
}

ExitStatus parse_and_dispatch(int argc, char** argv, Console& console) {
  Arguments arguments;
  CLI::App app("Shootdown: a differential fuzzer for the kernel's page-unmapping code.", "shootdown");
  app.set_version_flag("--version", fmt::format("shootdown {} (model {})", version, model_version),
                       "Print the version, and that of the model, and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.require_subcommand(1);
  app.footer(overview_footer);
  app.formatter(std::make_shared<HelpFormatter>());
  define_run(app, arguments.run);
  define_corpus(app, arguments);
  define_others(app, arguments);
  define_defects(app, arguments.defects);
  const std::string wrong = wrong_command(app, std::span(argv, static_cast<std::size_t>(argc)).subspan(1), "shootdown");
  if (!wrong.empty()) {
    console.error(wrong);
    return exit_bad_input;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& answer) {
    return answer_parser(app, answer, console);
  }
  const std::string bad = bad_value(arguments);
  if (!bad.empty()) {
    console.error(bad);
    return exit_bad_input;
  }
  return dispatch(app, arguments, console);
}

}  // namespace

int shootdown_main(int argc, char** argv, std::FILE* out, std::FILE* err) {
  Console console(out, err);
  ExitStatus status = exit_bad_input;
  try {
    status = parse_and_dispatch(argc, argv, console);
  } catch (const std::exception& error) {
    console.error(error.what());
  }
  console.out().flush();
  if (const int error = console.out().error(); error != 0) {
    console.error(fmt::format("cannot write the output: {}", std::generic_category().message(error)));
    return exit_bad_input;
  }
  return status;
}

}  // namespace shootdown
