#include "fuzz/tool/defects_command.h"

#include <algorithm>

#include "fuzz/replay/replay.h"
#include "fuzz/trace/columns.h"

namespace shootdown {

std::variant<std::vector<DefectInfo>, InputError> select_defects(const std::vector<std::string>& names) {
  std::vector<DefectInfo> chosen;
  if (names.empty()) chosen.assign(all_defects().begin(), all_defects().end());
  for (const std::string& name : names) {
    const std::variant<Defect, InputError> defect = select_defect(name);
    if (const auto* const error = std::get_if<InputError>(&defect)) return *error;
    if (std::ranges::find(chosen, name, &DefectInfo::name) == chosen.end()) chosen.push_back(*find_defect(name));
  }
  return chosen;
}

ExitStatus defects_command(const DefectsOptions& options, Console& console) {
  const auto chosen = select_defects(options.names);
  if (const auto* const error = std::get_if<InputError>(&chosen)) {
    console.error(error->message);
    return exit_bad_input;
  }
  for (const DefectInfo& defect : std::get<std::vector<DefectInfo>>(chosen)) {
    console.out().print("{}\n", defect.name);
    for (const std::string& line : wrap(defect.what, text_width, 2)) console.out().print("{}\n", line);
    if (defect.engine == no_engine) {
      console.out().print("  cannot be detected\n");
    } else if (defect.engine != any_engine) {
      console.out().print("  is looked for on {}\n", defect.engine);
    }
  }
  return exit_fine;
}

}  // namespace shootdown
