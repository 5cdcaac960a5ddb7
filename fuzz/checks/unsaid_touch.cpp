// An engine that touches what its steps do not say, in a build that compares footprints (engine/kernel/footprint.h).
//
// Usage: unsaid_touch none|read|write
//
// The comparison must end the program with a message that names the place; of `none` it must say nothing.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

#include "engine/zap/engines.h"
#include "test/programs.h"

namespace {

using namespace shootdown;

// eager_dirty, but for what it does before it zaps: the task has just taken a lock, or begun.
class Careless final : public ZapEngine {
 public:
  explicit Careless(std::string_view touch) : touch_(touch) {}

  std::string_view name() const override { return "careless"; }
  std::string_view summary() const override { return "eager_dirty, with a touch that it does not say"; }
  std::span<const NotClaimed> not_claimed() const override { return inner_.not_claimed(); }

  void zap_page_range(Task& current, Vma& vma, int first, int end, const ZapDetails& details) const override {
    Mm& mm = current.kernel->mms[vma.mm];
    if (touch_ == "read") std::printf("%ld\n", mm.rss[MM_FILEPAGES].load(std::memory_order_relaxed));
    if (touch_ == "write") mm.cpumask.set(0, std::memory_order_relaxed);
    inner_.zap_page_range(current, vma, first, end, details);
  }
  void unmap_region(Task& current, std::span<Vma* const> vmas) const override { inner_.unmap_region(current, vmas); }
  void exit_mmap(Task& current) const override { inner_.exit_mmap(current); }

 private:
  const ZapEngine& inner_ = eager_dirty();
  std::string_view touch_;
};

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): an exception that gets out ends the test, as it should.
int main(int argc, char** argv) {
  // An abort would be no answer to CTest, whatever was said before.
  std::signal(SIGABRT, [](int /*signal*/) { std::_Exit(1); });
  const Careless engine(argc == 2 ? argv[1] : "none");
  TestBench bench(engine);
  ProgramBuilder builder;
  builder.operation(0, Call::store, 0, 0).operation(1, Call::dontneed, 0, 1);
  bench.run(builder);
  std::puts("done");
  return 0;
}
