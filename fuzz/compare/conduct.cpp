#include "fuzz/compare/conduct.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace shootdown {

namespace {

constexpr std::size_t none = ~std::size_t{0};

std::string words_of(int count, const auto& word) {
  std::vector<Fact> words;
  words.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) words.push_back(word(i));
  return fmt::format("{}", fmt::join(words, " "));
}

std::string flags_of(const FrameFacts& frame, Fact tags) {
  std::string text;
  const auto add = [&](bool is, const char* name) {
    if (is) text += name;
  };
  add(frame.test(PG_dirty), " dirty");
  add(frame.test(PG_writeback), " writeback");
  add(!frame.test(PG_uptodate), " not-uptodate");
  add(frame.test(PG_buffers), " buffers");
  add(frame.test(PG_buffers_dirty), " buffers-dirty");
  add((tags & PAGECACHE_TAG_DIRTY) != 0, " tagged-dirty");
  add((tags & PAGECACHE_TAG_WRITEBACK) != 0, " tagged-writeback");
  add((tags & PAGECACHE_TAG_TOWRITE) != 0, " tagged-towrite");
  return text;
}

void list_file_page(std::vector<std::string>& lines, const World& world, int file, int index) {
  const int words = world.machine_config().words;
  const std::string on_disk = words_of(words, [&](int word) { return world.disk_word(file, index, word); });
  if (on_disk.find_first_not_of("0 ") != std::string::npos)
    lines.push_back(fmt::format("file {} page {} on disk: {}", file, index, on_disk));
  const Fact frame = world.cached_frame(file, index);
  if (frame == no_fact) return;
  const FrameFacts facts = world.frame_facts(frame);
  lines.push_back(fmt::format("file {} page {} in cache: {}, mapcount {}{}", file, index,
                              words_of(words, [&](int word) { return world.frame_word(frame, word); }), facts.mapcount,
                              flags_of(facts, world.cache_tags(file, index))));
}

void list_entry(std::vector<std::string>& lines, const World& world, int mm, int page) {
  const EntryFact entry = world.entry(mm, page);
  if (entry.swapped()) lines.push_back(fmt::format("mm {} pte {}: in swap space", mm, page));
  if (entry.device_exclusive()) lines.push_back(fmt::format("mm {} pte {}: a device has it to itself", mm, page));
  if (entry.device_private()) lines.push_back(fmt::format("mm {} pte {}: in a device's private memory", mm, page));
  if (entry.poisoned()) lines.push_back(fmt::format("mm {} pte {}: poison", mm, page));
  if (!entry.present()) return;
  const PageFact shown = world.frame_facts(entry.frame()).page;
  std::string where = "a page of no file";
  if (shown.file != no_fact) where = fmt::format("file {} page {}", shown.file, shown.index);
  lines.push_back(fmt::format("mm {} pte {}: {}{}{}{}", mm, page, where, entry.write() ? " W" : "",
                              entry.young() ? " A" : "", entry.dirty() ? " D" : ""));
}

// In words, of several.
std::string_view name_of(RssKind kind) {
  switch (kind) {
    case MM_FILEPAGES: return "pages of files";
    case MM_ANONPAGES: return "anonymous pages";
    case MM_SWAPENTS: return "pages in swap space";
    case rss_kinds: break;
  }
  return "";
}

std::vector<std::string> state_of(const World& world) {
  const MachineConfig& machine = world.machine_config();
  std::vector<std::string> lines;
  for (int file = 0; file < machine.files; ++file) {
    for (int index = 0; index < machine.pages; ++index) list_file_page(lines, world, file, index);
  }
  for (int mm = 0; mm < machine.mms; ++mm) {
    for (const RssKind kind : {MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS}) {
      if (const long rss = world.rss(mm, kind); rss != 0)
        lines.push_back(fmt::format("mm {} counts {} {}", mm, rss, name_of(kind)));
    }
    for (int page = 0; page < machine.virtual_pages(); ++page) list_entry(lines, world, mm, page);
  }
  return lines;
}

}  // namespace

std::string Conduct::Part::place() const {
  if (operation == no_fact) return fmt::format("at the end, cpu {}", cpu);
  return fmt::format("operation {}, cpu {}", operation + 1, cpu);
}

EventSet Conduct::watches() const {
  return EventSet::of(
      EventList<event::OperationBegins, event::UserAccess, event::RefuseAccess, event::ReadWord, event::RunEnds>{});
}

void Conduct::begin(Arena& /*arena*/, const World& /*world*/) {
  parts_.clear();
  part_of_.fill(none);
}

// With it the CPU's last one is done.
void Conduct::begin_operation(int cpu, Fact operation, const World& world) {
  std::size_t& part = part_of_[static_cast<std::size_t>(cpu)];
  if (part != none) parts_[part].state = state_of(world);
  part = parts_.size();
  parts_.push_back({.cpu = cpu, .operation = operation});
}

void Conduct::see(Fact cpu, std::string line) {
  parts_[part_of_[cpu]].seen.push_back(std::move(line));
}

void Conduct::end(const World& world) {
  for (Part& part : parts_) {
    if (part.operation == no_fact) part.state = state_of(world);
  }
  std::ranges::sort(parts_, {}, [](const Part& part) { return std::pair(part.operation, part.cpu); });
}

void Conduct::happened(const EventView& event, const World& world) {
  if (event.is<event::OperationBegins>()) {
    begin_operation(static_cast<int>(event.cpu), event.as<event::OperationBegins>().operation, world);
  } else if (event.is<event::UserAccess>()) {
    const auto& access = event.as<event::UserAccess>();
    if (access.access == Access::fault) return;
    see(event.cpu, fmt::format("{} {}, page {} word {}", access.store != 0 ? "stores" : "loads", access.value,
                               access.page, access.word));
  } else if (event.is<event::RefuseAccess>()) {
    see(event.cpu, fmt::format("is refused page {}", event.as<event::RefuseAccess>().page));
  } else if (event.is<event::ReadWord>()) {
    const auto& read = event.as<event::ReadWord>();
    see(event.cpu,
        fmt::format("reads {}, file {} page {} word {}", read.value, read.page.file, read.page.index, read.word));
  } else {
    end(world);
  }
}

}  // namespace shootdown
