#include "fuzz/explain/page.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "fuzz/explain/activity.h"
#include "fuzz/explain/picture.h"
#include "fuzz/explain/style.h"
#include "fuzz/io/markup.h"
#include "fuzz/language/text.h"
#include "fuzz/trace/narrator.h"
#include "fuzz/trace/trace.h"
#include "oracles/oracles.h"

namespace shootdown {

namespace {

class PageWriter {
 public:
  PageWriter(const Scene& scene, const std::string& name, const Scene* other)
      : scene_(scene), other_(other), title_(title_of(scene, name)) {}

  std::string write() const {
    std::string html = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>{}</title>\n<style>{}{}</style>\n<h1>{}</h1>\n",
        escaped(title_), palette, page_style, escaped(title_));
    html += "<div class=\"top\">\n<div>\n" + verdicts(scene_);
    if (other_ != nullptr) html += verdicts(*other_);
    html += stuck() + "</div>\n";
    html += fmt::format("<pre aria-label=\"The program\">{}</pre>\n</div>\n", escaped(print(scene_.program())));
    html += fmt::format("<h2>{}</h2>\n", escaped(heading()));
    if (scene_.left_out() + scene_.missing() != 0)
      html += fmt::format("<p>The run is too long to be drawn as a whole: {} lines before these are left out{}.</p>\n",
                          scene_.left_out(),
                          scene_.missing() == 0 ? "" : fmt::format(", and {} steps at its end", scene_.missing()));
    html += "<div class=\"scroll\">\n" + picture() + "</div>\n";
    html += text_of(scene_);
    if (other_ != nullptr) html += text_of(*other_);
    return html + "</html>\n";
  }

  std::string picture() const {
    return other_ == nullptr ? draw_run(scene_, title_) : draw_runs(scene_, *other_, title_);
  }

 private:
  // What was found, the first in front, and what should have been.
  static std::string verdicts(const Scene& scene) {
    const std::string_view engine = scene.engine().name();
    if (scene.broken().empty())
      return fmt::format("<p class=\"fine\"><b>{}</b> breaks nothing that was asked for.</p>\n", engine);
    const OracleId first = scene.report().first(scene.broken());
    std::string html = "<ul class=\"verdicts\">\n" + verdict(scene, first, "");
    for (const OracleInfo& oracle : all_oracles()) {
      if (oracle.id != first && scene.broken().contains(oracle.id)) html += verdict(scene, oracle.id, "also");
    }
    return html + "</ul>\n";
  }

  static std::string verdict(const Scene& scene, OracleId id, std::string_view kind) {
    const Violation& violation = scene.report().violation(id);
    const std::string step =
        violation.cpu < 0 ? "found at the end" : fmt::format("step {}", violation.step == 0 ? 0 : violation.step - 1);
    const bool is_drawn = std::ranges::any_of(scene.shown(), [&](std::size_t number) {
      const StoryLine& line = scene.story()[number];
      return line.kind == StoryLine::Kind::verdict && line.oracle == id;
    });
    std::string_view guarantee;
    for (const OracleInfo& oracle : all_oracles()) {
      if (oracle.id == id) guarantee = oracle.guarantee;
    }
    return fmt::format(
        "<li class=\"{}\"><b>{} breaks {}</b> ({}): {}. <span class=\"should\">What should have been: {}.</span>\n",
        kind, scene.engine().name(), oracle_name(id), step + (is_drawn ? "" : ", after what is shown"),
        escaped(violation.fact()), escaped(guarantee));
  }

  // Who waits for whom, in a deadlock.
  std::string stuck() const {
    if (scene_.result().outcome != Outcome::deadlock) return {};
    std::string html = "<h2>Who waits for whom</h2>\n<ul>\n";
    for (const StuckCpu& stuck : stuck_cpus(scene_.trace())) {
      std::string holders;
      for (const int holder : stuck.holders)
        holders += fmt::format("{}{}", holders.empty() ? "" : " and ",
                               holder == stuck.cpu ? "it holds itself" : fmt::format("cpu {} holds", holder));
      const std::string lock = lock_name(stuck.lock, scene_.program().machine);
      html += fmt::format("<li>cpu {} waits for {}{}{}\n", stuck.cpu,
                          stuck.lock.kind == LockClass::page ? "the lock of " : "", escaped(lock),
                          holders.empty() ? "" : ", which " + holders);
    }
    return html + "</ul>\n";
  }

  std::string heading() const {
    if (!scene_.followed()) return "What happened";
    return "What happened to " + name_of(*scene_.followed(), scene_.program().machine);
  }

  static std::string text_of(const Scene& scene) {
    return fmt::format("<details><summary>The run on {} as text</summary>\n<pre>{}</pre>\n</details>\n",
                       scene.engine().name(),
                       escaped(render_trace(scene.program(), scene.trace(), scene.report(), {.width = 150})));
  }

  const Scene& scene_;
  const Scene* other_;
  std::string title_;
};

}  // namespace

std::string title_of(const Scene& scene, const std::string& name) {
  return fmt::format("{}: {}", scene.engine().name(), name);
}

std::string explain_page(const Scene& scene, const std::string& name, const Scene* other) {
  return PageWriter(scene, name, other).write();
}

}  // namespace shootdown
