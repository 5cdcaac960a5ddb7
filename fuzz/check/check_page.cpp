#include "fuzz/check/check_page.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include <fmt/format.h>

#include "engine/defects.h"
#include "engine/kernel/model_version.h"
#include "fuzz/check/check_words.h"
#include "fuzz/explain/picture.h"
#include "fuzz/explain/scene.h"
#include "fuzz/explain/style.h"
#include "fuzz/io/markup.h"
#include "fuzz/io/output.h"
#include "fuzz/language/codec.h"
#include "fuzz/language/text.h"
#include "fuzz/prove/freedoms.h"

namespace shootdown {

namespace {

constexpr std::string_view check_style = R"css(
:root { --good: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --good: #5fd07a; } }
@media print { :root { --good: #000; } }
.facts { color: var(--soft); }
.conclusion { border-left: .3rem solid var(--bad); padding: .1rem .8rem; margin: .8rem 0; font-size: 1.1rem; }
.conclusion.good { border-color: var(--good); } .conclusion.open { border-color: var(--waits); }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .3rem 1rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; } td small { display: block; color: var(--soft); }
td:first-child { min-width: 14rem; } td.is { white-space: nowrap; font-weight: 700; }
.broken { color: var(--bad); } .proved { color: var(--good); } .spared { color: var(--waits); }
dt { font-weight: 600; margin-top: .5rem; } dd { margin-left: 1.2rem; }
a { color: var(--ipi); }
section { margin-top: 2.2rem; } section + section.engine { border-top: 2px solid var(--edge); padding-top: 1rem; }
pre { width: fit-content; max-width: 100%; box-sizing: border-box; }
@media print { tr, dt, .conclusion { break-inside: avoid; } thead { display: table-header-group; }
  section.breach { break-before: page; } }
)css";

class CheckSection {
 public:
  explicit CheckSection(const EngineChecked& checked)
      : checked_(checked), engine_(*checked.settings.engine), name_(escaped(engine_.name())) {}

  std::string write() const {
    std::string html =
        fmt::format("<section class=\"engine\">\n<h1>{}</h1>\n<p>{}.</p>\n", name_, escaped(engine_.summary()));
    html += fmt::format("<p class=\"conclusion {}\">{}.</p>\n", colour(), escaped(conclusion(checked_)));
    html += facts() + table() + meanings() + trouble() + parts();
    for (const Guarantee& guarantee : checked_.guarantees) {
      if (guarantee.breach.has_value()) html += breach(guarantee);
    }
    return html + "</section>\n";
  }

 private:
  std::string_view colour() const {
    if (checked_.has_violation()) return "bad";
    return checked_.is_decided() ? "good" : "open";
  }

  std::string facts() const {
    const CheckSettings& settings = checked_.settings;
    std::string text = fmt::format("Version {} of the model. Schedules are searched with {}.", model_version,
                                   descriptions_of(settings.freedoms));
    if (settings.defect != Defect::none)
      text += fmt::format(" A mistake is planted in every run: {}.", defect_name(settings.defect));
    return fmt::format("<p class=\"facts\">{}</p>\n", escaped(text));
  }

  // What links name.
  std::string anchor(OracleId oracle) const { return fmt::format("{}-{}", name_, oracle_name(oracle)); }

  std::string table() const {
    std::string html =
        "<h2>Guarantees</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>guarantee<th>claimed<th>must hold<th>it is"
        "<th>smallest program that breaks it</thead>\n<tbody>\n";
    for (const OracleInfo& oracle : all_oracles()) {
      for (const Guarantee& guarantee : checked_.guarantees) {
        if (guarantee.oracle == oracle.id) html += row(oracle, guarantee);
      }
    }
    return html + "</tbody>\n</table></div>\n";
  }

  std::string row(const OracleInfo& oracle, const Guarantee& guarantee) const {
    std::string shown;
    if (guarantee.breach.has_value()) {
      shown = fmt::format("<a href=\"#{}\">{}</a><small>found by {}</small>", anchor(oracle.id),
                          size_of(*guarantee.breach), escaped(how_it_was_found(guarantee.breach->found)));
    }
    const bool is_spared = guarantee.standing == Standing::broken && !guarantee.demanded;
    return fmt::format("<tr><td>{}<small>{}</small><td>{}<td>{}<td class=\"is {}\">{}<td>{}\n", escaped(oracle.name),
                       escaped(oracle.guarantee), guarantee.claimed ? "yes" : "no", guarantee.demanded ? "yes" : "no",
                       is_spared ? "spared" : name_of(guarantee.standing), name_of(guarantee.standing), shown);
  }

  std::string meanings() const {
    std::string html = "<dl>\n";
    for (const Standing standing : {Standing::proved, Standing::held, Standing::not_judged}) {
      const auto stands_so = [&](const Guarantee& guarantee) { return guarantee.standing == standing; };
      if (std::ranges::any_of(checked_.guarantees, stands_so))
        html += fmt::format("<dt>{}<dd>{}\n", name_of(standing), escaped(meaning_of(standing, checked_)));
    }
    return html + "</dl>\n";
  }

  std::string trouble() const {
    std::string html;
    for (const std::string& surprise : surprises_of(checked_)) html += fmt::format("<li>{}\n", escaped(surprise));
    for (const CheckFailure& failure : checked_.failures) {
      html += fmt::format("<li>Shootdown itself failed in {}: {}\n", escaped(printable(failure.where)),
                          escaped(failure.message));
    }
    for (const LinuxCompared& compared : checked_.linux_code) {
      if (compared.different != 0)
        html += fmt::format("<li>{} and {} differ:<pre>{}</pre>\n", escaped(compared.model), escaped(compared.kernel),
                            escaped(compared.first));
    }
    return html.empty() ? html : "<h2>Not as it should be</h2>\n<ul>\n" + html + "</ul>\n";
  }

  std::string parts() const {
    std::string html = "<h2>What was done</h2>\n<dl>\n";
    std::string_view last;
    for (const PartWords& words : part_words(checked_)) {
      if (words.part != last) html += fmt::format("<dt>{}\n", words.part);
      last = words.part;
      html += fmt::format("<dd>{}\n", escaped(words.text));
    }
    return html + "</dl>\n";
  }

  std::string breach(const Guarantee& guarantee) const {
    const ShownBreach& breach = *guarantee.breach;
    const auto program = std::make_unique<Program>();
    decode(breach.program, *program);
    std::string html = fmt::format("<section class=\"breach\" id=\"{}\">\n<h2>{} breaks {}</h2>\n",
                                   anchor(guarantee.oracle), name_, oracle_name(guarantee.oracle));
    html += fmt::format("<p>{}.</p>\n", escaped(breach.fact));
    if (!guarantee.why_not_claimed.empty())
      html += fmt::format("<p>It is not claimed: {}.</p>\n", escaped(guarantee.why_not_claimed));
    html += fmt::format("<p class=\"facts\">Found by {}, and made as small as it can be: {}.</p>\n",
                        escaped(how_it_was_found(breach.found)), size_of(breach));
    html += fmt::format("<pre aria-label=\"The program\">{}</pre>\n", escaped(print(*program)));
    if (breach.is_repeatable) html += "<div class=\"scroll\">\n" + picture(guarantee.oracle, *program) + "</div>\n";
    return html + "</section>\n";
  }

  std::string picture(OracleId oracle, const Program& program) const {
    SceneOptions options{.defect = checked_.settings.defect, .oracles = {}};
    options.oracles.insert(oracle);
    const Scene scene(engine_, program, options);
    return draw_run(scene, fmt::format("{} breaks {}", engine_.name(), oracle_name(oracle)));
  }

  const EngineChecked& checked_;
  const Engine& engine_;
  std::string name_;
};

std::string title_of(const std::vector<EngineChecked>& checks) {
  std::string names;
  for (const EngineChecked& checked : checks)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", checked.settings.engine->name());
  return "Shootdown: check of " + names;
}

}  // namespace

std::string check_page(const std::vector<EngineChecked>& checks) {
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}{}{}</style>\n",
      escaped(title_of(checks)), palette, page_style, check_style);
  for (const EngineChecked& checked : checks) html += CheckSection(checked).write();
  return html + "</html>\n";
}

}  // namespace shootdown
