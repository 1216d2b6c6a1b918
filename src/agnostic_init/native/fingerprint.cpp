// The sums of a fingerprint over memory of any strides: docs/stream.md says what is summed.

#include <atomic>
#include <cstring>

#include "constants.h"
#include "native.h"
#include "threads.h"

using namespace agnostic_init;

namespace {

typedef uint32_t u32;
typedef uint64_t u64;

#define INLINE static inline __attribute__((always_inline))

constexpr int LANES = 4;
constexpr u64 PART = 1 << 16;  // words that a thread takes at once

// What a word, the halves of its position, and neither are multiplied with and added to, of each sum.
constexpr const unsigned (&VALUE)[LANES] = FINGERPRINT[0], (&LOW)[LANES] = FINGERPRINT[1];
constexpr const unsigned (&HIGH)[LANES] = FINGERPRINT[2], (&START)[LANES] = FINGERPRINT[3];

INLINE u32 mixed(u32 x) {
  x ^= x >> 16;
  x *= 0x7FEB352D;
  x ^= x >> 15;
  x *= 0x846CA68B;
  return x ^ x >> 16;
}

template <class Item> INLINE u32 word(const char *at) {
  Item item;
  memcpy(&item, at, sizeof item);
  return item;
}

// Words whose positions have one upper half and ascend by `stride`; STEP is their distance, or 0 for `step`.
template <class Item, int STEP>
INLINE void line(const char *from, int64_t step, u64 position, u32 stride, int64_t count, u32 *sums) {
  const int64_t apart = STEP ? STEP : step;
  const u32 low = (u32)position, high = (u32)(position >> 32);
  u32 a = LOW[0] * low + HIGH[0] * high + START[0], b = LOW[1] * low + HIGH[1] * high + START[1];
  u32 c = LOW[2] * low + HIGH[2] * high + START[2], d = LOW[3] * low + HIGH[3] * high + START[3];
  const u32 e = LOW[0] * stride, f = LOW[1] * stride, g = LOW[2] * stride, h = LOW[3] * stride;
  u32 s = 0, t = 0, u = 0, v = 0;
  for (int64_t n = 0; n < count; ++n, a += e, b += f, c += g, d += h) {
    const u32 value = word<Item>(from + n * apart);
    s += mixed(VALUE[0] * value + a);
    t += mixed(VALUE[1] * value + b);
    u += mixed(VALUE[2] * value + c);
    v += mixed(VALUE[3] * value + d);
  }
  sums[0] += s, sums[1] += t, sums[2] += u, sums[3] += v;
}

template <class Item>
INLINE void run(const char *from, int64_t step, u64 position, u64 stride, int64_t count, u32 *sums) {
  while (count > 0) {
    int64_t n = 1;
    if (stride && stride >> 31 == 0) {
      const u64 left = ((u64)1 << 32) - (u32)position, most = (left + stride - 1) / stride;
      n = most < (u64)count ? (int64_t)most : count;
    }
    if (step == (int64_t)sizeof(Item)) {
      line<Item, sizeof(Item)>(from, step, position, (u32)stride, n, sums);
    } else {
      line<Item, 0>(from, step, position, (u32)stride, n, sums);
    }
    from += n * step, position += n * stride, count -= n;
  }
}

struct Words {
  const char *data;
  const agnostic_init_axis *axes;
  int64_t rank;
  u64 base;
  int32_t itemsize;
};

// Words `start` to `stop` in the order of the axes, of which the last one is walked fastest.
INLINE void part(const Words &words, u64 start, u64 stop, u32 *sums) {
  int64_t at[64];
  const agnostic_init_axis *axes = words.axes;
  const int64_t last = words.rank - 1;
  const char *from = words.data;
  u64 position = words.base, rest = start;
  for (int64_t axis = last; axis >= 0; --axis) {
    at[axis] = (int64_t)(rest % (u64)axes[axis].count);
    rest /= (u64)axes[axis].count;
    from += at[axis] * axes[axis].place, position += (u64)at[axis] * axes[axis].position;
  }
  while (start < stop) {
    int64_t count = axes[last].count - at[last];
    if ((u64)count > stop - start) count = (int64_t)(stop - start);
    const int64_t step = axes[last].place;
    const u64 stride = axes[last].position;
    if (words.itemsize == 1) run<uint8_t>(from, step, position, stride, count, sums);
    else if (words.itemsize == 2) run<uint16_t>(from, step, position, stride, count, sums);
    else run<u32>(from, step, position, stride, count, sums);
    start += (u64)count;
    from += count * step, position += (u64)count * stride, at[last] += count;
    for (int64_t axis = last; axis > 0 && at[axis] == axes[axis].count; --axis) {
      from += axes[axis - 1].place - at[axis] * axes[axis].place;
      position += axes[axis - 1].position - (u64)at[axis] * axes[axis].position;
      at[axis] = 0, ++at[axis - 1];
    }
  }
}

typedef void Part(const Words &, u64, u64, u32 *);

void portable(const Words &words, u64 start, u64 stop, u32 *sums) { part(words, start, stop, sums); }

#if defined(__x86_64__)
__attribute__((target("avx2"))) void avx2(const Words &words, u64 start, u64 stop, u32 *sums) {
  part(words, start, stop, sums);
}

__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))) void avx512(const Words &words, u64 start,
                                                                         u64 stop, u32 *sums) {
  part(words, start, stop, sums);
}
#endif

Part *chosen() {
#if defined(__x86_64__)
  const int32_t instructions = agnostic_init_instructions();
  if (instructions == AGNOSTIC_INIT_AVX512) return avx512;
  if (instructions == AGNOSTIC_INIT_AVX2) return avx2;
#endif
  return portable;
}

}  // namespace

extern "C" void agnostic_init_fingerprint(const void *data, const agnostic_init_axis *axes, int64_t rank,
                                          uint64_t base, int32_t itemsize, uint64_t start, uint64_t stop,
                                          int32_t threads, uint32_t *sums) {
  const Words words = {(const char *)data, axes, rank, base, itemsize};
  Part *const add = chosen();
  std::atomic<u64> next{start};
  std::atomic<u32> total[LANES] = {{0}, {0}, {0}, {0}};
  auto work = [&](int32_t) {
    u32 own[LANES] = {0, 0, 0, 0};
    for (;;) {
      const u64 from = next.fetch_add(PART, std::memory_order_relaxed);
      if (from >= stop) break;
      add(words, from, stop - from < PART ? stop : from + PART, own);
    }
    for (int lane = 0; lane < LANES; ++lane) total[lane].fetch_add(own[lane], std::memory_order_relaxed);
  };
  share(within_limits(threads, (stop - start + PART - 1) / PART), work);
  for (int lane = 0; lane < LANES; ++lane) sums[lane] = total[lane].load(std::memory_order_relaxed);
}
