// What the program `shootdown` can be asked for: commands and their arguments.
#pragma once

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "fuzz/tool/assemble_command.h"
#include "fuzz/tool/check_command.h"
#include "fuzz/tool/corpus_add.h"
#include "fuzz/tool/corpus_list.h"
#include "fuzz/tool/corpus_merge.h"
#include "fuzz/tool/defects_command.h"
#include "fuzz/tool/dictionary_command.h"
#include "fuzz/tool/engines_matrix.h"
#include "fuzz/tool/explain_command.h"
#include "fuzz/tool/findings_command.h"
#include "fuzz/tool/minimize_command.h"
#include "fuzz/tool/prove_command.h"
#include "fuzz/tool/prove_options.h"
#include "fuzz/tool/prove_programs.h"
#include "fuzz/tool/record_command.h"
#include "fuzz/tool/reproduce_command.h"
#include "fuzz/tool/run_command.h"
#include "fuzz/tool/scoreboard_command.h"
#include "fuzz/tool/show_command.h"

namespace shootdown {

// What is asked for. Each command has its own.
struct Arguments {
  RunOptions run;
  ShowOptions show;
  RecordOptions record;
  MinimizeOptions minimize;
  ExplainOptions explain;
  ProveOptions prove;
  CheckOptions check;
  ReproduceOptions reproduce;
  CorpusAddOptions corpus_add;
  CorpusMergeOptions corpus_merge;
  CorpusListOptions corpus_list;
  FindingsOptions findings;
  DefectsOptions defects;
  ScoreboardOptions scoreboard;
  EnginesOptions engines;
  AssembleOptions assemble;
  DictionaryOptions dictionary;
};

// Tells the parser what there is, and where it is to put it; `arguments` must outlive it.
void define_arguments(CLI::App& app, Arguments& arguments);

// What is wrong with the values of arguments, if anything, that the parser cannot say.
std::string bad_value(const Arguments& arguments);

}  // namespace shootdown
