// Stream v1 for host memory: words, draw, scale, cast and store, in chunks that stay in the first cache.
//
// Built once for each set of instructions, in a namespace of its own. Every operation on numbers that
// decides a bit is that of draws/reference.py in its order, rounded as there; but for two draws, whose
// 2^24 values are known to come out the same in other ways.

#include "constants.h"
#include "narrow.h"
#include "native.h"
#include "vectors.h"

#define BYTES_OF __builtin_memcpy

namespace agnostic_init {
namespace NAMESPACE {

void fill(const agnostic_init_job &job, u64 start, u64 stop);
void from_words(const agnostic_init_draw &draw, const u32 *words, i64 count, void *out);

namespace {

typedef agnostic_init_draw Draw;
typedef agnostic_init_job Job;

enum { CHUNK = 1024, SLACK = 64, MAX_RANK = 64, LONG_RUN = 16, AT_ONCE = WIDTH == 64 ? 2 : 4 };

// ----------------------------------------------------------------------------------------- words

// A block function with its keys of every round.
struct Philox {
  u64v keys[ROUNDS][2];

  explicit Philox(u64 seed) {
    u32 low = (u32)seed, high = (u32)(seed >> 32);
    for (int n = 0; n < ROUNDS; ++n) {
      keys[n][0] = all((u64)low);
      keys[n][1] = all((u64)high);
      low += KEY_STEP_0;
      high += KEY_STEP_1;
    }
  }
};

// The four words of each counter, in the lower halves; what is in the upper ones is noise. Several
// vectors at once hide one another's latency.
template <int VECTORS> INLINE void blocks(const Philox &philox, const u64v *counters, u64v (*words)[4]) {
  const u64v m0 = all((u64)MULTIPLIER_0), m1 = all((u64)MULTIPLIER_1);
  u64v c0[VECTORS], c1[VECTORS], c2[VECTORS], c3[VECTORS];
  // The first round, of a counter whose upper half is zero.
  for (int v = 0; v < VECTORS; ++v) {
    u64v p0 = multiply(counters[v], m0);
    c0[v] = (counters[v] >> 32) ^ philox.keys[0][0];
    c1[v] = u64v{};
    c2[v] = (p0 >> 32) ^ philox.keys[0][1];
    c3[v] = p0;
  }
#pragma GCC unroll 16
  for (int n = 1; n < ROUNDS; ++n) {
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; ++v) {
      u64v p0 = multiply(c0[v], m0), p1 = multiply(c2[v], m1);
      c0[v] = (p1 >> 32) ^ c1[v] ^ philox.keys[n][0];
      c1[v] = p1;
      c2[v] = (p0 >> 32) ^ c3[v] ^ philox.keys[n][1];
      c3[v] = p0;
    }
  }
  for (int v = 0; v < VECTORS; ++v) {
    words[v][0] = c0[v];
    words[v][1] = c1[v];
    words[v][2] = c2[v];
    words[v][3] = c3[v];
  }
}

// Counters that follow one another.
INLINE u64v ramp(u64 first) {
  u64v lanes = {};
  for (int n = 0; n < L64; ++n) lanes[n] = (u64)n;
  return lanes + first;
}

// The words of a vector of blocks in order.
INLINE void store_blocks(u32 *out, const u64v *words) {
  const u64v low = all((u64)0xFFFFFFFFu);
  u64v front = (words[0] & low) | words[1] << 32, back = (words[2] & low) | words[3] << 32;
#if WIDTH == 16
  store(out, __builtin_shufflevector(front, back, 0, 2));
  store(out + 4, __builtin_shufflevector(front, back, 1, 3));
#elif WIDTH == 32
  u64v even = __builtin_shufflevector(front, back, 0, 4, 2, 6);
  u64v odd = __builtin_shufflevector(front, back, 1, 5, 3, 7);
  store(out, __builtin_shufflevector(even, odd, 0, 1, 4, 5));
  store(out + 8, __builtin_shufflevector(even, odd, 2, 3, 6, 7));
#else
  store(out, __builtin_shufflevector(front, back, 0, 8, 1, 9, 2, 10, 3, 11));
  store(out + 16, __builtin_shufflevector(front, back, 4, 12, 5, 13, 6, 14, 7, 15));
#endif
}

// Consecutive words, from word `lane` of block `counter` on; up to SLACK more may be written.
void run(const Philox &philox, u64 counter, u32 lane, i64 count, u32 *RESTRICT out) {
  u64v words[AT_ONCE][4], counters[AT_ONCE];
  if (lane) {
    counters[0] = all(counter);
    blocks<1>(philox, counters, words);
    for (u32 n = lane; n < 4; ++n) *out++ = (u32)words[0][n][0];
    count -= 4 - lane;
    ++counter;
  }
  for (; count >= 4 * AT_ONCE * L64; count -= 4 * AT_ONCE * L64, counter += AT_ONCE * L64) {
    for (int v = 0; v < AT_ONCE; ++v) counters[v] = ramp(counter + (u64)(v * L64));
    blocks<AT_ONCE>(philox, counters, words);
    for (int v = 0; v < AT_ONCE; ++v, out += 4 * L64) store_blocks(out, words[v]);
  }
  for (; count > 0; count -= 4 * L64, counter += L64, out += 4 * L64) {
    counters[0] = ramp(counter);
    blocks<1>(philox, counters, words);
    store_blocks(out, words[0]);
  }
}

// The words of elements anywhere, `each` of an element, each element by a block of its own.
void apart(const Philox &philox, u64 offset, const u64 *places, int each, i64 count, u32 *out) {
  const int shift = each == 1 ? 2 : each == 2 ? 1 : 0;
  const u64 mask = (4 >> (each / 2)) - 1;
  for (i64 n = 0; n < count; n += L64) {
    u64v place = load<u64v>(places + n), counter = (place >> shift) + offset, words[1][4];
    blocks<1>(philox, &counter, words);
    for (int i = 0; i < L64; ++i) {
      u32 block[4];
      for (int w = 0; w < 4; ++w) block[w] = (u32)words[0][w][i];
      u32 lane = (u32)(place[i] & mask) * (u32)each;
      for (int w = 0; w < each; ++w) out[(n + i) * each + w] = block[lane + w];
    }
  }
}

// ------------------------------------------------------------------------------------- quantiles

// Horner's rule, rounded after every operation as the reference does.
template <int TERMS> INLINE f64v polynomial(const double (&row)[TERMS], f64v x) {
  f64v value = all(row[TERMS - 1]);
#pragma GCC unroll 16
  for (int n = TERMS - 2; n >= 0; --n) value = value * x + row[n];
  return value;
}

// The same of several vectors in float32, by fused operations where the processor has them.
template <int VECTORS, int TERMS> INLINE void polynomials(const float (&row)[TERMS], const f32v *x, f32v *values) {
  for (int v = 0; v < VECTORS; ++v) values[v] = all(row[TERMS - 1]);
#pragma GCC unroll 16
  for (int n = TERMS - 2; n >= 0; --n)
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; ++v) values[v] = fused(values[v], x[v], all(row[n]));
}

INLINE f64v absolute(f64v x) { return (f64v)((i64v)x & INT64_MAX); }

// Minus the natural logarithm of normal positive numbers up to about one: by a mantissa in
// [sqrt(1/2), sqrt(2)) and an exponent.
INLINE f64v minus_log(f64v x) {
  u64 below_one;
  BYTES_OF(&below_one, &SQRT_HALF, 8);
  // Biased, as there is no signed shift of 64 bits before AVX-512.
  u64v exponent = ((u64v)x - below_one + ((u64)1 << 62)) >> 52;
  f64v f = (f64v)((u64v)x - ((exponent - 1024) << 52));
  // As the lowest bits of a large number, from which what it stands for is taken off.
  f64v e = (f64v)(exponent | 0x4330000000000000u) - (0x1p52 + 1024.0);
  f64v s = (f - 1.0) / (f + 1.0);
  f64v series = s * polynomial(ARTANH, s * s);
  return -(e * LN2 + series);
}

// z of a tail's probability exp(-y).
INLINE f64v tail_quantile(f64v y) {
  f64v r = root(y), near = r - NEAR_SHIFT;
  f64v z = polynomial(NEAR_TOP, near) / polynomial(NEAR_BOTTOM, near);
  f64v far = r - NEAR_LIMIT;
  f64v beyond = polynomial(FAR_TOP, far) / polynomial(FAR_BOTTOM, far);
  return choose(r > NEAR_LIMIT, beyond, z);
}

INLINE f64v central_quantile(f64v central) {
  f64v square = CENTRAL_SQUARE - central * central;
  return central * polynomial(CENTER_TOP, square) / polynomial(CENTER_BOTTOM, square);
}

void odd_single(const u32 *RESTRICT words, i64 count, double *RESTRICT k) {
  for (i64 n = 0; n < count; ++n) k[n] = (double)(i32)(words[n] & 0xFFFFFF) * 2.0 + (1.0 - 0x1p24);
}

// z of odd integers `k` below `limit`, for bounds of which one is not far.
void central(const double *RESTRICT k, i64 count, double limit, const double *numbers, double *RESTRICT z) {
  const f64v step = all(numbers[1]), middle = all(numbers[0]);
  // Picked out without branches, in order: those in a tail are done again.
  double own[CHUNK + SLACK], values[CHUNK + SLACK];
  int32_t places[CHUNK + SLACK];
  i64 tails = 0;
  for (i64 n = 0; n < count; n += L64) {
    f64v odd = load<f64v>(k + n), c = odd * step + middle;
    store(z + n, central_quantile(c));
    i64v in_tail = absolute(c) > CENTRAL_LIMIT;
    for (int i = 0; i < L64; ++i) {
      own[tails] = odd[i];
      places[tails] = (int32_t)(n + i);
      tails -= in_tail[i];
    }
  }
  for (int i = 0; i < L64; ++i) own[tails + i] = limit - 1.0;
  for (i64 n = 0; n < tails; n += L64) {
    f64v odd = load<f64v>(own + n);
    i64v left = odd * step + middle < 0.0;
    f64v edge = choose(left, limit + odd, limit - odd);
    f64v p = edge * step + choose(left, all(numbers[2]), all(numbers[3]));
    f64v tail = tail_quantile(minus_log(p));
    store(values + n, choose(left, -tail, tail));
  }
  for (i64 n = 0; n < tails; ++n) z[places[n]] = values[n];
}

INLINE f64v inverse_mills(f64v z) {
  f64v value = z;
  for (int n = MILLS_TERMS; n > 0; --n) value = (double)n / value + z;
  return value;
}

// A bound whose square overflows is its own result, as the reference sees to by hand.
INLINE f64v moved(f64v bound, f64v excess) {
  f64v twice = excess * 2.0;
  return twice / (root(twice + bound * bound) + bound) + bound;
}

// The same for bounds far out.
void tail(const double *RESTRICT k, i64 count, double limit, const double *numbers, double *RESTRICT z) {
  const f64v bound = all(numbers[0]), own = inverse_mills(bound), sign = all(numbers[3]);
  for (i64 n = 0; n < count; n += L64) {
    f64v rest = (limit - sign * load<f64v>(k + n)) * numbers[2] + numbers[1];
    f64v s = minus_log(rest), excess = s;
    for (int i = 0; i < MILLS_ITERATIONS; ++i) {
      f64v other = inverse_mills(moved(bound, excess));
      f64v part = (other - own) / (other + own), square = part * part;
      excess = s - part * (((square * (2.0 / 7.0) + 0.4) * square + 2.0 / 3.0) * square + 2.0);
    }
    store(z + n, moved(bound, excess) * sign);
  }
}

// ------------------------------------------------------------- two quantiles, in fewer operations

// A standard normal, or one at two sigmas, of 24 bits: both are symmetric.
bool proven(const Draw &draw) {
  const double *own = draw.numbers;
  auto same = [own](const double *known) {
    return own[0] == known[0] && own[1] == known[1] && own[2] == known[2] && own[3] == known[3];
  };
  return draw.kind == AGNOSTIC_INIT_CENTRAL && (same(STANDARD) || same(TWO_SIGMAS));
}

// Scale, shift and bounds of float32 values, in two steps: a factor and bounds, or, with a shift, the
// values as they are and `shift_and_bound` afterwards, as real and imaginary parts may be moved apart.
// Products of two float32 numbers are exact in float64; one that is rounded to float32 is what the
// reference has, but for products with zero, whose sign the shift by zero takes away.
struct Finish {
  bool shifted;
  f32v factor, low, high;

  explicit Finish(const Draw &draw)
      : shifted(draw.scale == 0.0 || draw.shift != 0.0 || (draw.parts == 2 && draw.shift_imag != 0.0)),
        factor(all(shifted ? 1.0f : (float)draw.scale)),
        low(all(shifted ? -__builtin_inff() : (float)draw.low)),
        high(all(shifted ? __builtin_inff() : (float)draw.high)) {}

  MEMBER f32v operator()(f32v z) const { return at_most(at_least(z * factor, low), high); }
};

void shift_and_bound(const Draw &draw, i64 count, float *values) {
  const f32v low = all((float)draw.low), high = all((float)draw.high);
  const f64v scale = all(draw.scale);
  f64v shift = all(draw.shift);
  for (int n = 1; n < L64 && draw.parts == 2; n += 2) shift[n] = draw.shift_imag;
  for (i64 n = 0; n < count; n += L32) {
    f64v first = __builtin_convertvector(load<f32h>(values + n), f64v);
    f64v second = __builtin_convertvector(load<f32h>(values + n + L64), f64v);
    f32v value = joined(fused(first, scale, shift), fused(second, scale, shift));
    store(values + n, at_most(at_least(value, low), high));
  }
}

// |z| by cubics, for SEGMENTS equal parts of each octave of the tail's probability, of which there are
// 24. They are lowered by a bound of their error, and `raised` is as much above |z|.
constexpr int OCTAVES = 24, SEGMENT_BITS = 7, SEGMENTS = 1 << SEGMENT_BITS, PLACE_BITS = 23 - SEGMENT_BITS;
constexpr double SLOPE = 0x1p-37, MARGIN = 0x1p-45;

struct Table {
  int state;  // 0, 1 while a thread makes it, 2
  alignas(64) double rows[OCTAVES * SEGMENTS][4];
};
Table standard, two_sigmas;

INLINE f64v raised(f64v z) { return fused(z, all(1.0 + 2.0 * SLOPE), all(2.0 * MARGIN)); }

void make(Table &table, const double *numbers) {
  // Chebyshev's nodes. Places count from a segment's end that is nearer to the middle.
  const double nodes[4] = {0.03806023374435663, 0.3086582838174551, 0.6913417161825449, 0.9619397662556434};
  const double last = 1.0 - 0x1p-16;
  double k[4 * SEGMENTS], z[4 * SEGMENTS];
  for (int octave = 0; octave < OCTAVES; ++octave) {
    // Odd integers are counted from the middle in the last octave and from the end in the others, where
    // they have more bits to spare.
    const double limit = octave < OCTAVES - 1 ? 0.0 : 0x1p24;
    const double own[4] = {(0x1p24 - limit) * numbers[1], numbers[1], numbers[2], numbers[3]};
    for (int n = 0; n < 4 * SEGMENTS; ++n) {
      k[n] = limit - (1.0 + (n / 4 + last - nodes[n % 4]) / SEGMENTS) * (1 << octave);
    }
    central(k, 4 * SEGMENTS, limit, own, z);
    for (int n = 0; n < SEGMENTS; ++n) {
      // Newton's differences, and then powers.
      double row[4];
      for (int i = 0; i < 4; ++i) row[i] = z[4 * n + i];
      for (int order = 1; order < 4; ++order) {
        for (int i = 3; i >= order; --i) row[i] = (row[i] - row[i - 1]) / (nodes[i] - nodes[i - order]);
      }
      for (int order = 2; order >= 0; --order) {
        for (int i = order; i < 3; ++i) row[i] -= row[i + 1] * nodes[order];
      }
      row[0] -= MARGIN / (1.0 - SLOPE);
      double unit = 1.0 - SLOPE;
      for (int i = 0; i < 4; ++i, unit *= 0x1p-16) table.rows[octave * SEGMENTS + n][i] = row[i] * unit;
    }
  }
}

// The table of a draw's numbers, or nothing while another thread makes it, which may never end in a
// process that was forked meanwhile.
const Table *table_of(const Draw &draw) {
  Table &table = draw.numbers[1] == STANDARD[1] ? standard : two_sigmas;
  int state = __atomic_load_n(&table.state, __ATOMIC_ACQUIRE);
  if (state == 0 && __atomic_compare_exchange_n(&table.state, &state, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
    make(table, draw.numbers);
    state = 2;
    __atomic_store_n(&table.state, state, __ATOMIC_RELEASE);
  }
  return state == 2 ? &table : nullptr;
}

// By float64, what was left open: the draws of the words at these places.
template <class To>
void by_double(const Draw &draw, const Finish &finish, const To &to, const u32 *words, const i32 *places, i64 open,
               typename To::Item *out) {
  u32 own[CHUNK + SLACK];
  double k[CHUNK + SLACK], z[CHUNK + SLACK];
  float values[CHUNK + SLACK];
  typename To::Item items[CHUNK + SLACK];
  for (i64 n = 0; n < open; ++n) own[n] = words[places[n]];
  for (i64 n = open; n < open + L32; ++n) own[n] = 1 << 23;
  odd_single(own, open + L32, k);
  central(k, open, 0x1p24, draw.numbers, z);
  for (i64 n = 0; n < open; ++n) values[n] = (float)z[n];
  for (i64 n = open; n < open + L32; ++n) values[n] = 0.0f;
  for (i64 n = 0; n < open; n += L32) store(items + n, to(finish(load<f32v>(values + n))));
  for (i64 n = 0; n < open; ++n) out[places[n]] = items[n];
}

// 2^8 (i + 1/2) on the lower side and -2^8 (i + 1/2) on the upper one, where the 24 bits of a word are the
// i-th integer from that end.
INLINE f32v from_the_end(u32v word) { return __builtin_convertvector((i32v)(word << 8), f32v) + 128.0f; }

void by_table(const Draw &draw, const Table &table, const u32 *RESTRICT words, i64 count, float *RESTRICT out) {
  const Finish finish(draw);
  const char *first = (const char *)table.rows - ((127 + 7) << SEGMENT_BITS) * sizeof *table.rows;
  i32 places[CHUNK];
  i64 open = 0;
  for (i64 n = 0; n < count; n += L32) {
    // The segment is in the exponent and the first bits of the mantissa.
    i32v bits = (i32v)from_the_end(load<u32v>(words + n));
    u32 at[L32];
    store(at, (u32v)bits >> (PLACE_BITS - 5) & (u32)(((256 << SEGMENT_BITS) - 1) << 5));
    __asm__("" : "+m"(at));  // by way of memory, as lanes are taken out one by one more slowly
    i32v place = ~bits & ((1 << PLACE_BITS) - 1);
    f64v low[2], high[2];
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      const double *rows[L64];
#pragma GCC unroll 8
      for (int i = 0; i < L64; ++i) rows[i] = (const double *)(first + at[half * L64 + i]);
      f64v c[4], x = half ? second_half(place) : first_half(place);
      transposed(rows, c);
      low[half] = fused(fused(fused(c[3], x, c[2]), x, c[1]), x, c[0]);
      high[half] = raised(low[half]);
    }
    i32v least = (i32v)joined(low[0], low[1]), most = (i32v)joined(high[0], high[1]);
    store(out + n, finish((f32v)(least | (~bits & INT32_MIN))));
    for (u32 bits = signs(least != most); bits; bits &= bits - 1) places[open++] = (i32)n + __builtin_ctz(bits);
  }
  if (open) by_double(draw, finish, Float32(), words, places, open, out);
  if (finish.shifted) shift_and_bound(draw, count, out);
}

// 1 - x x, for |x| < 1.
INLINE f32v less_square(f32v x) {
#if INSTRUCTIONS || defined(__aarch64__)
  return fused(-x, x, all(1.0f));
#else
  return (1.0f - x) * (1.0f + x);
#endif
}

// z, nearly, for formats of few bits, of draws that are symmetric. Of x, which is uniform in (-1, 1), z / x is
// a polynomial in log2(1 - x x). Several vectors at once, as in `blocks`. `beyond` is negative where 1 - x x
// is so small that the polynomial does not hold.
template <int VECTORS> INLINE void nearly(const Draw &draw, const u32 *words, f32v *z, i32v *beyond) {
  const i32v one = (i32v)all(1.0f);
  const f32v factor = all((float)(draw.numbers[1] * 0x1p-6));
  f32v x[VECTORS], mantissa[VECTORS], bits[VECTORS], log[VECTORS];
  for (int v = 0; v < VECTORS; ++v) {
    // The odd integer, times 2^7.
    const u32v odd = (load<u32v>(words + v * L32) << 8) + 0x80000080u;
    x[v] = __builtin_convertvector((i32v)odd, f32v) * factor;
  }
  for (int v = 0; v < VECTORS; ++v) {
    const i32v rest = (i32v)less_square(x[v]);
    beyond[v] = rest - (i32v)all(NEARLY_LEAST);
    // The logarithm is about what the bits say as an integer.
    bits[v] = __builtin_convertvector(rest - one, f32v);
    mantissa[v] = (f32v)((rest & 0x7FFFFF) | one) - 1.5f;
  }
  polynomials<VECTORS>(LOG2, mantissa, log);
  for (int v = 0; v < VECTORS; ++v) log[v] = fused(bits[v], all(0x1p-23f), log[v]);
  polynomials<VECTORS>(NEARLY, log, z);
  for (int v = 0; v < VECTORS; ++v) z[v] *= x[v];
}

template <int VECTORS, class To>
INLINE void nearly(const Draw &draw, const Finish &finish, const To &to, const u32 *words, uint16_t *open,
                   typename To::Item *out) {
  f32v z[VECTORS];
  i32v beyond[VECTORS], close;
  nearly<VECTORS>(draw, words, z, beyond);
#pragma GCC unroll 4
  for (int v = 0; v < VECTORS; ++v) {
    store(out + v * L32, to.nearly(finish(z[v]), &close));
    open[v] = (uint16_t)signs(beyond[v] | close);
  }
}

template <class To>
void by_polynomial(const Draw &draw, const To &to, const u32 *RESTRICT words, i64 count,
                   typename To::Item *RESTRICT out) {
  const Finish finish(draw);
  uint16_t open[CHUNK / L32];  // a bit of each lane
  i64 n = 0;
  for (; n + AT_ONCE * L32 <= count; n += AT_ONCE * L32) {
    nearly<AT_ONCE>(draw, finish, to, words + n, open + n / L32, out + n);
  }
  for (; n < count; n += L32) nearly<1>(draw, finish, to, words + n, open + n / L32, out + n);
  i32 places[CHUNK];
  i64 some = 0;
  for (n = 0; n < count; n += L32) {
    for (u32 bits = open[n / L32]; bits; bits &= bits - 1) places[some++] = (i32)n + __builtin_ctz(bits);
  }
  if (some) by_double(draw, finish, to, words, places, some, out);
}

// -------------------------------------------------------------------------------------- uniforms

// Of 24 bits. The integer's product with the scale is exact in float64; without a shift, or with one
// that makes the range symmetric, it is rounded once, which a product of float32 does as well.
template <class To>
void uniform(const Draw &draw, const To &to, const u32 *RESTRICT words, i64 count, typename To::Item *RESTRICT out) {
  const f32v low = all((float)draw.low), high = all((float)draw.high);
  const bool symmetric = draw.shift == -0.5 * draw.scale;
  if (draw.scale > 0x1p-90 && (symmetric || draw.shift == 0.0)) {
    const i32v center = (symmetric ? 1 << 23 : 0) - i32v{};
    const f32v factor = all((float)(draw.scale * 0x1p-24));
    for (i64 n = 0; n < count; n += L32) {
      i32v m = (load<i32v>(words + n) & 0xFFFFFF) - center;
      store(out + n, to(at_most(at_least(__builtin_convertvector(m, f32v) * factor, low), high)));
    }
    return;
  }
  const f64v scale = all(draw.scale * 0x1p-24), shift = all(draw.shift);
  for (i64 n = 0; n < count; n += L32) {
    i32v m = load<i32v>(words + n) & 0xFFFFFF;
    f32v value = joined(fused(first_half(m), scale, shift), fused(second_half(m), scale, shift));
    store(out + n, to(at_most(at_least(value, low), high)));
  }
}

// ---------------------------------------------------------------------------------------- planes

// Real and imaginary parts of a radius and a turn, from pairs of uniforms in [0, 1), in place.
void polar(const Draw &draw, double *units, i64 count) {
  const double first = draw.numbers[0], second = draw.numbers[1];
  for (i64 n = 0; n < count; n += 2 * L64) {
    f64v u, turns;
    for (int i = 0; i < L64; ++i) {
      u[i] = units[n + 2 * i];
      turns[i] = units[n + 2 * i + 1];
    }
    f64v square = draw.kind == AGNOSTIC_INIT_DISK ? u * second + first : minus_log(1.0 - u * first);
    f64v radius = root(square);
    i32h quarter = __builtin_convertvector(turns * 4.0 + 0.5, i32h);
    f64v x = (turns - __builtin_convertvector(quarter, f64v) * 0.25) * TWO_PI;
    f64v even = polynomial(COSINE, x * x), odd = x * polynomial(SINE, x * x);
    i64v swapped = -(__builtin_convertvector(quarter, i64v) & 1);
    f64v cosine = choose(swapped, odd, even), sine = choose(swapped, even, odd);
    i64v q = __builtin_convertvector(quarter, i64v);
    cosine = choose((q == 1) | (q == 2), -cosine, cosine);
    sine = choose((q == 2) | (q == 3), -sine, sine);
    cosine *= radius;
    sine *= radius;
    for (int i = 0; i < L64; ++i) {
      units[n + 2 * i] = cosine[i];
      units[n + 2 * i + 1] = sine[i];
    }
  }
}

// ------------------------------------------------------------------------------------- to memory

// Scale, shift and bounds. Of complex numbers, the imaginary parts have a shift of their own.
INLINE double bounded(double value, double low, double high) {
  value = value < low ? low : value;
  return value > high ? high : value;
}

void finish_double(const Draw &draw, const double *RESTRICT units, i64 count, double *RESTRICT out) {
  const double scale = draw.scale, low = draw.low, high = draw.high;
  const double shifts[2] = {draw.shift, draw.parts == 2 ? draw.shift_imag : draw.shift};
  for (i64 n = 0; n < count; ++n) out[n] = bounded(units[n] * scale + shifts[n & 1], low, high);
}

void finish_single(const Draw &draw, const double *RESTRICT units, i64 count, float *RESTRICT out) {
  const double scale = draw.scale;
  const float low = (float)draw.low, high = (float)draw.high;
  const double shifts[2] = {draw.shift, draw.parts == 2 ? draw.shift_imag : draw.shift};
  for (i64 n = 0; n < count; ++n) {
    float value = (float)((double)(float)units[n] * scale + shifts[n & 1]);
    value = value < low ? low : value;
    out[n] = value > high ? high : value;
  }
}

// -------------------------------------------------------------------------------------- the chunk

void units_single(const u32 *RESTRICT words, i64 count, double *RESTRICT units) {
  for (i64 n = 0; n < count; ++n) units[n] = (double)(i32)(words[n] & 0xFFFFFF) * 0x1p-24;
}

// The lowest 53 bits of two words, as the integer that they are: each half as the lowest bits of a
// large number.
INLINE double mantissa(u32 low, u32 high) {
  u64 lower = 0x4330000000000000u | low, upper = 0x4530000000000000u | (high & 0x1FFFFF);
  double a, b;
  BYTES_OF(&a, &lower, 8);
  BYTES_OF(&b, &upper, 8);
  return (b - 0x1p84) + (a - 0x1p52);
}

void odd_double(const u32 *RESTRICT words, i64 count, double *RESTRICT k) {
  for (i64 n = 0; n < count; ++n) k[n] = (mantissa(words[2 * n], words[2 * n + 1]) - 0x1p52) * 2.0 + 1.0;
}

void units_double(const u32 *RESTRICT words, i64 count, double *RESTRICT units) {
  for (i64 n = 0; n < count; ++n) units[n] = mantissa(words[2 * n], words[2 * n + 1]) * 0x1p-53;
}

void evaluate_double(const Draw &draw, const u32 *words, i64 count, double *out) {
  double k[CHUNK + SLACK], units[CHUNK + SLACK];
  if (draw.kind == AGNOSTIC_INIT_CENTRAL || draw.kind == AGNOSTIC_INIT_TAIL) {
    odd_double(words, count, k);
    (draw.kind == AGNOSTIC_INIT_TAIL ? tail : central)(k, count, 0x1p53, draw.numbers, units);
  } else {
    units_double(words, count, units);
    if (draw.kind != AGNOSTIC_INIT_UNIFORM) polar(draw, units, count);
  }
  finish_double(draw, units, count, out);
}

void evaluate_single(const Draw &draw, const u32 *words, i64 count, float *out) {
  const Table *table = proven(draw) ? table_of(draw) : nullptr;
  if (table) {
    by_table(draw, *table, words, count, out);
    return;
  }
  if (draw.kind == AGNOSTIC_INIT_UNIFORM) {
    uniform(draw, Float32(), words, count, out);
    return;
  }
  double k[CHUNK + SLACK], units[CHUNK + SLACK];
  if (draw.kind == AGNOSTIC_INIT_CENTRAL || draw.kind == AGNOSTIC_INIT_TAIL) {
    odd_single(words, count, k);
    (draw.kind == AGNOSTIC_INIT_TAIL ? tail : central)(k, count, 0x1p24, draw.numbers, units);
  } else {
    units_single(words, count, units);
    polar(draw, units, count);
  }
  finish_single(draw, units, count, out);
}

template <class To>
void evaluate_narrow(const Draw &draw, const To &to, const u32 *words, i64 count, typename To::Item *out) {
  // Where no product is subnormal, so that all are rounded alike.
  if (proven(draw) && !Finish(draw).shifted && draw.scale > 0x1p-90) {
    by_polynomial(draw, to, words, count, out);
    return;
  }
  if (draw.kind == AGNOSTIC_INIT_UNIFORM) {
    uniform(draw, to, words, count, out);
    return;
  }
  float values[CHUNK + SLACK];
  evaluate_single(draw, words, count, values);
  convert(to, values, count, out);
}

// So many reals of their words, as they are stored; some more may be computed and written.
void evaluate(const Draw &draw, const u32 *words, i64 count, void *out) {
  switch (draw.store) {
    case AGNOSTIC_INIT_FLOAT32: return evaluate_single(draw, words, count, (float *)out);
    case AGNOSTIC_INIT_FLOAT64: return evaluate_double(draw, words, count, (double *)out);
    case AGNOSTIC_INIT_FLOAT16: return evaluate_narrow(draw, Float16(), words, count, (uint16_t *)out);
    case AGNOSTIC_INIT_BFLOAT16: return evaluate_narrow(draw, Bfloat16(), words, count, (uint16_t *)out);
    case AGNOSTIC_INIT_FLOAT8: return evaluate_narrow(draw, Float8(draw), words, count, (uint8_t *)out);
    case AGNOSTIC_INIT_INT64:
      for (i64 n = 0; n < count; ++n) ((i64 *)out)[n] = (i64)words[n];
      return;
    default: BYTES_OF(out, words, 4 * (size_t)count);
  }
}

// ------------------------------------------------------------------------------- blocks and runs

// A place in a block's row-major order.
struct Cursor {
  const Job &job;
  i64 index[MAX_RANK];

  Cursor(const Job &job, u64 at) : job(job) {
    for (i64 d = job.rank - 1; d >= 0; --d) {
      index[d] = (i64)(at % (u64)job.axes[d].count);
      at /= (u64)job.axes[d].count;
    }
  }

  u64 position() const {
    u64 sum = job.base;
    for (i64 d = 0; d < job.rank; ++d) sum += (u64)index[d] * job.axes[d].position;
    return sum;
  }

  char *place() const {
    i64 sum = 0;
    for (i64 d = 0; d < job.rank; ++d) sum += index[d] * job.axes[d].place;
    return (char *)job.out + sum;
  }

  // What is left of the last axis.
  i64 row() const { return job.axes[job.rank - 1].count - index[job.rank - 1]; }

  // Along the last axis, not beyond its end.
  void step(i64 count) {
    i64 d = job.rank - 1;
    for (index[d] += count; d > 0 && index[d] == job.axes[d].count; ++index[--d]) index[d] = 0;
  }
};

// The words of the next elements, `each` of an element.
void gather(const Philox &philox, Cursor &cursor, int each, i64 count, u32 *words) {
  const agnostic_init_axis &last = cursor.job.axes[cursor.job.rank - 1];
  const u64 offset = cursor.job.offset;
  const u64 per_block = 4 / (u64)each;
  if (last.position == 1 && last.count >= LONG_RUN) {
    for (i64 done = 0, take; done < count; done += take) {
      take = cursor.row() < count - done ? cursor.row() : count - done;
      u64 position = cursor.position();
      run(philox, offset + position / per_block, (u32)(position % per_block) * (u32)each, take * each,
          words + done * each);
      cursor.step(take);
    }
    return;
  }
  u64 places[CHUNK + SLACK];
  for (i64 done = 0, take; done < count; done += take) {
    take = cursor.row() < count - done ? cursor.row() : count - done;
    u64 position = cursor.position();
    for (i64 n = 0; n < take; ++n) places[done + n] = position + (u64)n * last.position;
    cursor.step(take);
  }
  for (int n = 0; n < SLACK; ++n) places[count + n] = 0;
  apart(philox, offset, places, each, count, words);
}

template <class Item> void scattered(const char *from, i64 count, i64 stride, char *to) {
  for (i64 n = 0; n < count; ++n) BYTES_OF(to + n * stride, from + n * (i64)sizeof(Item), sizeof(Item));
}

struct Pair { u64 parts[2]; };

void scatter(Cursor &cursor, i64 count, i64 size, const char *from) {
  const i64 stride = cursor.job.axes[cursor.job.rank - 1].place;
  for (i64 done = 0, take; done < count; done += take) {
    take = cursor.row() < count - done ? cursor.row() : count - done;
    char *to = cursor.place();
    const char *own = from + done * size;
    if (stride == size) BYTES_OF(to, own, (size_t)(take * size));
    else if (size == 1) scattered<uint8_t>(own, take, stride, to);
    else if (size == 2) scattered<uint16_t>(own, take, stride, to);
    else if (size == 4) scattered<u32>(own, take, stride, to);
    else if (size == 8) scattered<u64>(own, take, stride, to);
    else scattered<Pair>(own, take, stride, to);
    cursor.step(take);
  }
}

int part_bytes(int store) {
  switch (store) {
    case AGNOSTIC_INIT_FLOAT64:
    case AGNOSTIC_INIT_INT64: return 8;
    case AGNOSTIC_INIT_FLOAT16:
    case AGNOSTIC_INIT_BFLOAT16: return 2;
    case AGNOSTIC_INIT_FLOAT8: return 1;
    default: return 4;
  }
}

// Of an element.
int words_each(const Draw &draw) { return draw.parts * (draw.store == AGNOSTIC_INIT_FLOAT64 ? 2 : 1); }
int bytes_each(const Draw &draw) { return draw.parts * part_bytes(draw.store); }

// Vectors may compute and write more reals than they are asked for.
i64 padded(i64 reals) { return (reals + 15) / 16 * 16; }

// Elements that are all alike: one chunk of them, copied.
void repeat(const Job &job, u64 start, u64 stop) {
  const i64 size = bytes_each(job.draw), chunk = CHUNK / words_each(job.draw);
  const u32 words[CHUNK + 2 * SLACK] = {};
  alignas(64) char buffer[8 * (CHUNK + SLACK)];
  Draw least = job.draw;  // of the uniform from there on, which words of zero are
  least.kind = AGNOSTIC_INIT_UNIFORM;
  evaluate(least, words, stop - start < (u64)chunk ? padded((i64)(stop - start)) : chunk, buffer);
  for (u64 at = start; at < stop; at += (u64)chunk) {
    i64 count = stop - at < (u64)chunk ? (i64)(stop - at) : chunk;
    BYTES_OF((char *)job.out + at * (u64)size, buffer, (size_t)(count * size));
  }
}

}  // namespace

void fill(const agnostic_init_job &job, u64 start, u64 stop) {
  if (job.draw.kind == AGNOSTIC_INIT_CONSTANT) return repeat(job, start, stop);
  const Draw &draw = job.draw;
  const int each = words_each(draw), size = bytes_each(draw);
  const i64 chunk = CHUNK / each;
  const Philox philox(job.seed);
  alignas(64) u32 words[CHUNK + 2 * SLACK];
  alignas(64) char buffer[8 * (CHUNK + SLACK)];
  for (int n = 0; n < 2 * SLACK; ++n) words[CHUNK + n] = 0;
  Cursor cursor(job, start);
  for (u64 at = start; at < stop; at += (u64)chunk) {
    i64 count = stop - at < (u64)chunk ? (i64)(stop - at) : chunk;
    i64 reals = count * draw.parts;
    if (job.rank == 0) {
      u64 position = job.base + at, per_block = 4 / (u64)each;
      run(philox, job.offset + position / per_block, (u32)(position % per_block) * (u32)each,
          count * each, words);
      char *out = (char *)job.out + at * (u64)size;
      bool direct = padded(reals) == reals && (uintptr_t)out % (unsigned)part_bytes(draw.store) == 0;
      evaluate(draw, words, padded(reals), direct ? out : buffer);
      if (!direct) BYTES_OF(out, buffer, (size_t)(count * size));
      continue;
    }
    Cursor here(cursor);
    gather(philox, cursor, each, count, words);
    evaluate(draw, words, padded(reals), buffer);
    scatter(here, count, size, buffer);
  }
}

void from_words(const agnostic_init_draw &draw, const uint32_t *words, int64_t count, void *out) {
  const int each = words_each(draw), size = bytes_each(draw);
  const i64 chunk = CHUNK / each;
  u32 own[CHUNK + SLACK] = {};
  alignas(64) char buffer[8 * (CHUNK + SLACK)];
  for (i64 at = 0; at < count; at += chunk) {
    i64 some = count - at < chunk ? count - at : chunk;
    BYTES_OF(own, words + at * each, (size_t)(4 * some * each));
    evaluate(draw, own, padded(some * draw.parts), buffer);
    BYTES_OF((char *)out + at * size, buffer, (size_t)(some * size));
  }
}

}  // namespace NAMESPACE
}  // namespace agnostic_init
