// How a picture of a run looks, and a page with such pictures: on a screen, light or dark, and on paper. Both have the same
// colours.
#pragma once

#include <string_view>

namespace shootdown {

inline constexpr std::string_view palette = R"css(
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #59636e; --line: #d5dae0;
  --block: #f3f6fa; --edge: #c3ced9; --calm: #e4eaf1; --on: #b4d3f5; --warn: #ffdf9b; --bad: #c62828; --on-bad: #fff;
  --pale: #fdecea; --lock: #d8cdf0; --shared: #ece6f8; --lock-edge: #8d75c6; --ipi: #0b5cad; --waits: #a84e00;
  --only: #fff3cf; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --ink: #e6e9ed; --soft: #9aa4af; --line: #39414a;
  --block: #1c232b; --edge: #3b4753; --calm: #2a333d; --on: #1d4d80; --warn: #6b4c09; --bad: #d9443c; --on-bad: #fff;
  --pale: #3b1d1f; --lock: #51437f; --shared: #332c4d; --lock-edge: #9d8ad4; --ipi: #6cb2ff; --waits: #ff9f4a;
  --only: #3a3318; } }
@media print { :root { --paper: #fff; --ink: #000; --soft: #333; --line: #bbb;
  --block: #f6f6f6; --edge: #999; --calm: #eee; --on: #ccc; --warn: #ddd; --bad: #000; --on-bad: #fff;
  --pale: #eee; --lock: #ccc; --shared: #eee; --lock-edge: #555; --ipi: #000; --waits: #000;
  --only: #eee; } }
)css";

inline constexpr std::string_view picture_style = R"css(
.run { font: 11px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: var(--ink); }
.run .head, .run .group, .run .side, .run .aside, .run .number, .run .legend { font-family: system-ui, sans-serif; }
.run .head, .run .aside, .run .number, .run .legend, .run .nothing { fill: var(--soft); }
.run .group, .run .side { font-weight: 600; }
.run .side { font-size: 13px; }
.run .aside { font-style: italic; font-size: 10px; }
.run .paper { fill: var(--paper); }
.run .rule { stroke: var(--line); }
.run .block { fill: var(--block); stroke: var(--edge); }
.run .handler { stroke: var(--ipi); }
.run .operation, .run .verdict, .run .on-bad { font-weight: 700; }
.run .key { fill: var(--pale); stroke: var(--bad); stroke-width: 1.5; }
.run .verdict-band { fill: var(--pale); stroke: var(--bad); }
.run .only { fill: var(--only); }
.run .only-mark { fill: var(--waits); }
.run .pause { stroke: var(--soft); stroke-width: 2; stroke-dasharray: 2 4; }
.run .waits { stroke: var(--waits); stroke-dasharray: 6 3; }
.run .lock { fill: var(--lock); stroke: var(--lock-edge); stroke-width: .8; }
.run .shared { fill: var(--shared); }
.run .wanted { fill: var(--bad); }
.run .lock-name { font: 9px system-ui, sans-serif; }
.run .ipi { fill: none; stroke: var(--ipi); stroke-width: 1.5; }
.run .pending { stroke-dasharray: 3 3; }
.run .ipi-head { fill: var(--ipi); }
.run .calm { fill: var(--calm); }
.run .on { fill: var(--on); }
.run .warn { fill: var(--warn); }
.run .bad { fill: var(--bad); }
.run .promise { fill: none; stroke: var(--edge); }
.run .on-bad { fill: var(--on-bad); }
)css";

inline constexpr std::string_view page_style = R"css(
body { margin: 1.5rem auto; max-width: 86rem; padding: 0 1rem; color: var(--ink); background: var(--paper);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin-bottom: .3rem; }
h2 { font-size: 1.1rem; margin-top: 1.6rem; }
.top { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, auto); gap: 2rem; align-items: start; }
@media (max-width: 60rem) { .top { display: block; } }
.verdicts { padding: 0; list-style: none; }
.verdicts li, .fine { border-left: .3rem solid var(--bad); padding: .1rem .8rem; margin: .6rem 0; }
.verdicts li.also { border-color: var(--edge); }
.fine { border-color: var(--on); }
.should { color: var(--soft); display: block; }
.scroll { overflow-x: auto; }
svg.run { max-width: 100%; height: auto; }
pre { font: 12px/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--block);
  padding: .7rem 1rem; overflow-x: auto; border: 1px solid var(--edge); }
summary { cursor: pointer; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; }
  .scroll, pre { overflow: visible; }
  pre { white-space: pre-wrap; }
  li, h2 { break-inside: avoid; }
  h2 { break-after: avoid; } }
)css";

}  // namespace shootdown
