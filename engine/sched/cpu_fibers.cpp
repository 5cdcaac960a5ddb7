#include "engine/sched/cpu_fibers.h"

#include "engine/sched/scheduler.h"

namespace shootdown {

CpuFibers::Cpu::Cpu(CpuFibers& owner, int id)
    : fibers(owner),
      number(id),
      fiber(
          [](void* argument) {
            Cpu& cpu = *static_cast<Cpu*>(argument);
            for (;;) {
              cpu.fiber.switch_to(cpu.fibers.main_);
              cpu.fibers.scheduler_->run_on(cpu.number);
            }
          },
          this) {}

CpuFibers::CpuFibers() {
  for (int i = 0; i < max_cpus; ++i) {
    cpus_[i] = std::make_unique<Cpu>(*this, i);
    settle(i, false);
  }
}

void CpuFibers::settle(int cpu, bool abandon) {
  if (abandon) {
    synchronise(cpu);
    of(cpu).restart();
  }
  synchronise(cpu);
  main_.switch_to(of(cpu));
  synchronise(cpu);
}

}  // namespace shootdown
