#include "fuzz/triage/isolated_replay.h"

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <utility>

#include "fuzz/triage/message.h"

namespace shootdown {

Requirement Subject::requirement(const Document& document) const {
  if (oracles.has_value()) return {.exact = false, .oracles = *oracles};
  return requirement_of(document, *engine);
}

// --- what goes to and fro ---

namespace {

// A plain object is the same on both sides, down to its views of string literals: the process is a copy of this one.
static_assert(std::is_trivially_copyable_v<Verdict> && std::is_trivially_copyable_v<Requirement>);

struct RequestHead {
  std::size_t subject;
  std::size_t name_size;
};

enum class ReplyKind : char { verdict, refusal, input_error };

}  // namespace

IsolatedReplay::IsolatedReplay(const std::vector<Subject>& subjects, std::chrono::milliseconds limit)
    : subjects_(subjects), isolation_([this](std::string_view request) { return serve(request); }, limit) {}

std::string IsolatedReplay::serve(std::string_view request) {
  const auto head = taken_from<RequestHead>(request);
  std::string name(request.substr(0, head.name_size));
  std::string reply;
  const std::variant<Input, InputError> read = read_input(std::move(name), request.substr(head.name_size));
  if (const auto* const error = std::get_if<InputError>(&read)) {
    return reply.append(as_bytes(ReplyKind::input_error)).append(error->message);
  }
  const Input& input = std::get<Input>(read);
  const Subject& subject = subjects_[head.subject];
  const Requirement requirement = subject.requirement(input.document);
  if (const std::string why = subject.engine->refusal(input.document.program); !why.empty()) {
    return reply.append(as_bytes(ReplyKind::refusal)).append(as_bytes(requirement)).append(why);
  }
  Verdict verdict{.requirement = requirement, .result = {}, .report = {}};
  replayers_.resize(subjects_.size());
  std::unique_ptr<Replayer>& replayer = replayers_[head.subject];
  if (replayer == nullptr) replayer = std::make_unique<Replayer>(*subject.engine, subject.defect);
  verdict.result = replayer->run(input.document.program);
  verdict.report = replayer->report();
  return reply.append(as_bytes(ReplyKind::verdict)).append(as_bytes(verdict));
}

IsolatedReplay::Result IsolatedReplay::run(std::size_t subject, const RawInput& input) {
  const std::string name = input.name();
  const RequestHead head{.subject = subject, .name_size = name.size()};
  std::string request;
  request.append(as_bytes(head)).append(name).append(input.bytes);
  const Isolation::Outcome outcome = isolation_.call(request);
  if (!outcome.clean()) return InternalError{.message = failure_message(outcome), .output = outcome.output};
  std::string_view reply = outcome.reply;
  switch (taken_from<ReplyKind>(reply)) {
    case ReplyKind::input_error: return InputError{std::string(reply)};
    case ReplyKind::refusal: {
      const auto requirement = taken_from<Requirement>(reply);
      return Refusal{.requirement = requirement, .why = std::string(reply)};
    }
    case ReplyKind::verdict: break;
  }
  return taken_from<Verdict>(reply);
}

std::optional<InternalError> IsolatedReplay::finish() {
  const Isolation::Outcome outcome = isolation_.finish();
  if (outcome.clean()) return std::nullopt;
  return InternalError{.message = failure_message(outcome), .output = outcome.output};
}

// --- what is said of a failure ---

namespace {

// What follows `mark` in the first line that has it.
std::string_view rest_of_line(std::string_view text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + mark.size());
  return text.substr(0, text.find('\n'));
}

std::string_view first_line(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
  return text.substr(0, text.find('\n'));
}

}  // namespace

std::string failure_message(const Isolation::Outcome& outcome) {
  if (outcome.timed_out) return outcome.end;
  for (const std::string_view mark : {"shootdown: internal error: ", "SUMMARY: "}) {
    if (const std::string_view rest = rest_of_line(outcome.output, mark); !rest.empty()) return std::string(rest);
  }
  if (const std::string_view line = first_line(outcome.output); !line.empty()) return std::string(line);
  return outcome.end;
}

}  // namespace shootdown
