#include "engine/reference/reference.h"

#include <algorithm>
#include <utility>

namespace shootdown {

Reference::Reference(Arena& arena, const MachineConfig& config, int files, int frames, int swap_slots)
    : arena_(arena),
      saves_(config.tmpfs == 0),
      file_length_(config.pages),
      virtual_pages_(config.virtual_pages()),
      views_(arena.row<View>(config.mms * virtual_pages_)),
      pages_(arena.row<Page>(files * config.pages)),
      files_(arena.row<File>(files)),
      first_of_device_(static_cast<PageNumber>(config.files * config.pages)),
      began_(arena.row<Moment>(config.cpus)),
      faulted_(arena.row<Moment>(config.cpus)),
      copies_(arena.row<Copy>(frames)),
      gathers_(arena.row<Gather>(config.cpus)),
      zaps_(arena.row<std::uint8_t>(config.cpus)),
      dmas_(arena.row<std::uint16_t>(config.cpus)),
      private_(arena, pages_.size(), views_.size(), virtual_pages_, frames, swap_slots) {
  for (Gather& gather : gathers_) gather.cleared = arena.row<std::uint16_t>(virtual_pages_);
  for (File& file : files_) file.size = file_length_;
  std::ranges::fill(parents_, no_mm);
  if (config.mapped == 0) return;
  for (int mm = 0; mm < config.mms; ++mm) {
    for (int page = 0; page < virtual_pages_; page += config.pages)
      map(mm, page, config.pages, {.file = config.file_of(page)});
  }
}

void Reference::store(int mm, int page, int word, int frame, std::uint32_t value) {
  const PageNumber shown = view(mm, page).page;
  if (shown == nothing) return;
  if (is_cut_off(mm, page, frame)) {
    copies_[frame].words[word] = value;
    return;
  }
  if (private_.is_private(place(mm, page))) {
    store_privately(mm, page, word, value);
    is_shown(mm, page, frame);
    return;
  }
  Word& stored = pages_[shown].words[word];
  stored.value = value;
  stored.settled = value;
  stored.is_dma = false;
}

// Whatever the kernel has stored to: no file changes.
void Reference::store_privately(int mm, int page, int word, std::uint32_t value) {
  const int where = place(mm, page);
  View& stored = views_[where];
  const PageNumber shown = stored.page;
  stored.page = change_own(where, [&] { return private_.own_to_store(where); });
  if (shown != stored.page) {
    for (int i = 0; i < max_words; ++i) private_.word(stored.page, i) = word_of(shown, i);
  }
  private_.word(stored.page, word) = value;
  private_.keep(where);
}

template <typename Change>
Reference::PageNumber Reference::change_own(int where, const Change& change) {
  const PageNumber had = private_.own(where);
  const PageNumber has = change();
  if (has == had || had == nothing) return has;
  const int first = where / virtual_pages_ * virtual_pages_;
  for (int other = first; other < first + virtual_pages_; ++other) {
    if (views_[other].page == had && private_.own(other) == has) views_[other].page = has;
  }
  return has;
}

Reference::PageNumber Reference::separate(int where) {
  return change_own(where, [&] { return private_.separate(where); });
}

void Reference::write(int file, int index, int word, std::uint32_t value) {
  Word& written = pages_[file_page(file, index)].words[word];
  written.value = value;
  written.writing = value;
  written.is_dma = false;
}

void Reference::write_returned(int file, int index) {
  for (Word& word : pages_[file_page(file, index)].words) word.settled = std::max(word.settled, word.writing);
}

void Reference::dma(int cpu, const Dma& dma, int word, std::uint32_t value) {
  dmas_[cpu] = no_frame;
  if (const int where = private_.pinned(cpu, dma.frame, place(dma.mm, dma.page)); where >= 0) {
    store_privately(where / virtual_pages_, where % virtual_pages_, word, value);
  } else if (copies_[dma.frame].dropped != 0) {
    copies_[dma.frame].words[word] = value;
  } else if (dma.file >= 0) {
    Word& written = pages_[file_page(dma.file, dma.index)].words[word];
    written.value = value;
    written.is_dma = true;
    dmas_[cpu] = static_cast<std::uint16_t>(dma.frame);
  }
}

void Reference::dma_returned(int cpu, int file, int index, int word, std::uint32_t value) {
  if (dmas_[cpu] == no_frame) return;
  Word& written = pages_[file_page(file, index)].words[word];
  written.settled = std::max(written.settled, value);
  if (written.value == value) written.is_dma = false;
}

void Reference::map(int mm, int first, int count, const Mapping& mapping) {
  for (int i = 0; i < count; ++i) {
    View& here = view(mm, first + i);
    if (mapping.is_private && parents_[mm] != no_mm) {
      here.page = view(parents_[mm], first + i).page;
      here.poisoned = is_poisoned(parents_[mm], first + i);
      private_.fork(place(parents_[mm], first + i), place(mm, first + i));
    } else if (mapping.is_private && mapping.moved_from >= 0) {
      here.page = view(mm, mapping.moved_from + i).page;
      private_.move(place(mm, mapping.moved_from + i), place(mm, first + i));
    } else {
      here.page = map_anew(place(mm, first + i), mapping, i);
    }
    here.access = Allowed::yes;
    here.stores = mapping.read_only ? Allowed::no : Allowed::yes;
  }
}

// What it shows.
Reference::PageNumber Reference::map_anew(int place, const Mapping& mapping, int i) {
  const PageNumber behind = mapping.is_anonymous ? nothing : file_page(mapping.file, mapping.index + i);
  if (!mapping.is_private) {
    private_.map_shared(place);
    return behind;
  }
  private_.map(place, behind);
  for (Gather& gather : gathers_) {
    if (gather.found_cleared.size() == 0) gather.found_cleared = arena_.row<bool>(virtual_pages_);
  }
  return mapping.is_anonymous ? private_.make_own(place) : behind;
}

void Reference::begin_fork(int mm, int child) {
  parents_[child] = mm;
  for (int page = 0; page < virtual_pages_; ++page) {
    view(child, page) = {};
    private_.map_shared(place(child, page));
  }
}

void Reference::end_fork(int mm, int child) {
  parents_[child] = no_mm;
  for (int page = 0; page < virtual_pages_; ++page) private_.end_fork(place(mm, page));
}

void Reference::begin_free(int mm, int first, int count) {
  for (int page = first; page < first + count; ++page) private_.begin_free(place(mm, page));
}

void Reference::end_free(int mm, int first, int count) {
  for (int page = first; page < first + count; ++page) private_.end_free(place(mm, page));
}

void Reference::copy_word(int from, int file, int index, int to, int word) {
  const Copy& copy = copies_[from];
  if (const PageNumber held = private_.held(from); held != nothing) {
    private_.copy(to, word, private_.word(held, word));
  } else if (copy.dropped != 0) {
    private_.copy(to, word, copy.words[word]);
  } else if (file >= 0) {
    private_.copy(to, word, file_word(file, index, word));
  }
}

void Reference::show_frame(int mm, int page, int frame) {
  const int where = place(mm, page);
  if (!private_.is_private(where)) return;
  if (private_.is_copy(frame)) {
    views_[where].page = change_own(where, [&] { return private_.show_copy(where, frame); });
  } else if (shows_own(where)) {
    views_[where].page = change_own(where, [&] { return private_.show(where, frame); });
  }
  is_shown(mm, page, frame);
}

void Reference::show_zeros(int mm, int page, int frame) {
  const int where = place(mm, page);
  zeros_ = frame;
  if (private_.is_private(where) && shows_own(where))
    views_[where].page = change_own(where, [&] { return private_.show_zeros(where, frame); });
  is_shown(mm, page, frame);
}

// The frame is no copy of what was thrown away any more: it is that of zeros; or a page's number has become that of another, which is
// in a frame that others have thrown away.
void Reference::is_shown(int mm, int page, int frame) {
  if (copies_[frame].page == own(mm, page)) copies_[frame].dropped = 0;
}

void Reference::throw_away(View& view, int where) {
  view.page = separate(where);
  private_.throw_away(where);
  if (private_.behind(where) != nothing) view.page = private_.behind(where);
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
  if (private_.exists()) cut_off_copies(file);
  range.count = 0;
}

// Truncation throws copies away with what is behind them. Punching a hole does not.
void Reference::cut_off_copies(int file) {
  for (int where = 0; where < views_.size(); ++where) {
    if (shows_own(where) && is_being_cut_off(where) && private_.behind(where) / file_length_ == file)
      throw_away(views_[where], where);
  }
}

void Reference::forget(Page& page) {
  for (Word& word : page.words) word = {};
}

void Reference::drop(int frame, int file, int index) {
  const PageNumber page = file_page(file, index);
  std::ranges::replace(dmas_, static_cast<std::uint16_t>(frame), no_frame);
  make_copy(frame, page, is_discarded(page));
  if (copies_[frame].discarded) return forget(pages_[page]);
  for (Word& word : pages_[page].words) {
    if (std::exchange(word.is_dma, false)) word.value = word.saved;
  }
}

void Reference::make_copy(int frame, PageNumber page, bool discarded) {
  Copy& copy = copies_[frame];
  copy = {.dropped = ++now_, .page = page, .discarded = discarded};
  for (int word = 0; word < max_words; ++word) copy.words[word] = word_of(page, word);
}

void Reference::begin_gather(int cpu, int mm) {
  gathers_[cpu].mm = mm;
  flush_gather(cpu);
  std::ranges::fill(gathers_[cpu].found_cleared, false);
}

void Reference::zap_range(int cpu, int mm, int first, int count) {
  Gather& own = gathers_[cpu];
  if (own.mm != mm || own.found_cleared.size() == 0) return;
  for (int page = first; page < first + count; ++page) {
    own.found_cleared[page] = std::ranges::any_of(gathers_, [&](const Gather& other) {
      return &other != &own && other.mm == mm && other.cleared[page] != no_frame;
    });
  }
}

void Reference::end_gather(int cpu) {
  Gather& own = gathers_[cpu];
  for (int page = 0; page < own.found_cleared.size(); ++page) {
    if (!own.found_cleared[page]) continue;
    for (const Gather& other : gathers_) {
      if (other.mm == own.mm) other.cleared[page] = no_frame;
    }
  }
  own.mm = no_mm;
}

void Reference::clear_entry(int cpu, int mm, int page, int frame) {
  gathers_[cpu].cleared[page] = static_cast<std::uint16_t>(frame);
  // Whoever zaps it in the same gather as before cannot know of this.
  for (const Gather& other : gathers_) {
    if (other.found_cleared.size() != 0) other.found_cleared[page] = false;
  }
  const int where = place(mm, page);
  if (zaps_[cpu] == 0 || !shows_own(where)) return;
  // Another mm may share it and keep it.
  views_[where].page = separate(where);
  make_copy(frame, views_[where].page, true);
  throw_away(views_[where], where);
}

void Reference::clear_absent(int cpu, int mm, int page) {
  const int where = place(mm, page);
  if (zaps_[cpu] != 0 && shows_own(where)) throw_away(views_[where], where);
}

void Reference::poison(int mm, int page) {
  const int where = place(mm, page);
  views_[where].poisoned = true;
  if (shows_own(where)) throw_away(views_[where], where);
}

void Reference::clear_poison(int cpu, int mm, int page) {
  View& here = view(mm, page);
  const bool stays = here.access == Allowed::yes && zaps_[cpu] == 0 && !private_.is_being_freed(place(mm, page));
  if (stays) return;
  here.poisoned = false;
  // A fork has not come to it yet, or what it has copied goes in the same way.
  for (int child = 0; child < max_mms; ++child) {
    if (parents_[child] == mm) view(child, page).poisoned = false;
  }
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
