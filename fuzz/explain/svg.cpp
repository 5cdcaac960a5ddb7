#include "fuzz/explain/svg.h"

#include <fmt/format.h>

#include "fuzz/io/markup.h"

namespace shootdown {

namespace {

std::string end_of(std::string_view element, std::string_view tip) {
  return tip.empty() ? "/>\n" : fmt::format("><title>{}</title></{}>\n", escaped(tip), element);
}

}  // namespace

void Svg::rect(const Box& box, std::string_view kind, std::string_view tip) {
  body_ += fmt::format(R"(<rect class="{}" x="{}" y="{}" width="{}" height="{}")", kind, box.x, box.y, box.width,
                       box.height) +
           end_of("rect", tip);
}

void Svg::line(int x1, int y1, int x2, int y2, std::string_view kind) {
  body_ += fmt::format(R"(<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>)", kind, x1, y1, x2, y2) + "\n";
}

void Svg::path(std::string_view data, std::string_view kind, std::string_view tip) {
  body_ += fmt::format(R"(<path class="{}" d="{}")", kind, data) + end_of("path", tip);
}

void Svg::text(int x, int y, std::string_view kind, std::string_view text) {
  body_ += fmt::format(R"(<text class="{}" x="{}" y="{}">{}</text>)", kind, x, y, escaped(text)) + "\n";
}

void Svg::upright_text(int x, int y, std::string_view kind, std::string_view text) {
  body_ += fmt::format(R"svg(<text class="{}" transform="translate({} {}) rotate(-90)">{}</text>)svg", kind, x, y,
                       escaped(text)) +
           "\n";
}

void Svg::begin_group(std::string_view kind) {
  body_ += fmt::format("<g class=\"{}\">\n", kind);
}

std::string Svg::document(int width, int height, std::string_view title, std::string_view description,
                          std::string_view head) const {
  return fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" class="run" viewBox="0 0 {0} {1}" width="{0}" height="{1}" )"
      R"(role="group">)"
      "\n<title>{2}</title>\n<desc>{3}</desc>\n{4}{5}</svg>\n",
      width, height, escaped(title), escaped(description), head, body_);
}

}  // namespace shootdown
