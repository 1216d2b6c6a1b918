// The library's entries: which instructions, and threads that share the work of a call.

#include <atomic>
#include <thread>

#include "native.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace agnostic_init {

// What draws.cpp defines for each set of instructions.
typedef void Fill(const agnostic_init_job &, uint64_t, uint64_t);
typedef void FromWords(const agnostic_init_draw &, const uint32_t *, int64_t, void *);

namespace portable {
Fill fill;
FromWords from_words;
}
#if defined(__x86_64__)
namespace avx2 {
Fill fill;
FromWords from_words;
}
namespace avx512 {
Fill fill;
FromWords from_words;
}
#endif

namespace {

constexpr int SETS = 3;
constexpr int MOST_THREADS = 256;
// Elements that a thread takes at once.
constexpr uint64_t SMALLEST_PART = 1 << 13, LARGEST_PART = 1 << 16;

bool has(int32_t instructions) {
  if (instructions == AGNOSTIC_INIT_PORTABLE) return true;
#if defined(__x86_64__)
  unsigned a, b, c, d, low, high;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
  const unsigned fma = 1u << 12, osxsave = 1u << 27, avx = 1u << 28;
  if ((c & (fma | osxsave | avx)) != (fma | osxsave | avx)) return false;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));  // what the system saves of the registers
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

struct Kernel {
  Fill *fill;
  FromWords *from_words;
};

Kernel kernel() {
#if defined(__x86_64__)
  int set = chosen().load(std::memory_order_relaxed);
  if (set == AGNOSTIC_INIT_AVX512) return {avx512::fill, avx512::from_words};
  if (set == AGNOSTIC_INIT_AVX2) return {avx2::fill, avx2::from_words};
#endif
  return {portable::fill, portable::from_words};
}

struct Work {
  const agnostic_init_job *jobs;
  int64_t count;
  uint64_t stop, part;
  Fill *fill;
  std::atomic<uint64_t> next;

  // Parts of the line until there are none left. They ascend, so that the jobs are walked once.
  void run() {
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

void fill(const agnostic_init_job &job, uint64_t start, uint64_t stop) { kernel().fill(job, start, stop); }

}  // namespace agnostic_init

using namespace agnostic_init;

extern "C" {

int32_t agnostic_init_abi(void) { return AGNOSTIC_INIT_ABI; }

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
  uint64_t size = stop - start;
  if (threads > MOST_THREADS) threads = MOST_THREADS;
  if (threads > 1 && size / SMALLEST_PART < (uint64_t)threads) threads = (int32_t)(size / SMALLEST_PART);
  uint64_t part = size;
  if (threads > 1) {
    part = size / (8 * (uint64_t)threads) / 64 * 64;
    part = part < SMALLEST_PART ? SMALLEST_PART : part > LARGEST_PART ? LARGEST_PART : part;
  }
  Work work{jobs, count, stop, part, kernel().fill, {start}};
  std::thread others[MOST_THREADS];
  int started = 0;
  try {
    while (started < threads - 1) {
      others[started] = std::thread([&work] { work.run(); });
      ++started;
    }
  } catch (...) {
    // No more threads, or no memory for them: those that there are do the work.
  }
  work.run();
  for (int n = 0; n < started; ++n) others[n].join();
  return 0;
}

int32_t agnostic_init_from_words(const agnostic_init_draw *draw, const uint32_t *words, int64_t count, void *out) {
  Arithmetic standard;
  kernel().from_words(*draw, words, count, out);
  return 0;
}

}  // extern "C"
