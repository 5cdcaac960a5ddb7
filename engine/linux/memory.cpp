#include "engine/linux/memory.h"

#include <asm/prctl.h>
#include <immintrin.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <span>

#include "engine/check.h"
#include "engine/linux/symbols.h"
#include "engine/linux/traps.h"

// What the linker puts around the parts of linux.o, and the shim around per-CPU data.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the linker's names
extern "C" {
extern char __start_linux_data[], __stop_linux_data[];
extern char __start_linux_bss[], __stop_linux_bss[];
extern char __start_linux_percpu[], __stop_linux_percpu[];
extern char __start_linux_tasks[], __stop_linux_tasks[];
extern char __start_linux_text[], __stop_linux_text[];
// What ci/linux makes of the symbols of these parts.
extern const linux_symbol linux_text_symbols[], linux_text_symbols_end[];
extern const linux_symbol linux_data_symbols[], linux_data_symbols_end[];
extern const linux_symbol linux_bss_symbols[], linux_bss_symbols_end[];
extern const linux_symbol linux_percpu_symbols[], linux_percpu_symbols_end[];
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace shootdown {

namespace {

// Where the stacks are: far apart, so that who needs more than one has faults.
constexpr std::uintptr_t stacks_base = 0x120000000000;
constexpr std::size_t stack_size = std::size_t{64} << 10U;
constexpr std::size_t stack_distance = 2 * stack_size;

// Whether programs may set %gs themselves: a bit of AT_HWCAP2. Where they may not (old CPUs, some virtual machines), they ask the system to,
// which takes longer.
bool has_fsgsbase() {
  return (getauxval(AT_HWCAP2) & 2U) != 0;
}

__attribute__((target("fsgsbase"))) void write_gs_base(std::uintptr_t base) {
  _writegsbase_u64(base);
}

void* map_at(std::uintptr_t address, std::size_t size) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  void* const at = mmap(reinterpret_cast<void*>(address), size, PROT_READ | PROT_WRITE,
                        MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  SHOOTDOWN_CHECK(at != MAP_FAILED);
  return at;
}

}  // namespace

LinuxMemory& LinuxMemory::get() {
  static LinuxMemory memory;
  return memory;
}

LinuxMemory::Stack LinuxMemory::stack_of(int cpu) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): its place is fixed
  auto* const begin = reinterpret_cast<std::byte*>(stacks_base + static_cast<std::size_t>(cpu) * stack_distance);
  return {begin, begin + stack_size};
}

void LinuxMemory::set_base(int cpu) {
  cpu_ = cpu;
  const std::uintptr_t base = percpu_offsets_[static_cast<std::size_t>(cpu)];
  if (has_fsgsbase_) {
    write_gs_base(base);
  } else {
    SHOOTDOWN_CHECK(syscall(SYS_arch_prctl, ARCH_SET_GS, base) == 0);
  }
}

std::size_t LinuxMemory::offset_of(const void* code) {
  return static_cast<std::size_t>(static_cast<const char*>(code) - __start_linux_text);
}

const char* LinuxMemory::code_at(std::size_t offset) {
  return __start_linux_text + offset;
}

bool LinuxMemory::is_code(const void* code) {
  return code >= __start_linux_text && code < __stop_linux_text;
}

std::size_t LinuxMemory::code_size() {
  return offset_of(__stop_linux_text);
}

std::string_view LinuxMemory::function_of(const void* return_address) {
  if (!is_code(return_address)) return {};
  const linux_symbol* const function =
      function_at({linux_text_symbols, linux_text_symbols_end}, offset_of(return_address));
  return function == nullptr ? "" : function->name;
}

namespace {

// "NAME+OFFSET", or nothing where there is none.
std::string place_in(std::span<const linux_symbol> symbols, std::size_t offset) {
  const linux_symbol* const symbol = symbol_at(symbols, offset);
  if (symbol == nullptr) return {};
  const std::size_t within = offset - symbol->offset;
  return symbol->name + (within == 0 ? "" : "+" + std::to_string(within));
}

// The number of an element of some that lie between two places, each of some size; not less than their number: elsewhere.
std::size_t element(const volatile void* address, const char* begin, std::size_t size) {
  return (reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(begin)) / size;
}
std::size_t distance(const volatile void* address, const char* begin) {
  return element(address, begin, 1);
}

// "pte 0 of mm 1", "frame 5 _mapcount", "vm_area_struct+8"
std::string words(const linux_object& object) {
  std::string text = object.name;
  if (object.number >= 0) text += " " + std::to_string(object.number);
  if (object.owner != nullptr) text += std::string(" of ") + object.owner + " " + std::to_string(object.owner_number);
  if (object.member != nullptr) text += std::string(" ") + object.member;
  if (object.offset != 0) text += "+" + std::to_string(object.offset);
  return text;
}

}  // namespace

std::string LinuxMemory::describe(const volatile void* address) const {
  linux_object object;
  linux_describe(address, &object);
  if (object.name != nullptr) return words(object);
  const auto percpu_size = static_cast<std::size_t>(__stop_linux_percpu - __start_linux_percpu);
  const std::size_t cpu = element(address, percpu_copies_, percpu_size);
  if (cpu < linux_max_cpus) {
    return place_in({linux_percpu_symbols, linux_percpu_symbols_end},
                    distance(address, percpu_copies_) - cpu * percpu_size) +
           " of cpu " + std::to_string(cpu);
  }
  if (address >= __start_linux_data && address < __stop_linux_data)
    return place_in({linux_data_symbols, linux_data_symbols_end}, distance(address, __start_linux_data));
  if (address >= __start_linux_bss && address < __stop_linux_bss)
    return place_in({linux_bss_symbols, linux_bss_symbols_end}, distance(address, __start_linux_bss));
  return "constant data";
}

namespace {

// From one place of memory to another.
std::span<std::byte> part(std::uintptr_t begin, std::uintptr_t end) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  return {reinterpret_cast<std::byte*>(begin), end - begin};
}
std::span<std::byte> part(char* begin, const char* end) {
  return part(reinterpret_cast<std::uintptr_t>(begin), reinterpret_cast<std::uintptr_t>(end));
}
std::span<std::byte> objects() {
  return part(LINUX_OBJECTS_BASE, LINUX_OBJECTS_BASE + linux_objects_used());
}
std::span<std::byte> frames(std::size_t begin, std::size_t end) {
  return part(LINUX_FRAMES_BASE + begin * linux_page_size, LINUX_FRAMES_BASE + end * linux_page_size);
}
// Each frame's struct page.
std::span<std::byte> pages(std::size_t begin, std::size_t end) {
  return part(LINUX_PAGES_BASE + begin * struct_page_size, LINUX_PAGES_BASE + end * struct_page_size);
}

}  // namespace

LinuxMemory::LinuxMemory() : has_fsgsbase_(has_fsgsbase()) {
  map_at(LINUX_FRAMES_BASE, LINUX_OBJECTS_BASE - LINUX_FRAMES_BASE + LINUX_OBJECTS_SIZE);
  map_at(LINUX_PAGES_BASE, LINUX_PAGES_SIZE);
  for (int cpu = 0; cpu < linux_max_cpus; ++cpu)
    map_at(reinterpret_cast<std::uintptr_t>(stack_of(cpu).begin), stack_size);
  const std::size_t percpu_size = static_cast<std::size_t>(__stop_linux_percpu - __start_linux_percpu);
  auto* const copies = percpu_copies_ = static_cast<char*>(
      mmap(nullptr, percpu_size * linux_max_cpus, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  SHOOTDOWN_CHECK(static_cast<void*>(copies) != MAP_FAILED);
  for (std::size_t cpu = 0; cpu < linux_max_cpus; ++cpu) {
    char* const copy = copies + cpu * percpu_size;
    std::memcpy(copy, __start_linux_percpu, percpu_size);
    percpu_offsets_[cpu] =
        reinterpret_cast<std::uintptr_t>(copy) - reinterpret_cast<std::uintptr_t>(__start_linux_percpu);
  }
  become(0, linux_no_stacks);
  install_linux_traps();
  linux_boot(percpu_offsets_.data());

  keep(part(__start_linux_data, __stop_linux_data));
  keep(part(__start_linux_bss, __stop_linux_bss));
  keep(part(__start_linux_tasks, __stop_linux_tasks));
  keep(part(copies, copies + percpu_size * linux_max_cpus));
  keep(objects());
  keep(pages(0, LINUX_PAGES_SIZE / struct_page_size));
}

void LinuxMemory::keep(std::span<std::byte> part) {
  parts_.push_back({part.data(), std::vector<std::byte>(part.begin(), part.end())});
}

// What each CPU has of a part that has as much for each.
std::span<std::byte> LinuxMemory::of_cpus(std::span<std::byte> part, int cpus) {
  return part.first(part.size() / linux_max_cpus * static_cast<std::size_t>(cpus));
}

void LinuxMemory::visit(int cpus, const MemoryVisitor& visit) const {
  const std::size_t percpu_size = static_cast<std::size_t>(__stop_linux_percpu - __start_linux_percpu);
  visit(part(__start_linux_data, __stop_linux_data));
  visit(part(__start_linux_bss, __stop_linux_bss));
  visit(of_cpus(part(__start_linux_tasks, __stop_linux_tasks), cpus));
  visit(of_cpus(part(percpu_copies_, percpu_copies_ + percpu_size * linux_max_cpus), cpus));
  visit(objects());
  const std::size_t low = linux_low_frames();
  const std::size_t high = linux_high_frames();
  visit(pages(0, low));
  visit(pages(high, linux_frames));
  visit(frames(0, low));
  visit(frames(high, linux_frames));
}

void LinuxMemory::reset() {
  for (const std::span<std::byte> used : {frames(0, linux_low_frames()), frames(linux_high_frames(), linux_frames)})
    std::memset(used.data(), 0, used.size());
  for (const Part& part : parts_) std::memcpy(part.at, part.at_boot.data(), part.at_boot.size());
}

}  // namespace shootdown
