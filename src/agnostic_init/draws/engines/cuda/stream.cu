// Stream v1 on CUDA devices: words, draw, scale, cast and store in one pass.
//
// There is no #include, so that NVRTC needs no headers. What stands before this text is written by
// source.py: the constants, the polynomials and, as macros, what this build of the kernel is for:
//
//   KIND     BITS, UNIFORM, TABLE, COARSE (a table for bfloat16), CENTRAL, TAIL, DISK or MODULUS
//   FORM     SINGLE, HALF, BRAIN, DOUBLE, WORD or LONG: what a part of an element is stored as
//   PARTS    2 for complex elements, else 1
//   FINISH   FACTOR: scale by one float32 multiplication; SHIFTED: scale and shift by one float64
//            multiply-add; EXACTLY: all of it in float64, for parameters whose results the hardware
//            might flush to zero, and for kinds that are computed in float64 anyway
//   CENTERED 1: a uniform that is symmetric about zero, with FACTOR
//   CLIP_LOW, CLIP_HIGH  1: values could step over that bound, and are kept within
//   DIGITS   axes of the block; the thread's unit number is a numeral with these digits
//   RUN      the digit along which positions are consecutive, -1 if there is none
//   DENSE    1: addresses are consecutive along RUN as well
//   UNIT     elements that a thread makes of one or more Philox blocks
//   AT_ONCE  units that a thread computes together where all of the memory is one run
//   THREADS  of a block of the grid
//   MANY     0: one array is filled; else many, each of them one run of memory, and this is how many
//            words there are for what a launch is told of them
//
// and where each parameter lies among PARAMETER_WORDS words of 32 bits.
//
// All that decides a bit of the result is integer arithmetic or an exactly rounded operation that
// the compiler may not contract. Built as C++ for the host, the same text is run by the tests.

typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

#ifdef __CUDACC__
#define DEVICE static __device__ __forceinline__
#define SEPARATE static __device__ __noinline__
#define UNROLL _Pragma("unroll")
#define ROLL _Pragma("unroll 1")
#define LANES THREADS
#if __CUDA_ARCH__ >= 700
#define CONSTANT __grid_constant__
#else
#define CONSTANT
#endif
#else
#define CONSTANT
#define DEVICE static inline
#define SEPARATE static
#define UNROLL
#define ROLL
#define __global__
#define __launch_bounds__(...)
#define LANES blockDim.x
struct alignas(16) uint4 { u32 x, y, z, w; };
struct dim { u32 x; };
static dim threadIdx, blockIdx, blockDim, gridDim;

// The barriers keep a host compiler from contracting what CUDA's intrinsics keep apart.
DEVICE double apart(double x) { asm volatile("" : "+m"(x)); return x; }
DEVICE float apart(float x) { asm volatile("" : "+m"(x)); return x; }
template <class To, class From> DEVICE To same_bits(From x) {
  To y;
  __builtin_memcpy(&y, &x, sizeof y);
  return y;
}
DEVICE double __dmul_rn(double a, double b) { return apart(a * b); }
DEVICE double __dadd_rn(double a, double b) { return apart(a + b); }
DEVICE double __dsub_rn(double a, double b) { return apart(a - b); }
DEVICE double __ddiv_rn(double a, double b) { return apart(a / b); }
DEVICE double __dsqrt_rn(double a) { return __builtin_sqrt(a); }
DEVICE double __fma_rn(double a, double b, double c) { return __builtin_fma(a, b, c); }
DEVICE float __fmul_rn(float a, float b) { return apart(a * b); }
DEVICE float __fadd_rn(float a, float b) { return apart(a + b); }
DEVICE float __fsub_rn(float a, float b) { return apart(a - b); }
DEVICE float __fmaf_rn(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
DEVICE float __uint2float_rn(u32 a) { return (float)a; }
DEVICE float __int2float_rn(int a) { return (float)a; }
DEVICE float __double2float_rn(double a) { return (float)a; }
DEVICE i64 __double2ll_rn(double a) { return __builtin_llrint(a); }
DEVICE u32 __float_as_uint(float a) { return same_bits<u32>(a); }
DEVICE float __uint_as_float(u32 a) { return same_bits<float>(a); }
DEVICE i64 __double_as_longlong(double a) { return same_bits<i64>(a); }
DEVICE double __longlong_as_double(i64 a) { return same_bits<double>(a); }
DEVICE u32 __umulhi(u32 a, u32 b) { return (u32)((u64)a * b >> 32); }
DEVICE u64 __umul64hi(u64 a, u64 b) { return (u64)((unsigned __int128)a * b >> 64); }
DEVICE u32 __funnelshift_r(u32 low, u32 high, u32 by) {
  return (u32)(((u64)high << 32 | low) >> by);
}
DEVICE int __ffs(u32 a) { return __builtin_ffs((int)a); }
DEVICE float fminf(float a, float b) { return a < b ? a : b; }
DEVICE float fmaxf(float a, float b) { return a > b ? a : b; }
DEVICE float fabsf(float a) { return __builtin_fabsf(a); }
#endif

// Keeps a compiler from computing a value again in another way.
#define opaque(x) asm("" : "+r"(x))
#ifdef __CUDACC__
#define opaque_long(x) asm("" : "+l"(x))
#else
#define opaque_long opaque
#endif

#define MUL __dmul_rn
#define ADD __dadd_rn
#define SUB __dsub_rn
#define DIV __ddiv_rn
#define SQRT __dsqrt_rn

#define BITS 0
#define UNIFORM 1
#define TABLE 2
#define COARSE 3
#define CENTRAL 4
#define TAIL 5
#define DISK 6
#define MODULUS 7

#define FACTOR 0
#define SHIFTED 1
#define EXACTLY 2

#define SINGLE 0
#define HALF 1
#define BRAIN 2
#define DOUBLE 3
#define WORD 4
#define LONG 5

#define WIDE (FORM == DOUBLE)
#define PART_BYTES (FORM == HALF || FORM == BRAIN ? 2 : FORM == DOUBLE || FORM == LONG ? 8 : 4)
#define BYTES (PARTS * PART_BYTES)                // an element
#define WORDS (PARTS * (WIDE ? 2 : 1))            // of the stream, an element
#define PER_BLOCK (4 / WORDS)                     // elements of a Philox block
#define REALS (UNIT * PARTS)
#define BULK (DIGITS == 1 && RUN == 0 && DENSE)   // all of the memory is one run
#define TWO_TO_BITS (WIDE ? 9007199254740992.0 : 16777216.0)

// The parameter at a place, of one word or of two.
#define AT(n) (parameter[n])
#define AT64(n) ((u64)AT((n) + 1) << 32 | AT(n))
#define AT_DOUBLE(n) __longlong_as_double((i64)AT64(n))

// All that a launch is given, by value: nothing is copied to the device beforehand.
struct Arguments {
  const uint4* table;
#if MANY
  u32 arrays, chunks;  // a chunk is what the threads of a block fill at once, of one array
  u32 words[MANY];     // ARRAY_WORDS for each array, and what is told of the draws
#else
  char* out;
  u32 words[PARAMETER_WORDS];
#endif
};

// ---------------------------------------------------------------------------------- Philox4x32-10

DEVICE void philox(u64 counter, const u32* round_keys, u32* words) {
  // The first round, of a counter whose upper half is zero, in two steps.
  u32 low = (u32)counter;
  u32 c0 = (u32)(counter >> 32) ^ round_keys[0], c1 = 0;
  u32 c2 = __umulhi(0xD2511F53u, low) ^ round_keys[1], c3 = 0xD2511F53u * low;
  UNROLL for (int n = 1; n < 10; ++n) {
    u64 p0 = (u64)0xD2511F53u * c0, p1 = (u64)0xCD9E8D57u * c2;
    c0 = (u32)(p1 >> 32) ^ c1 ^ round_keys[2 * n];
    c1 = (u32)p1;
    c2 = (u32)(p0 >> 32) ^ c3 ^ round_keys[2 * n + 1];
    c3 = (u32)p0;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

// The lowest 24 bits of a word, or the lowest 53 of two.
DEVICE double mantissa(const u32* words) {
  return WIDE ? (double)((u64)(words[WIDE] & 0x1FFFFF) << 32 | words[0])
              : (double)(words[0] & 0xFFFFFF);
}

// ------------------------------------------------------- float64, as draws/reference.py defines it

// Natural logarithm of a positive normal number up to about one.
DEVICE double log_of(double x) {
  i64 bits = __double_as_longlong(x);
  int exponent = (int)(bits >> 52) - 1022;
  double m = __longlong_as_double((bits & 0xFFFFFFFFFFFFFll) | 0x3FE0000000000000ll);
  if (m < SQRT_HALF) {
    m = MUL(m, 2.0);
    exponent -= 1;
  }
  if (exponent > 0) {
    m = MUL(m, 2.0);  // a number of one or just above it is not scaled
    exponent = 0;
  }
  double s = DIV(SUB(m, 1.0), ADD(m, 1.0));
  return ADD(MUL((double)exponent, LN2), MUL(s, artanh(MUL(s, s))));
}

DEVICE double central_quantile(double m, double middle, double step, double left, double right) {
  double k = ADD(MUL(SUB(m, TWO_TO_BITS / 2), 2.0), 1.0);
  double central = ADD(MUL(k, step), middle);
  bool below = central < 0.0;
  if ((below ? -central : central) <= CENTRAL_LIMIT) {
    double square = SUB(CENTRAL_SQUARE, MUL(central, central));
    return DIV(MUL(central, center_numerator(square)), center_denominator(square));
  }
  double edge = below ? ADD(TWO_TO_BITS, k) : SUB(TWO_TO_BITS, k);
  double r = SQRT(-log_of(ADD(MUL(edge, step), below ? left : right)));
  double tail;
  if (r > NEAR_LIMIT) {
    double x = SUB(r, NEAR_LIMIT);
    tail = DIV(far_numerator(x), far_denominator(x));
  } else {
    double x = SUB(r, NEAR_SHIFT);
    tail = DIV(near_numerator(x), near_denominator(x));
  }
  return below ? -tail : tail;
}

DEVICE double inverse_mills(double z) {
  double value = z;
  ROLL for (int n = MILLS_TERMS; n > 0; --n) value = ADD(DIV((double)n, value), z);
  return value;
}

DEVICE double moved(double bound, double excess) {
  double twice = MUL(excess, 2.0);
  double root = bound < 1e150 ? SQRT(ADD(twice, MUL(bound, bound)))
                              : __longlong_as_double(0x7FF0000000000000ll);
  return ADD(DIV(twice, ADD(root, bound)), bound);
}

DEVICE double tail_quantile(double m, double bound, double ratio, double step, double sign) {
  double k = ADD(MUL(SUB(m, TWO_TO_BITS / 2), 2.0), 1.0);
  double edge = sign > 0.0 ? SUB(TWO_TO_BITS, k) : ADD(TWO_TO_BITS, k);
  double s = -log_of(ADD(MUL(edge, step), ratio));
  double own = inverse_mills(bound), excess = s;
  ROLL for (int n = 0; n < MILLS_ITERATIONS; ++n) {
    double other = inverse_mills(moved(bound, excess));
    double part = DIV(SUB(other, own), ADD(other, own));
    double square = MUL(part, part);
    double series = ADD(MUL(square, 2.0 / 7.0), 0.4);
    series = ADD(MUL(series, square), 2.0 / 3.0);
    series = ADD(MUL(series, square), 2.0);
    excess = SUB(s, MUL(part, series));
  }
  return MUL(moved(bound, excess), sign);
}

DEVICE void cos_sin_turns(double turns, double* cosine, double* sine) {
  int quarter = (int)ADD(MUL(turns, 4.0), 0.5);
  double x = MUL(SUB(turns, MUL((double)quarter, 0.25)), TWO_PI);
  double square = MUL(x, x);
  double c = cosine_series(square), s = MUL(x, sine_series(square));
  double first = quarter & 1 ? s : c, second = quarter & 1 ? c : s;
  *cosine = quarter == 1 || quarter == 2 ? -first : first;
  *sine = quarter == 2 || quarter == 3 ? -second : second;
}

// A float64 number rounded to float32, as float64: right where the hardware flushes, too.
DEVICE double rounded(double x) {
  i64 sign = __double_as_longlong(x) & (i64)0x8000000000000000ull;
  double size = sign ? -x : x;
  if (size >= 1.1754943508222875e-38) return (double)__double2float_rn(x);
  double small = (double)__double2ll_rn(MUL(size, 0x1p149));
  return __longlong_as_double(__double_as_longlong(MUL(small, 0x1p-149)) | sign);
}

// The bits of a float32 number that is given as float64.
DEVICE u32 single_bits(double x) {
  u32 sign = (u32)((u64)__double_as_longlong(x) >> 32) & 0x80000000u;
  double size = sign ? -x : x;
  if (size >= 1.1754943508222875e-38) return __float_as_uint(__double2float_rn(x));
  return sign | (u32)__double2ll_rn(MUL(size, 0x1p149));
}

// ---------------------------------------------------- the quantile by a table, in integers mostly

// z of a word, in 2^-52; other than 0 where its rounding to float32 is not decided.
//
// `half` is -(i + 1/2) on the upper side and i + 1/2 on the lower, where the word's lowest 24 bits
// are the i-th from that end. As a float32 it has the segment in the exponent and the first
// SEGMENT_BITS of the mantissa, and in the rest the place in it, counted from the end nearer to the
// middle so that all coefficients are positive. The cubic is evaluated in fixed point, to 2^-61. It
// is a lower bound of |z|, and an upper one is less than 2 (MARGIN_SLOPE |z| + MARGIN) away.
DEVICE u32 table_quantile(u32 word, const uint4* table, float* z) {
  float half = __fadd_rn(__int2float_rn((int)(word << 8)), 128.0f);
  u32 bits = __float_as_uint(half);
  uint4 entry = table[(bits >> (23 - SEGMENT_BITS) & ((256u << SEGMENT_BITS) - 1)) - TABLE_BIAS];
  u32 place = ~bits & ((1u << (23 - SEGMENT_BITS)) - 1);
  opaque(place);
  u32 shifted = place << 14;
  // What the first addend has in its lower half is noise to the fit, but saves a move.
  u32 bend = (u32)(((u64)shifted * (entry.x << 12) + ((u64)entry.w << 32 | entry.z)) >> 32);
  u64 value = (u64)(place << 6) * entry.z + ((u64)entry.y << 32 | entry.x);
  opaque_long(value);
  value += (u64)place * __umulhi(shifted, bend);
  // In two floats: a multiple of 2^-20, exactly, and what is below to 24 bits.
  u32 low = (u32)value, high = (u32)(value >> 32);
  float a = __uint2float_rn(high >> 9), b = __uint2float_rn(__funnelshift_r(low, high, 9));
  float width = __fmaf_rn(a, MARGIN_SLOPE * 0x1p33f, MARGIN * 0x1p53f);
  float least = __fmaf_rn(a, 0x1p32f, b), most = __fmaf_rn(a, 0x1p32f, __fadd_rn(b, width));
  *z = __uint_as_float(__float_as_uint(least) | (~bits & 0x80000000u));
  return __float_as_uint(least) ^ __float_as_uint(most);
}

// Two numbers between which the float32 |z| is, in 2^-29; and the bit of its sign.
//
// As above, by a quadratic in 32 bits. Its lower bound is rounded as |z| is, and so below it.
DEVICE u32 coarse_quantile(u32 word, const u64* table, float* least, float* most) {
  float half = __fadd_rn(__int2float_rn((int)(word << 8)), 128.0f);
  u32 bits = __float_as_uint(half);
  u64 entry = table[(bits >> (23 - SEGMENT_BITS) & ((256u << SEGMENT_BITS) - 1)) - TABLE_BIAS];
  u32 place = ~bits & ((1u << (23 - SEGMENT_BITS)) - 1), first = (u32)entry;
  opaque(place);
  u32 slope = place * (first & 0xFF) + first;
  u32 value = (u32)(((u64)(place << 6) * slope + entry) >> 32);
  opaque(value);  // or else it is converted as 64 bits, which takes longer
  *least = __uint2float_rn(value);
  *most = __fmaf_rn(*least, 1.0f + 0x1p-22f, COARSE_MARGIN);
  return ~bits & 0x80000000u;
}

// -------------------------------------------------------------------------------- words to results

// Bits of float32 results as they are stored: as they are, or those of a 16-bit format.
DEVICE u32 stored(u32 single) {
  if (FORM == BRAIN) return (single + 0x7FFFu + (single >> 16 & 1)) >> 16;
  if (FORM != HALF) return single;
#ifdef __CUDACC__
  unsigned short half;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half) : "f"(__uint_as_float(single)));
  return half;
#else
  u32 sign = single >> 16 & 0x8000u, size = single & 0x7FFFFFFFu;
  if (size >= 0x47800000u) return sign | 0x7C00u;  // 2^16 and beyond
  if (size < 0x38800000u) {                        // subnormal there: multiples of 2^-24
    return sign | (u32)__double2ll_rn((double)same_bits<float>(size) * 0x1p24);
  }
  return sign | ((size - 0x38000000u + 0xFFFu + (size >> 13 & 1)) >> 13);
#endif
}

// Two 16-bit results of float32 numbers, in one word.
DEVICE u32 stored_pair(u32 first, u32 second) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  u32 pair;
  if (FORM == BRAIN) {
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;"
        : "=r"(pair) : "f"(__uint_as_float(second)), "f"(__uint_as_float(first)));
  } else {
    asm("cvt.rn.f16x2.f32 %0, %1, %2;"
        : "=r"(pair) : "f"(__uint_as_float(second)), "f"(__uint_as_float(first)));
  }
  return pair;
#else
  return stored(second) << 16 | stored(first);
#endif
}

DEVICE double shift_of(int n, const u32* parameter) {
  return PARTS == 2 && n % 2 ? AT_DOUBLE(NUMBERS + 4) : AT_DOUBLE(NUMBERS + 2);
}

// Scale, shift and clip the n-th real: bits of a float32, or of a float64 where that is stored.
DEVICE u64 finish_exactly(double unit, int n, const u32* parameter) {
  double scale = AT_DOUBLE(NUMBERS), low = AT_DOUBLE(NUMBERS + 6), high = AT_DOUBLE(NUMBERS + 8);
  double shift = shift_of(n, parameter);
  double value = ADD(MUL(WIDE ? unit : rounded(unit), scale), shift);
  if (!WIDE) value = rounded(value);
  if (CLIP_LOW && value < low) value = low;
  if (CLIP_HIGH && value > high) value = high;
  return WIDE ? (u64)__double_as_longlong(value) : single_bits(value);
}

DEVICE u32 clipped(float value, const u32* parameter) {
  if (CLIP_LOW) value = fmaxf(value, __uint_as_float(AT(FAST + 1)));
  if (CLIP_HIGH) value = fminf(value, __uint_as_float(AT(FAST + 2)));
  return __float_as_uint(value);
}

// The same for parameters that keep clear of what the hardware flushes, of a multiple of `size`.
template <class Number>
DEVICE u64 finish_fast(Number unit, double size, int n, const u32* parameter) {
  float value;
  if (FINISH == SHIFTED) {
    double scale = MUL(AT_DOUBLE(NUMBERS), size);
    value = __double2float_rn(__fma_rn((double)unit, scale, shift_of(n, parameter)));
  } else {
    value = __fmul_rn((float)unit, __uint_as_float(AT(FAST)));
  }
  return clipped(value, parameter);
}

DEVICE double quantile(const u32* words, const u32* parameter) {
  double p0 = AT_DOUBLE(QUANTILE), p1 = AT_DOUBLE(QUANTILE + 2);
  double p2 = AT_DOUBLE(QUANTILE + 4), p3 = AT_DOUBLE(QUANTILE + 6);
  if (KIND == TAIL) return tail_quantile(mantissa(words), p0, p1, p2, p3);
  return central_quantile(mantissa(words), p0, p1, p2, p3);
}

// What the table gives, by float64. Not inlined, lest the constants take the registers of the rest.
SEPARATE float by_float64(u32 word, double middle, double step, double left, double right) {
  double z = central_quantile(mantissa(&word), middle, step, left, right);
  return __fmul_rn(__double2float_rn(z), 0x1p52f);
}

// The same of one of some words.
template <int LENGTH>
DEVICE float exact_quantile(int which, const u32* words, const u32* parameter) {
  u32 word = words[0];
  UNROLL for (int n = 1; n < LENGTH; ++n) word = n == which ? words[n] : word;
  return by_float64(word, AT_DOUBLE(QUANTILE), AT_DOUBLE(QUANTILE + 2), AT_DOUBLE(QUANTILE + 4),
                    AT_DOUBLE(QUANTILE + 6));
}

// The results of so many reals' words.
template <int LENGTH>
DEVICE void evaluate(const u32* words, const u32* parameter, const uint4* table, u64* results) {
#if KIND == BITS
  UNROLL for (int n = 0; n < LENGTH; ++n) results[n] = words[n];
#elif KIND == UNIFORM
  UNROLL for (int n = 0; n < LENGTH; ++n) {
    if (FINISH == EXACTLY) {
      double u = MUL(mantissa(words + n * (1 + WIDE)), 1.0 / TWO_TO_BITS);
      results[n] = finish_exactly(u, n, parameter);
    } else {
      int unit = (int)(CENTERED ? (words[n] << 8) + AT(CENTER) : words[n] & 0xFFFFFFu);
      results[n] = finish_fast(unit, 0x1p-24, n, parameter);
    }
  }
#elif KIND == TABLE
  float z[LENGTH];
  u32 open[LENGTH], any = 0, undecided = 0;
  UNROLL for (int n = 0; n < LENGTH; ++n) any |= open[n] = table_quantile(words[n], table, &z[n]);
  if (any) {
    UNROLL for (int n = 0; n < LENGTH; ++n) undecided |= open[n] ? 1u << n : 0;
    ROLL for (; undecided; undecided &= undecided - 1) {
      int which = __ffs(undecided) - 1;
      float exact = exact_quantile<LENGTH>(which, words, parameter);
      UNROLL for (int n = 0; n < LENGTH; ++n) z[n] = n == which ? exact : z[n];
    }
  }
  UNROLL for (int n = 0; n < LENGTH; ++n) {
    results[n] = FINISH == EXACTLY ? finish_exactly(MUL(z[n], 0x1p-52), n, parameter)
                                   : finish_fast(z[n], 0x1p-52, n, parameter);
  }
#elif KIND == COARSE
  // Both bounds are finished and stored: where that is one number, it is the result.
  u32 low[LENGTH], high[LENGTH], open[(LENGTH + 1) / 2], any = 0, undecided = 0;
  UNROLL for (int n = 0; n < LENGTH; ++n) {
    float least, most;
    u32 sign = coarse_quantile(words[n], (const u64*)table, &least, &most);
    float scale = __uint_as_float(AT(FAST) | sign);
    low[n] = clipped(__fmul_rn(least, scale), parameter);
    high[n] = clipped(__fmul_rn(most, scale), parameter);
  }
  UNROLL for (int n = 0; n < LENGTH; n += 2) {
    int next = n + (n + 1 < LENGTH);
    any |= open[n / 2] = stored_pair(low[n], low[next]) ^ stored_pair(high[n], high[next]);
  }
  if (any) {
    UNROLL for (int n = 0; n < LENGTH; ++n) {
      undecided |= open[n / 2] & (n % 2 ? 0xFFFF0000u : 0xFFFFu) ? 1u << n : 0;
    }
    ROLL for (; undecided; undecided &= undecided - 1) {
      int which = __ffs(undecided) - 1;
      float exact = __fmul_rn(exact_quantile<LENGTH>(which, words, parameter), 0x1p-23f);
      u32 result = clipped(__fmul_rn(exact, __uint_as_float(AT(FAST))), parameter);
      UNROLL for (int n = 0; n < LENGTH; ++n) low[n] = n == which ? result : low[n];
    }
  }
  UNROLL for (int n = 0; n < LENGTH; ++n) results[n] = low[n];
#elif KIND == CENTRAL || KIND == TAIL
  ROLL for (int n = 0; n < LENGTH; ++n) {
    results[n] = finish_exactly(quantile(words + n * (1 + WIDE), parameter), n, parameter);
  }
#else
  ROLL for (int n = 0; n < LENGTH; n += 2) {
    double u = MUL(mantissa(words + n * (1 + WIDE)), 1.0 / TWO_TO_BITS);
    double turns = MUL(mantissa(words + (n + 1) * (1 + WIDE)), 1.0 / TWO_TO_BITS);
    double first = AT_DOUBLE(QUANTILE), second = AT_DOUBLE(QUANTILE + 2), radius, cosine, sine;
    if (KIND == DISK) radius = SQRT(ADD(MUL(u, second), first));
    else radius = SQRT(-log_of(SUB(1.0, MUL(u, first))));
    cos_sin_turns(turns, &cosine, &sine);
    results[n] = finish_exactly(MUL(radius, cosine), n, parameter);
    results[n + 1] = finish_exactly(MUL(radius, sine), n + 1, parameter);
  }
#endif
}

// ------------------------------------------------------------------------------------- the kernel

// floor(number / divisor) for number < 2^63: see `divider` in axes.py.
DEVICE u64 divided(u64 number, u64 magic, u32 shift) {
  return __umul64hi(magic, number << 1) >> shift;
}

DEVICE void store_part(char* out, u64 result) {
  if (PART_BYTES == 2) *(unsigned short*)out = (unsigned short)stored((u32)result);
  if (PART_BYTES == 4) *(u32*)out = (u32)result;
  if (PART_BYTES == 8) *(u64*)out = result;
}

DEVICE void store_unit(char* out, const u64* results) {
  u32 words[UNIT * BYTES / 4 + 1];
  UNROLL for (int n = 0; n < REALS; ++n) {
    if (PART_BYTES == 2 && n % 2 == 0) {
      words[n / 2] = stored_pair((u32)results[n], (u32)results[n + (n + 1 < REALS)]);
    }
    if (PART_BYTES == 4) words[n] = (u32)results[n];
    if (PART_BYTES == 8) {
      words[2 * n] = (u32)results[n];
      words[2 * n + PART_BYTES / 8] = (u32)(results[n] >> 32);
    }
  }
  UNROLL for (int n = 0; n < UNIT * BYTES / 16; ++n) {
    ((uint4*)out)[n] = {words[4 * n], words[4 * n + 1], words[4 * n + 2], words[4 * n + 3]};
  }
}

DEVICE void fill_unit(u64 unit, char* out, const uint4* table, const u32* parameter) {
  u64 rest = unit, position = AT64(BASE), inner = 0;
  i64 place = 0, run_stride = DENSE ? 1 : (i64)AT64(STRIDE);
  UNROLL for (int d = 0; d < DIGITS; ++d) {
    u64 digit = rest;
    if (d < DIGITS - 1) {
      rest = divided(digit, AT64(DIGIT_MAGIC(d)), AT(DIGIT_SHIFT(d)));
      digit -= rest * AT64(DIGIT_LENGTH(d));
    }
    if (d == RUN) {
      inner = digit;
    } else {
      position += digit * AT64(DIGIT_POSITION(d));
      place += (i64)digit * (i64)AT64(DIGIT_PLACE(d));
    }
  }
  // A unit begins where a Philox block does; a run's first and last may stick out of it.
  u32 lead = (u32)position & (UNIT - 1);
  i64 start = (i64)(inner * UNIT) - (RUN < 0 ? 0 : lead);
  u64 block = (position + (u64)(RUN < 0 ? 0 : start)) / PER_BLOCK + AT64(OFFSET);
  u32 words[UNIT * WORDS > 4 ? UNIT * WORDS : 4];
  UNROLL for (int n = 0; n < (UNIT + PER_BLOCK - 1) / PER_BLOCK; ++n) {
    philox(block + n, parameter + ROUND_KEYS, words + 4 * n);
  }
  if (RUN < 0) {
    UNROLL for (int n = PER_BLOCK - 1; n > 0; --n) {
      if ((position & (PER_BLOCK - 1)) == (u32)n) {
        UNROLL for (int w = 0; w < WORDS; ++w) words[w] = words[n * WORDS + w];
      }
    }
  }
  u64 results[REALS];
  evaluate<REALS>(words, parameter, table, results);
  char* address = out + (place + start * run_stride) * BYTES;
  bool whole = start >= 0 && start + UNIT <= (i64)AT64(COUNT);
  if (DENSE && RUN >= 0 && whole && ((u64)address & 15) == 0) {
    store_unit(address, results);
    return;
  }
  UNROLL for (int n = 0; n < UNIT; ++n) {
    if (RUN < 0 || (start + n >= 0 && start + n < (i64)AT64(COUNT))) {
      UNROLL for (int part = 0; part < PARTS; ++part) {
        store_part(address + n * run_stride * BYTES + part * PART_BYTES, results[n * PARTS + part]);
      }
    }
  }
}

// Each block works with a copy of the table that is near to it.
#if (KIND == TABLE || KIND == COARSE) && defined(__CUDACC__)
#define LOAD_TABLE                                                               \
  const u32 size = TABLE_SIZE / (KIND == COARSE ? 2 : 1);                        \
  __shared__ uint4 shared[size];                                                 \
  for (u32 n = threadIdx.x; n < size; n += blockDim.x) shared[n] = table[n];     \
  __syncthreads();                                                               \
  table = shared;
#else
#define LOAD_TABLE
#endif

// Units that neither end of the run cuts, LANES apart, each stored by 16 bytes.
DEVICE void fill_whole_units(u64 block, char* address, const uint4* table, const u32* parameter) {
  u32 words[AT_ONCE * UNIT * WORDS];
  u64 results[AT_ONCE * REALS];
  const int blocks = UNIT / PER_BLOCK;
  UNROLL for (int n = 0; n < AT_ONCE * blocks; ++n) {
    philox(block + n / blocks * (LANES * blocks) + n % blocks, parameter + ROUND_KEYS, words + 4 * n);
  }
  evaluate<AT_ONCE * REALS>(words, parameter, table, results);
  UNROLL for (int n = 0; n < AT_ONCE; ++n) {
    store_unit(address + n * (LANES * UNIT * BYTES), results + n * REALS);
  }
}

#if MANY

// With a table two blocks are to be resident, whatever registers a compiler would rather take.
#if KIND == TABLE || KIND == COARSE
#define BOUNDS __launch_bounds__(THREADS, 2)
#else
#define BOUNDS __launch_bounds__(THREADS)
#endif

// The chunk of this number of an array with less than 2^31 units.
DEVICE void fill_chunk(u32 chunk, char* out, const uint4* table, const u32* parameter) {
  const u32 tile = LANES * AT_ONCE;
  u32 lead = AT(BASE) & (UNIT - 1), first = chunk * tile, unit = first + threadIdx.x;
  char* address = out - (i64)lead * BYTES;
  bool whole = first >= (lead != 0) && first + tile <= (lead + AT(COUNT)) / UNIT;
  if (whole && ((u64)address & 15) == 0) {
    u64 block = (AT64(BASE) - lead) / PER_BLOCK + (u64)unit * (UNIT / PER_BLOCK) + AT64(OFFSET);
    fill_whole_units(block, address + (u64)unit * (UNIT * BYTES), table, parameter);
    return;
  }
  u32 units = (lead + AT(COUNT) + UNIT - 1) / UNIT;
  ROLL for (int n = 0; n < AT_ONCE; ++n, unit += LANES) {
    if (unit < units) fill_unit(unit, out, table, parameter);
  }
}

// Each block of the grid fills chunks that follow one another, through the arrays.
extern "C" __global__ void BOUNDS fill(const CONSTANT Arguments arguments) {
  const u32* words = arguments.words;
  const uint4* table = arguments.table;
  LOAD_TABLE
  u32 chunk = (u32)((u64)arguments.chunks * blockIdx.x / gridDim.x);
  u32 end = (u32)((u64)arguments.chunks * (blockIdx.x + 1) / gridDim.x);
  u32 row = 0, beyond = arguments.arrays;
  while (beyond - row > 1) {
    u32 middle = (row + beyond) / 2;
    if (words[middle * ARRAY_WORDS + ARRAY_FIRST] <= chunk) row = middle;
    else beyond = middle;
  }
  for (; chunk < end; ++row) {
    const u32* array = words + row * ARRAY_WORDS;
    const u32* draw = words + array[ARRAY_DRAW];
    u32 parameter[PARAMETER_WORDS];
    UNROLL for (int n = 0; n < 10; ++n) {
      parameter[ROUND_KEYS + 2 * n] = array[ARRAY_SEED] + n * KEY_STEP_0;
      parameter[ROUND_KEYS + 2 * n + 1] = array[ARRAY_SEED + 1] + n * KEY_STEP_1;
    }
    UNROLL for (int n = 0; n < 2; ++n) {
      parameter[OFFSET + n] = array[ARRAY_OFFSET + n];
      parameter[BASE + n] = array[ARRAY_BASE + n];
      parameter[COUNT + n] = n ? 0 : array[ARRAY_COUNT];
    }
    UNROLL for (int n = 0; n < DRAW_WORDS; ++n) parameter[CENTER + n] = draw[n];
    char* out = (char*)((u64)array[ARRAY_ADDRESS + 1] << 32 | array[ARRAY_ADDRESS]);
    u32 first = array[ARRAY_FIRST];
    u32 last = row + 1 < arguments.arrays ? array[ARRAY_WORDS + ARRAY_FIRST] : end;
    if (last > end) last = end;
    ROLL for (; chunk < last; ++chunk) fill_chunk(chunk - first, out, table, parameter);
  }
}

#else

extern "C" __global__ void __launch_bounds__(THREADS) fill(const CONSTANT Arguments arguments) {
  const u32* parameter = arguments.words;
  const uint4* table = arguments.table;
  char* out = arguments.out;
  LOAD_TABLE
  u64 units = AT64(UNITS), done = 0;  // units before this one are filled, but for the first if cut
  u32 cut = 0;                        // whether the run's first unit begins before it
#if BULK
  u32 lead = AT(BASE) & (UNIT - 1);
  char* address = out - (i64)lead * BYTES;
  if (((u64)address & 15) == 0) {
    // A tile is what the threads of a block fill in a turn. More than 2^31 do not fit any memory.
    const u32 tile = LANES * AT_ONCE;
    cut = lead != 0;
    u64 whole = (lead + AT64(COUNT)) / UNIT;
    u64 tiles = whole > cut ? (whole - cut) / tile : 0;
    if (tiles > 0x7FFFFFFFu) tiles = 0;
    u32 end = (u32)tiles;
    opaque(end);
    done = cut + tiles * tile;
    u64 unit = cut + (u64)blockIdx.x * tile + threadIdx.x;
    address += unit * (UNIT * BYTES);
    u64 block = (AT64(BASE) - lead) / PER_BLOCK + unit * (UNIT / PER_BLOCK) + AT64(OFFSET);
    u64 step = (u64)gridDim.x * tile;
    for (u32 n = blockIdx.x; n < end; n += gridDim.x) {
      fill_whole_units(block, address, table, parameter);
      address += step * (UNIT * BYTES);
      block += step * (UNIT / PER_BLOCK);
    }
  }
#endif
  u64 step = (u64)gridDim.x * LANES;
  for (u64 n = (u64)blockIdx.x * LANES + threadIdx.x; n < units - done + cut; n += step) {
    fill_unit(done + n < units ? done + n : 0, out, table, parameter);
  }
}

#endif

#ifndef __CUDACC__
// Every thread of the grid, one after another.
extern "C" void fill_grid(u32 blocks, u32 threads, const Arguments* arguments) {
  gridDim.x = blocks;
  blockDim.x = threads;
  for (blockIdx.x = 0; blockIdx.x < blocks; ++blockIdx.x) {
    for (threadIdx.x = 0; threadIdx.x < threads; ++threadIdx.x) {
      fill(*arguments);
    }
  }
}
#endif
