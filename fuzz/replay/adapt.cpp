#include "fuzz/replay/adapt.h"

#include "fuzz/language/codec.h"

namespace shootdown {

bool adapt_to(Program& program, const Engine& engine) {
  if (engine.refusal(program).empty()) return true;
  engine.adapt(program);
  // A machine may have become smaller. Decoding brings what lies beyond it back into it.
  decode(encode(program), program);
  return engine.refusal(program).empty();
}

}  // namespace shootdown
