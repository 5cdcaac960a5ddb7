// Helpers for tests: how a browser shows a page, where there is a Chromium.
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "fuzz/io/output.h"
#include "test/files.h"

namespace shootdown {

// A Chromium, if there is one.
inline std::string chromium() {
  for (const std::string name : {"chromium", "chromium-browser", "google-chrome"}) {
    if (std::system(fmt::format("command -v {} >/dev/null", name).c_str()) == 0) return name;
  }
  return {};
}

// The page as a browser has built it, with the styles that count in it; a script of ours says what is not in its text.
inline std::string shown(const TemporaryFolder& folder, std::string page, std::string_view measure,
                         std::string_view flags = "") {
  page += fmt::format("<script>document.body.dataset.measured = {}</script>\n", measure);
  folder.write("measured.html", page);
  const std::string command = fmt::format(
      "timeout 60 {} --headless --no-sandbox --disable-gpu --user-data-dir={} --window-size=1400,1000 {} --dump-dom "
      "file://{} 2>/dev/null",
      chromium(), shell_word(folder.path("profile")), flags, shell_word(folder.path("measured.html")));
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), &pclose);
  BOOST_REQUIRE(pipe != nullptr);
  std::string dom;
  std::array<char, 4096> buffer{};
  while (const std::size_t read = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
    dom.append(buffer.data(), read);
  return dom;
}

inline std::string measured(const std::string& dom) {
  constexpr std::string_view mark = "data-measured=\"";
  const std::size_t begin = dom.find(mark);
  BOOST_REQUIRE_MESSAGE(begin != std::string::npos, dom.substr(0, 2000));
  return dom.substr(begin + mark.size(), dom.find('"', begin + mark.size()) - begin - mark.size());
}

}  // namespace shootdown
