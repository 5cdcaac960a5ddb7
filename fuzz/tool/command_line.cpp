#include "fuzz/tool/command_line.h"

#include <cerrno>
#include <cstddef>
#include <exception>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "engine/kernel/model_version.h"
#include "fuzz/tool/arguments.h"
#include "fuzz/tool/list_commands.h"

namespace shootdown {

namespace {

ExitStatus corpus_command(const CLI::App& corpus, const Arguments& arguments, Console& console) {
  if (corpus.got_subcommand("add")) return corpus_add_command(arguments.corpus_add, console);
  if (corpus.got_subcommand("merge")) return corpus_merge_command(arguments.corpus_merge, console);
  return corpus_list_command(arguments.corpus_list, console);
}

ExitStatus dispatch(const CLI::App& app, const Arguments& arguments, Console& console) {
  if (app.got_subcommand("run")) return run_command(arguments.run, console);
  if (app.got_subcommand("minimize")) return minimize_command(arguments.minimize, console);
  if (app.got_subcommand("show")) return show_command(arguments.show, console);
  if (app.got_subcommand("record")) return record_command(arguments.record, console);
  if (app.got_subcommand("explain")) return explain_command(arguments.explain, console);
  if (app.got_subcommand("prove"))
    return arguments.prove.space.operations != 0 ? prove_programs_command(arguments.prove, console)
                                                 : prove_command(arguments.prove, console);
  if (app.got_subcommand("check")) return check_command(arguments.check, console);
  if (app.got_subcommand("reproduce")) return reproduce_command(arguments.reproduce, console);
  if (app.got_subcommand("corpus")) return corpus_command(*app.get_subcommand("corpus"), arguments, console);
  if (app.got_subcommand("assemble")) return assemble_command(arguments.assemble, console);
  if (app.got_subcommand("dictionary")) return dictionary_command(arguments.dictionary, console);
  if (app.got_subcommand("findings")) return findings_command(arguments.findings, console);
  if (app.got_subcommand("defects")) return defects_command(arguments.defects, console);
  if (app.got_subcommand("scoreboard")) return scoreboard_command(arguments.scoreboard, console);
  if (app.got_subcommand("engines"))
    return arguments.engines.matrix ? engines_matrix_command(arguments.engines, console) : engines_command(console);
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
  define_arguments(app, arguments);
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
    // Who has stopped reading need not be told.
    if (error != EPIPE)
      console.error(fmt::format("cannot write the output: {}", std::generic_category().message(error)));
    return exit_bad_input;
  }
  return status;
}

}  // namespace shootdown
