#include "engine/reference/reference.h"

#include <algorithm>

namespace shootdown {

void Reference::reset(const MachineConfig& config) {
  config_ = config;
  for (int mm = 0; mm < config.mms; ++mm) {
    set(mm, 0, config.virtual_pages(), config.mapped != 0 ? State::mapped : State::unmapped);
  }
  for (int file = 0; file < config.files; ++file) {
    for (int index = 0; index < config.pages; ++index) std::fill_n(files_[file][index], max_words, 0U);
  }
}

void Reference::set(int mm, int first, int count, State state) {
  std::fill_n(&pages_[mm][first], count, state);
}

}  // namespace shootdown
