#include "engine/reference/reference.h"

#include <algorithm>

namespace shootdown {

Reference::Reference(Arena& arena, const MachineConfig& config, int frames)
    : file_length_(config.pages),
      virtual_pages_(config.virtual_pages()),
      views_(arena.row<View>(config.mms * virtual_pages_)),
      pages_(arena.row<Page>(config.files * config.pages)),
      files_(arena.row<File>(config.files)),
      began_(arena.row<std::uint64_t>(config.cpus)),
      faulted_(arena.row<std::uint64_t>(config.cpus)),
      copies_(arena.row<Copy>(frames)),
      gathers_(arena.row<Gather>(config.cpus)) {
  for (Gather& gather : gathers_) gather.cleared = arena.row<std::uint16_t>(virtual_pages_);
  for (File& file : files_) file.size = file_length_;
  if (config.mapped == 0) return;
  for (int mm = 0; mm < config.mms; ++mm) {
    for (int page = 0; page < virtual_pages_; page += config.pages)
      map(mm, page, config.pages, config.file_of(page), 0);
  }
}

void Reference::store(int mm, int page, int word, int frame, std::uint32_t value) {
  const PageNumber shown = view(mm, page).page;
  if (shown == nothing) return;
  if (is_cut_off(frame, shown)) {
    copies_[frame].words[word] = value;
    return;
  }
  Word& stored = pages_[shown].words[word];
  stored.value = value;
  stored.settled = value;
}

void Reference::write(int file, int index, int word, std::uint32_t value) {
  Word& written = pages_[file_page(file, index)].words[word];
  written.value = value;
  written.writing = value;
}

void Reference::write_returned(int file, int index) {
  for (Word& word : pages_[file_page(file, index)].words) word.settled = std::max(word.settled, word.writing);
}

void Reference::map(int mm, int first, int count, int file, int index, bool read_only) {
  const Allowed stores = read_only ? Allowed::no : Allowed::yes;
  for (int i = 0; i < count; ++i)
    view(mm, first + i) = {.page = file_page(file, index + i), .access = Allowed::yes, .stores = stores};
}

void Reference::change(int mm, int first, int count, Allowed View::* what, Allowed from) {
  const Allowed to = from == Allowed::yes ? Allowed::in_transition : Allowed::no;
  for (int page = first; page < first + count; ++page) {
    Allowed& allowed = view(mm, page).*what;
    if (allowed == from) allowed = to;
  }
}

void Reference::set_size(int file, int pages) {
  ++now_;
  for (int index = files_[file].size; index < pages; ++index) pages_[file_page(file, index)].was_beyond_end = now_;
  files_[file].size = pages;
}

void Reference::begin_discard(int file, int first, int count) {
  files_[file].first = first;
  files_[file].count = count;
}

void Reference::end_discard(int file) {
  ++now_;
  File& range = files_[file];
  for (int index = range.first; index < range.first + range.count; ++index) {
    Page& page = pages_[file_page(file, index)];
    forget(page);
    page.was_discarded = now_;
  }
  range.count = 0;
}

void Reference::forget(Page& page) {
  for (Word& word : page.words) word = {};
}

void Reference::drop(int frame, int file, int index) {
  Copy& copy = copies_[frame];
  copy.dropped = ++now_;
  copy.page = file_page(file, index);
  copy.discarded = is_discarded(copy.page);
  for (int word = 0; word < max_words; ++word) copy.words[word] = file_word(file, index, word);
  if (copy.discarded) forget(pages_[copy.page]);
}

void Reference::begin_gather(int cpu, int mm) {
  gathers_[cpu].mm = mm;
  flush_gather(cpu);
}

void Reference::clear_entry(int cpu, int page, int frame) {
  gathers_[cpu].cleared[page] = static_cast<std::uint16_t>(frame);
}

void Reference::set_entry(int cpu, int mm, int page) {
  if (gathers_[cpu].mm == mm) gathers_[cpu].cleared[page] = no_frame;
}

void Reference::flush_gather(int cpu) {
  std::ranges::fill(gathers_[cpu].cleared, no_frame);
}

bool Reference::is_to_be_flushed(int mm, int page, int frame) const {
  return std::ranges::any_of(gathers_,
                             [=](const Gather& gather) { return gather.mm == mm && gather.cleared[page] == frame; });
}

}  // namespace shootdown
