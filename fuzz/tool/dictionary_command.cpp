#include "fuzz/tool/dictionary_command.h"

#include <fmt/format.h>

#include "fuzz/io/output.h"
#include "fuzz/language/dictionary.h"

namespace shootdown {

ExitStatus dictionary_command(const DictionaryOptions& options, Console& console) {
  if (options.form != "bytes" && options.form != "text") {
    console.error(fmt::format("dictionary: expected bytes or text, found '{}'", options.form));
    return exit_bad_input;
  }
  const std::string text = print_dictionary(options.form == "bytes" ? dictionary_of_bytes() : dictionary_of_text());
  if (!options.to.empty() && options.to != "-") return console.save(options.to, text) ? exit_fine : exit_bad_input;
  console.out().write(text);
  return exit_fine;
}

}  // namespace shootdown
