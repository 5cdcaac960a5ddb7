// Writes a picture as SVG, element by element.
//
// Lengths are whole units. How things look is said by classes, in the style that the
// picture carries.
#pragma once

#include <string>
#include <string_view>

namespace shootdown {

struct Box {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

class Svg {
 public:
  // `tip`, if any, is shown to who points at it.
  void rect(const Box& box, std::string_view kind, std::string_view tip = {});
  void line(int x1, int y1, int x2, int y2, std::string_view kind);
  void path(std::string_view data, std::string_view kind, std::string_view tip = {});
  // From its left end; the second runs upwards, as on the spine of a book.
  void text(int x, int y, std::string_view kind, std::string_view text);
  void upright_text(int x, int y, std::string_view kind, std::string_view text);
  void begin_group(std::string_view kind);
  void end_group() { body_ += "</g>\n"; }
  // Elements that somebody else has written.
  void add(std::string_view elements) { body_ += elements; }

  const std::string& body() const { return body_; }

  // The whole picture. `title` and `description` are for those who cannot see it; `head` is what else comes first.
  std::string document(int width, int height, std::string_view title, std::string_view description,
                       std::string_view head) const;

 private:
  std::string body_;
};

}  // namespace shootdown
