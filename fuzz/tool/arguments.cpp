#include "fuzz/tool/arguments.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "fuzz/tool/help.h"

namespace shootdown {

namespace {

// Shows a flag that may have a value as it is written.
class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    return option->check_name("--trace") ? "--trace[=full]" : CLI::Formatter::make_option_name(option, is_positional);
  }
};

// The library would say that they must be below the largest number that there is.
CLI::Validator positive_seconds() {
  return {[](std::string& text) {
            const bool is_good = CLI::PositiveNumber(text).empty();
            return is_good ? std::string() : fmt::format("expected more than 0 seconds, found {}", text);
          },
          ""};
}

// What several commands take.
void take_inputs(CLI::App& command, std::vector<std::string>& paths) {
  command.add_option("PATH", paths, "Inputs, and folders and archives with inputs")->required()->type_name("");
}
void take_files(CLI::App& command, std::vector<std::string>& files) {
  command.add_option("FILE", files, "Inputs, encoded or text; - is standard input")->required()->type_name("");
}
void take_file(CLI::App& command, std::string& file, const std::string& description) {
  command.add_option("FILE", file, description)->required()->type_name("");
}
void take_output(CLI::App& command, std::string& to) {
  command.add_option("-o,--output", to, "Where to write (default: standard output)")->type_name("OUT");
}

void define_run(CLI::App& app, RunOptions& options) {
  CLI::App& run = *app.add_subcommand("run", "Run inputs and say what came of them");
  take_inputs(run, options.paths);
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
  run.footer(help::run);
}

void define_minimize(CLI::App& app, MinimizeOptions& options) {
  CLI::App& minimize = *app.add_subcommand("minimize", "Make inputs that break something as small as they can be");
  take_files(minimize, options.files);
  minimize
      .add_option(
          "--engine", options.engines,
          "Which breaks on this engine; may be repeated (default: on the first that breaks what it claims, else "
          "anything)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  minimize.add_option("--oracles", options.oracles, "What counts as broken: claims, all, or names with commas between")
      ->type_name("SET");
  minimize
      .add_option("--defect", options.defect, "Make a planted mistake in every run ('shootdown defects' lists them)")
      ->type_name("NAME");
  take_output(minimize, options.to);
  minimize.footer(help::minimize);
}

void define_explain(CLI::App& app, ExplainOptions& options) {
  CLI::App& explain = *app.add_subcommand("explain", "Make a page that shows what went wrong in a run");
  take_file(explain, options.from, "An input, encoded or text; - is standard input");
  explain.add_option("--engine", options.engine, "On which engine (default: the first that breaks what it claims)")
      ->type_name("NAME");
  explain.add_option("--against", options.against, "Another engine, beside it")->type_name("NAME");
  explain
      .add_option("--oracle,--oracles", options.oracles, "Whose verdicts: claims, all, or names with commas between")
      ->type_name("SET");
  explain.add_option("--defect", options.defect, "Make a planted mistake ('shootdown defects' lists them)")
      ->type_name("NAME");
  explain.add_flag("--all", options.all, "Every step, not only what matters");
  CLI::Option* const svg = explain.add_flag("--svg", options.svg, "Only the picture");
  explain.add_flag("--perfetto", options.perfetto, "The run for Perfetto and chrome://tracing, as JSON")->excludes(svg);
  take_output(explain, options.to);
  explain.footer(help::explain);
}

void define_programs(CLI::App& prove, SpaceOptions& options) {
  CLI::Option* const programs =
      prove.add_option("--programs", options.operations, "In place of files: all programs of up to so many operations")
          ->type_name("K")
          ->check(CLI::Range(1, 8).description(""))
          ->excludes(prove.get_option("FILE"))
          ->excludes(prove.get_option("--all"))
          ->excludes(prove.get_option("--checkpoint"))
          ->excludes(prove.get_option("--without"));
  const auto add = [&](const char* name, auto& value, const char* what) {
    return prove.add_option(name, value, what)->needs(programs);
  };
  add("--calls", options.calls, "What operations may do (default: the 14 that --help explains)")->type_name("NAMES");
  add("--cpus", options.cpus, "CPUs of the machine (default: 2)")
      ->type_name("N")
      ->check(CLI::Range(1, 3).description(""));
  add("--pages", options.pages, "Its pages (default: 1)")->type_name("N")->check(CLI::Range(1, 4).description(""));
  add("--words", options.words, "Words of a page (default: 1)")
      ->type_name("N")
      ->check(CLI::Range(1, max_words).description(""));
  add("--shard", options.shard, "Only every Nth program, from the Ith on")->type_name("I/N");
  CLI::Option* const results =
      add("--results", options.results, "Keep what came of it here, and leave out what is there")->type_name("FILE");
  add("--recheck", options.recheck, "Search so much of that again, and nothing else")
      ->type_name("PERCENT")
      ->needs(results)
      ->check(CLI::Range(0.0, 100.0).description(""));
}

void define_prove(CLI::App& app, ProveOptions& options) {
  CLI::App& prove = *app.add_subcommand("prove", "Search all schedules of programs");
  prove.add_option("FILE", options.files, "Inputs, encoded or text; - is standard input")->type_name("");
  prove.add_option("--engine", options.engines, "On this engine; may be repeated (default: on all of the model)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  prove.add_option("--oracles", options.oracles, "What must not break: claims, all, or names with commas between")
      ->type_name("SET");
  prove.add_option("--defect", options.defect, "Make a planted mistake ('shootdown defects' lists them)")
      ->type_name("NAME");
  prove.add_option("--may", options.may, "What may happen otherwise than the list says (default: preempt,late)")
      ->type_name("KINDS");
  prove.add_option("--exceptions", options.exceptions, "No schedule with more exceptions (default: all)")
      ->type_name("N")
      ->check(CLI::Range(0, max_exceptions).description(""));
  prove.add_option("--memory", options.memory, "About how much memory a search may take in MB (default: 4096)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000).description(""));
  prove.add_option("--seconds", options.seconds, "How long a search may take (default: until it ends)")
      ->type_name("N")
      ->check(positive_seconds());
  prove.add_option("--jobs", options.jobs, "How many are at work (default: one for each CPU, of --programs one)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000).description(""));
  CLI::Option* const all = prove.add_flag("--all", options.all, "When an oracle is broken, search on with the others");
  prove
      .add_option("--checkpoint", options.checkpoint,
                  "Keep a search that is stopped here, and go on from what is there")
      ->type_name("FILE")
      ->excludes(all);
  prove
      .add_option("--checkpoint-every", options.checkpoint_every,
                  "Keep it that often, too, while it goes on (default: 600)")
      ->type_name("SECONDS")
      ->needs("--checkpoint")
      ->check(positive_seconds());
  prove
      .add_option("--without", options.without,
                  "Search without this, which is slow and finds the same: " + names_of_aids())
      ->type_name("NAMES");
  prove.add_flag("-q,--quiet", options.quiet, "Print verdicts only, no programs");
  define_programs(prove, options.space);
  prove.footer(help::prove);
}

void define_check(CLI::App& app, CheckOptions& options) {
  CLI::App& check = *app.add_subcommand("check", "Check engines: corpus, all schedules, all small programs, mutants");
  check.add_option("ENGINE", options.engines, "Engines of the model")->required()->type_name("");
  check
      .add_option("--oracles", options.oracles,
                  "What must hold: claims, all, or names with commas between (default: claims)")
      ->type_name("SET");
  check.add_option("--defect", options.defect, "Make a planted mistake ('shootdown defects' lists them)")
      ->type_name("NAME");
  check.add_option("--may", options.may, "What may happen otherwise than a list says (default: preempt,late)")
      ->type_name("KINDS");
  check.add_option("--calls", options.calls, "Of which operations small programs are (default: as 'shootdown prove')")
      ->type_name("NAMES");
  check.add_option("--seconds", options.seconds, "How long to look, for each engine (default: 480)")
      ->type_name("N")
      ->check(positive_seconds());
  check.add_option("--jobs", options.jobs, "How many processes are at work (default: one for each CPU)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000).description(""));
  check.add_option("--memory", options.memory, "About how much memory a search may take in MB (default: 1024)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000).description(""));
  check.add_option("--seed", options.seed, "Of mutants (default: 1)")
      ->type_name("N")
      ->check(CLI::Range(0, 1000000000).description(""));
  check.add_option("--corpus", options.corpus, "Where the programs come from (default: corpus)")->type_name("PATH");
  check.add_option("-o,--output", options.html, "Write it as a page, with pictures")->type_name("FILE");
  check.add_option("--json", options.json, "Write it for programs to read")->type_name("FILE");
  check.footer(help::check);
}

void define_corpus_add(CLI::App& corpus, CorpusAddOptions& options) {
  CLI::App& add = *corpus.add_subcommand("add", "Make regressions of crash files");
  take_inputs(add, options.paths);
  add.add_flag("--all", options.all, "Take every input, also of those that break the same in the same way");
  add.add_flag("--as-is", options.as_is, "Do not make them smaller");
  add.add_option("--to", options.folder, "Where to write (default: corpus/regressions)")->type_name("FOLDER");
  add.footer(help::corpus_add);
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
  merge.footer(help::corpus_merge);
}

void define_corpus(CLI::App& app, Arguments& arguments) {
  CLI::App& corpus = *app.add_subcommand("corpus", "Add to corpora, merge them, and list them");
  corpus.require_subcommand(1);
  corpus.footer(help::corpus);
  define_corpus_add(corpus, arguments.corpus_add);
  define_corpus_merge(corpus, arguments.corpus_merge);
  CLI::App& list = *corpus.add_subcommand("list", "List programs and what they are expected to do");
  list.add_option("PATH", arguments.corpus_list.paths, "Inputs, and folders and archives with inputs (default: corpus)")
      ->type_name("");
  list.add_flag("--json", arguments.corpus_list.json, "For programs to read");
  list.footer(help::corpus_list);
}

void define_defects(CLI::App& app, Arguments& arguments) {
  CLI::App& defects = *app.add_subcommand("defects", "List the planted mistakes");
  defects.add_option("NAME", arguments.defects.names, "Only these (default: all)")->type_name("");
  defects.footer(help::defects);

  ScoreboardOptions& options = arguments.scoreboard;
  CLI::App& board = *app.add_subcommand("scoreboard", "Measure which planted mistakes are detected, and how soon");
  const auto positive = CLI::Range(1, 1000000000).description("");
  board.add_option("NAME", options.names, "Only these (default: all)")->type_name("");
  board.add_option("--runs", options.runs, "How many runs each trial has at most (default: 20000)")
      ->type_name("N")
      ->check(positive);
  board.add_option("--seeds", options.seeds, "How many trials there are of each (default: 5)")
      ->type_name("N")
      ->check(positive);
  CLI::Option* const corpus =
      board.add_option("--corpus", options.corpus, "Where the programs come from (default: corpus)")->type_name("PATH");
  board.add_flag("--from-nothing", options.from_nothing, "Begin without any program")->excludes(corpus);
  board.add_option("--jobs", options.jobs, "How many processes are at work (default: one for each CPU)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000).description(""));
  CLI::Option* const libfuzzer =
      board.add_option("--libfuzzer", options.libfuzzer, "Search by libFuzzer, with the fuzz targets in this folder")
          ->type_name("FOLDER");
  board.add_option("--flag", options.flags, "A flag for them; may be repeated")
      ->type_name("FLAG")
      ->allow_extra_args(false)
      ->needs(libfuzzer);
  board.add_option("--require", options.require, "Per cent of trials that must detect the mistake (default: 0)")
      ->type_name("N")
      ->check(CLI::Range(0, 100).description(""));
  board.add_flag("--list", options.list, "Print the names of all programs that are left out of the corpus");
  board.add_option("--json", options.json, "Write it for programs to read")->type_name("FILE");
  board.add_option("--html", options.html, "Write it as a page, with a plot")->type_name("FILE");
  board.footer(help::scoreboard);
}

void define_engines(CLI::App& app, EnginesOptions& options) {
  CLI::App& engines = *app.add_subcommand("engines", "List the engines and what they do not claim, or find out");
  CLI::Option* const matrix = engines.add_flag("--matrix", options.matrix,
                                               "Look for what each breaks, and print a table with a program for each");
  engines.add_option("--engine", options.engines, "Only this engine; may be repeated (default: all)")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->needs(matrix);
  engines.add_option("--runs", options.runs, "How many programs to run on each (default: 4000)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000000).description(""))
      ->needs(matrix);
  engines.add_option("--corpus", options.corpus, "Where the programs come from (default: corpus)")
      ->type_name("FOLDER")
      ->needs(matrix);
  engines.add_flag("--json", options.json, "The table for programs to read")->needs(matrix);
  engines.footer(help::engines);
}

void define_findings(CLI::App& app, FindingsOptions& options) {
  CLI::App& findings = *app.add_subcommand("findings", "Print what each level says of the findings");
  findings.add_option("FOLDER", options.folder, "A finding, or a folder with findings (default: corpus/findings)")
      ->type_name("");
  findings.add_flag("--json", options.json, "For programs to read");
  findings.footer(help::findings);
}

void define_others(CLI::App& app, Arguments& arguments) {
  CLI::App& show = *app.add_subcommand("show", "Print inputs as text");
  take_files(show, arguments.show.files);
  CLI::Option* const expect =
      show.add_flag("--expect", arguments.show.expect, "With what each engine does, as expectations");
  show.add_flag("--bucket", arguments.show.bucket, "Instead of the program, what it breaks first, in a line")
      ->excludes(expect);
  show.footer(help::show);

  CLI::App& record = *app.add_subcommand("record", "Print inputs with the schedule that they take");
  take_files(record, arguments.record.files);
  record.add_option("--engine", arguments.record.engine, "On which engine (default: deferred_dirty)")
      ->type_name("NAME");
  record.add_flag("--events", arguments.record.events, "Say places by events, not by numbers of steps");
  record.footer(help::record);

  CLI::App& assemble = *app.add_subcommand("assemble", "Encode programs that are written as text");
  take_file(assemble, arguments.assemble.from, "A text, a folder with texts, or - for standard input");
  take_output(assemble, arguments.assemble.to);
  assemble.footer(help::assemble);

  CLI::App& reproduce = *app.add_subcommand("reproduce", "Make a C program that tries it on a running kernel");
  take_file(reproduce, arguments.reproduce.from, "An input, encoded or text; - is standard input");
  take_output(reproduce, arguments.reproduce.to);
  reproduce.footer(help::reproduce);

  CLI::App& dictionary = *app.add_subcommand("dictionary", "Write a dictionary for fuzzers");
  dictionary.add_option("FORM", arguments.dictionary.form, "bytes or text")->required()->type_name("");
  take_output(dictionary, arguments.dictionary.to);
  dictionary.footer(help::dictionary);

  define_engines(app, arguments.engines);
  app.add_subcommand("oracles", "List the oracles and the guarantees they judge")
      ->footer("Example:\n  shootdown run --oracles lost-dirty-data,counts corpus");
  app.add_subcommand("events", "List the events by which a schedule can name a place")
      ->footer("Example, in a program:\n  cpu 0: munmap page 0\n    after clear entry of page 0 switch to cpu 1");
}

}  // namespace

void define_arguments(CLI::App& app, Arguments& arguments) {
  app.footer(help::overview);
  app.formatter(std::make_shared<HelpFormatter>());
  define_run(app, arguments.run);
  define_minimize(app, arguments.minimize);
  define_explain(app, arguments.explain);
  define_prove(app, arguments.prove);
  define_check(app, arguments.check);
  define_corpus(app, arguments);
  define_others(app, arguments);
  define_findings(app, arguments.findings);
  define_defects(app, arguments);
}

std::string bad_value(const Arguments& arguments) {
  const RunOptions& run = arguments.run;
  if (!run.trace.empty() && run.trace != "compact" && run.trace != "full")
    return fmt::format("--trace: expected compact or full, found '{}'", run.trace);
  const bool sensible = run.timeout >= 0.001 && run.timeout <= 1e6;  // which "nan" is not
  if (!sensible) return fmt::format("--timeout: expected 0.001 to 1000000 seconds, found {}", run.timeout);
  const auto reads_twice = [](const std::vector<std::string>& paths) { return std::ranges::count(paths, "-") > 1; };
  if (reads_twice(run.paths) || reads_twice(arguments.show.files) || reads_twice(arguments.record.files) ||
      reads_twice(arguments.minimize.files) || reads_twice(arguments.prove.files) ||
      reads_twice(arguments.corpus_add.paths) || reads_twice(arguments.corpus_merge.sources) ||
      reads_twice(arguments.corpus_list.paths))
    return "-: standard input can be read only once";
  if (arguments.minimize.files.size() > 1 && !Console::is_output(arguments.minimize.to))
    return "--output: expected one FILE, whose program is written there";
  return {};
}

}  // namespace shootdown
