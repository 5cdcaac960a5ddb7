#include <string>
#include <string_view>

#include "fuzz/check/parts.h"
#include "fuzz/language/codec.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/message.h"

namespace shootdown {

void note_failure(EngineChecked& checked, std::string where, std::string message) {
  constexpr std::size_t most = 5;
  if (++checked.failed <= most) checked.failures.push_back({.where = std::move(where), .message = std::move(message)});
}

namespace {

void note_run(EngineChecked& checked, const Input& input, std::size_t number, OracleSet broken) {
  ++checked.corpus.programs;
  checked.breaches.note(
      broken,
      {.part = CheckPart::corpus, .number = number, .origin = input.name, .program = encode(input.document.program)});
  const Requirement requirement = requirement_of(input.document, *checked.settings.engine);
  if (!requirement.exact || requirement.met_by(broken)) return;
  checked.corpus.surprises.push_back({.name = input.name,
                                      .refused = false,
                                      .broken = requirement.wrongly_broken(broken),
                                      .held = requirement.wrongly_held(broken)});
}

void note_refusal(EngineChecked& checked, const Input& input) {
  ++checked.corpus.refused;
  if (requirement_of(input.document, *checked.settings.engine).exact)
    checked.corpus.surprises.push_back({.name = input.name, .refused = true, .broken = {}, .held = {}});
}

}  // namespace

void check_corpus(EngineChecked& checked, const std::vector<Input>& corpus, Crew& crew) {
  const Engine& engine = *checked.settings.engine;
  CrewWork work{.pieces = corpus.size()};
  work.serve = [&](std::string_view request) {
    const Program& program = corpus[taken_from<std::size_t>(request)].document.program;
    if (!engine.refusal(program).empty()) return std::string();
    Replayer replayer(engine, checked.settings.defect);
    return std::string(as_bytes(replayer.run(program).broken));
  };
  work.work = [](std::size_t piece, Isolation& isolation) { return packed(ask(isolation, as_bytes(piece))); };
  work.done = [&](std::size_t piece, std::string_view result) {
    const Answer answer = unpacked(result);
    std::string_view reply = answer.reply;
    if (answer.has_failed()) {
      note_failure(checked, corpus[piece].name, answer.failure);
    } else if (reply.empty()) {
      note_refusal(checked, corpus[piece]);
    } else {
      note_run(checked, corpus[piece], piece, taken_from<OracleSet>(reply));
    }
  };
  if (!crew.work("programs", work)) checked.interrupted = true;
}

}  // namespace shootdown
