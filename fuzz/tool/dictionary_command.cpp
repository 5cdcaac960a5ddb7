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
  return console.deliver(options.to,
                         print_dictionary(options.form == "bytes" ? dictionary_of_bytes() : dictionary_of_text()));
}

}  // namespace shootdown
