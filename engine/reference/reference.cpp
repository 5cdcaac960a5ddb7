#include "engine/reference/reference.h"

#include <algorithm>

namespace shootdown {

void Reference::reset(const MachineConfig& config) {
  config_ = config;
  for (int mm = 0; mm < config.mms; ++mm) {
    set(mm, 0, config.virtual_pages(), config.mapped != 0 ? State::mapped : State::unmapped);
  }
  for (int file = 0; file < config.files; ++file) {
    for (int index = 0; index < config.pages; ++index) {
      std::fill_n(files_[file][index], max_words, 0U);
      std::fill_n(settled_[file][index], max_words, 0U);
    }
  }
}

void Reference::store(int page, int word, std::uint32_t value) {
  const int file = config_.file_of(page);
  const int index = config_.index_of(page);
  files_[file][index][word] = value;
  settled_[file][index][word] = value;
}

void Reference::write(int file, int index, int word, std::uint32_t value) {
  files_[file][index][word] = value;
  writing_[file][word] = value;
}

void Reference::write_returned(int file, int index) {
  for (int word = 0; word < config_.words; ++word) {
    settled_[file][index][word] = std::max(settled_[file][index][word], writing_[file][word]);
  }
}

void Reference::set(int mm, int first, int count, State state) {
  std::fill_n(&pages_[mm][first], count, state);
}

}  // namespace shootdown
