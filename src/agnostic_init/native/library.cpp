// The library's entries: which instructions, and threads that share the work of a call.

#include <atomic>
#include <cstdlib>

#include "matrices.h"
#include "native.h"
#include "threads.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace agnostic_init {

typedef void Fill(const agnostic_init_job &, uint64_t, uint64_t);
typedef void FromWords(const agnostic_init_draw &, const uint32_t *, int64_t, void *);

// One build of the kernels: what draws.cpp and matrices.cpp define for each set of instructions.
struct Kernels {
  Fill *fill;
  FromWords *from_words;
  StepsOf *steps_of;
  Step *make_panel, *make_group;
};

#define BUILD(name)                                                             \
  namespace name {                                                              \
  Fill fill;                                                                    \
  FromWords from_words;                                                         \
  StepsOf steps_of;                                                             \
  Step make_panel, make_group;                                                  \
  const Kernels kernels = {fill, from_words, steps_of, make_panel, make_group}; \
  }

BUILD(portable)
#if defined(__x86_64__)
BUILD(avx2)
BUILD(avx512)
#endif

namespace {

constexpr int SETS = 3;
// Elements that a thread takes at once.
constexpr uint64_t SMALLEST_PART = 1 << 13, LARGEST_PART = 1 << 16;

bool has(int32_t instructions) {
  if (instructions == AGNOSTIC_INIT_PORTABLE) return true;
#if defined(__x86_64__)
  unsigned a, b, c, d, low, high;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
  // FMA, MOVBE, POPCNT, OSXSAVE, AVX, F16C
  const unsigned old = 1u << 12 | 1u << 22 | 1u << 23 | 1u << 27 | 1u << 28 | 1u << 29;
  if ((c & old) != old) return false;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));  // what the system saves of the registers
  if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || !(c & 1u << 5)) return false;  // LZCNT
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  const unsigned bmi1 = 1u << 3, avx2 = 1u << 5, bmi2 = 1u << 8;
  bool three = (b & (bmi1 | avx2 | bmi2)) == (bmi1 | avx2 | bmi2) && (low & 0x6) == 0x6;
  if (instructions == AGNOSTIC_INIT_AVX2) return three;
  const unsigned four = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;  // F, DQ, CD, BW, VL
  if (instructions == AGNOSTIC_INIT_AVX512) return three && (b & four) == four && (low & 0xE6) == 0xE6;
#endif
  return false;
}

int best() {
  int found = SETS - 1;
  while (!has(found)) --found;
  return found;
}

std::atomic<int> &chosen() {
  static std::atomic<int> set{best()};
  return set;
}

const Kernels &kernels() {
#if defined(__x86_64__)
  int set = chosen().load(std::memory_order_relaxed);
  if (set == AGNOSTIC_INIT_AVX512) return avx512::kernels;
  if (set == AGNOSTIC_INIT_AVX2) return avx2::kernels;
#endif
  return portable::kernels;
}

struct Work {
  const agnostic_init_job *jobs;
  int64_t count;
  uint64_t stop, part;
  Fill *fill;
  std::atomic<uint64_t> next;

  // Parts of the line until there are none left. They ascend, so that the jobs are walked once.
  void operator()(int32_t) {
    Arithmetic standard;
    int64_t job = 0;
    uint64_t first = 0;  // of the job's elements
    for (;;) {
      uint64_t from = next.fetch_add(part, std::memory_order_relaxed);
      if (from >= stop) return;
      uint64_t to = stop - from < part ? stop : from + part;
      while (from < to && job < count) {
        uint64_t end = first + jobs[job].size;
        if (end <= from) {
          first = end;
          ++job;
          continue;
        }
        uint64_t until = end < to ? end : to;
        fill(jobs[job], from - first, until - first);
        from = until;
      }
    }
  }
};

// Matrices of a line, each by one thread.
struct Matrices {
  const agnostic_init_matrices *records;
  uint64_t stop;
  const Kernels &kernels;
  char *memory;
  int64_t each, scratch;  // bytes of a thread, and of those what is not the panels'
  std::atomic<uint64_t> next;

  void operator()(int32_t thread) {
    Arithmetic standard;
    const agnostic_init_matrices *record = records;
    uint64_t first = 0;
    char *const own = memory + thread * each;
    for (;;) {
      const uint64_t number = next.fetch_add(1, std::memory_order_relaxed);
      if (number >= stop) return;
      for (uint64_t size; number - first >= (size = size_of(*record)); ++record) first += size;
      const Steps steps = kernels.steps_of(*record);
      for (int64_t n = 0; n < steps.panels; ++n) kernels.make_panel(*record, number - first, n, own + scratch, own);
      for (int64_t n = 0; n < steps.groups; ++n) kernels.make_group(*record, number - first, n, own + scratch, own);
    }
  }

  static uint64_t size_of(const agnostic_init_matrices &record) {
    uint64_t size = 1;
    for (int64_t d = 0; d < record.rank; ++d) size *= (uint64_t)record.batch[d].count;
    return size;
  }
};

// Steps of one matrix. Groups wait for all panels, and the last ones, which take longest, are first.
struct Matrix {
  const agnostic_init_matrices &record;
  const uint64_t index;
  const Kernels &kernels;
  const Steps steps;
  char *memory, *scratch;
  const int64_t start, stop;
  std::atomic<int64_t> next, done;

  void operator()(int32_t thread) {
    Arithmetic standard;
    char *const own = scratch + thread * steps.scratch;
    const int64_t panels = steps.panels < stop ? steps.panels : stop;
    for (;;) {
      const int64_t step = next.fetch_add(1, std::memory_order_relaxed);
      if (step >= stop) return;
      if (step < steps.panels) {
        kernels.make_panel(record, index, step, memory, own);
        done.fetch_add(1, std::memory_order_release);
        continue;
      }
      while (start + done.load(std::memory_order_acquire) < panels) std::this_thread::yield();
      kernels.make_group(record, index, steps.panels + steps.groups - 1 - step, memory, own);
    }
  }
};

}  // namespace

Arithmetic::Arithmetic() {
#if defined(__x86_64__)
  before = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(0x1F80);
#elif defined(__aarch64__)
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0));
#endif
}

Arithmetic::~Arithmetic() {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr((unsigned)before);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(before));
#endif
}

void fill(const agnostic_init_job &job, uint64_t start, uint64_t stop) { kernels().fill(job, start, stop); }

}  // namespace agnostic_init

using namespace agnostic_init;

extern "C" {

int32_t agnostic_init_abi(void) { return AGNOSTIC_INIT_ABI; }

int32_t agnostic_init_record_size(int32_t record) {
  const size_t sizes[] = {sizeof(agnostic_init_draw), sizeof(agnostic_init_axis), sizeof(agnostic_init_job),
                          sizeof(agnostic_init_matrices)};
  return record >= 0 && record < 4 ? int32_t(sizes[record]) : -1;
}

int32_t agnostic_init_instructions(void) { return chosen().load(); }

int32_t agnostic_init_has(int32_t instructions) { return has(instructions); }

int32_t agnostic_init_use(int32_t instructions) {
  if (!has(instructions)) return -1;
  chosen().store(instructions);
  return 0;
}

int32_t agnostic_init_fill(const agnostic_init_job *jobs, int64_t count, uint64_t start, uint64_t stop,
                           int32_t threads) {
  if (start >= stop) return 0;
  uint64_t size = stop - start, part = size;
  threads = within_limits(threads, size / SMALLEST_PART);
  if (threads > 1) {
    part = size / (8 * (uint64_t)threads) / 64 * 64;
    part = part < SMALLEST_PART ? SMALLEST_PART : part > LARGEST_PART ? LARGEST_PART : part;
  }
  Work work{jobs, count, stop, part, kernels().fill, {start}};
  share(threads, work);
  return 0;
}

int32_t agnostic_init_make_matrices(const agnostic_init_matrices *records, int64_t count, uint64_t start,
                                    uint64_t stop, int32_t threads) {
  if (start >= stop) return 0;
  threads = within_limits(threads, stop - start);
  int64_t bytes = 0, scratch = 0;
  for (int64_t n = 0; n < count; ++n) {
    const Steps steps = kernels().steps_of(records[n]);
    bytes = steps.bytes > bytes ? steps.bytes : bytes;
    scratch = steps.scratch > scratch ? steps.scratch : scratch;
  }
  char *memory = (char *)std::malloc((size_t)(bytes + scratch) * (size_t)threads);
  if (!memory) return -1;
  Matrices work{records, stop, kernels(), memory, bytes + scratch, scratch, {start}};
  share(threads, work);
  std::free(memory);
  return 0;
}

void agnostic_init_matrix_steps(const agnostic_init_matrices *record, int64_t *steps, int64_t *bytes) {
  const Steps found = kernels().steps_of(*record);
  *steps = found.panels + found.groups;
  *bytes = found.bytes;
}

int32_t agnostic_init_make_matrix(const agnostic_init_matrices *record, uint64_t index, void *memory, int64_t start,
                                  int64_t stop, int32_t threads) {
  if (start >= stop) return 0;
  threads = within_limits(threads, (uint64_t)(stop - start));
  const Steps steps = kernels().steps_of(*record);
  char *scratch = (char *)std::malloc((size_t)steps.scratch * (size_t)threads);
  if (!scratch) return -1;
  Matrix work{*record, index, kernels(), steps, (char *)memory, scratch, start, stop, {start}, {0}};
  share(threads, work);
  std::free(scratch);
  return 0;
}

int32_t agnostic_init_from_words(const agnostic_init_draw *draw, const uint32_t *words, int64_t count, void *out) {
  Arithmetic standard;
  kernels().from_words(*draw, words, count, out);
  return 0;
}

}  // extern "C"
