// Vectors of WIDTH bytes by the compilers' own extension, and by intrinsics what that has no word for.
//
// Included once by each build of a kernel, with INSTRUCTIONS as in native.h. Everything is of internal
// linkage, lest one build's code be linked into another.

#ifndef AGNOSTIC_INIT_VECTORS_H
#define AGNOSTIC_INIT_VECTORS_H

#include <stddef.h>
#include <stdint.h>

// Another header may stand in for what the processor at hand has not.
#ifndef INTRINSICS
#define INTRINSICS <immintrin.h>
#endif

#if INSTRUCTIONS == 2
#include INTRINSICS
#define WIDTH 64
#elif INSTRUCTIONS == 1
#include INTRINSICS
#define WIDTH 32
#else
#define WIDTH 16
#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif
#endif

#define MEMBER inline __attribute__((always_inline))
#define INLINE static MEMBER
#define RESTRICT __restrict__

typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;
typedef int64_t i64;

#define VECTOR(type, bytes) __attribute__((vector_size(bytes))) type
typedef VECTOR(u32, WIDTH) u32v;
typedef VECTOR(i32, WIDTH) i32v;
typedef VECTOR(float, WIDTH) f32v;
typedef VECTOR(u64, WIDTH) u64v;
typedef VECTOR(i64, WIDTH) i64v;
typedef VECTOR(double, WIDTH) f64v;
typedef VECTOR(i32, WIDTH / 2) i32h;  // as many as a vector of 64-bit numbers holds
typedef VECTOR(float, WIDTH / 2) f32h;
typedef VECTOR(int16_t, WIDTH / 2) i16h;  // as many as a vector of 32-bit numbers holds
typedef VECTOR(uint16_t, WIDTH / 2) u16h;
typedef VECTOR(uint8_t, WIDTH / 4) u8q;

enum { L32 = WIDTH / 4, L64 = WIDTH / 8 };  // lanes

// Reads and writes at any address.
template <class Vector, class Item> INLINE Vector load(const Item *from) {
  Vector value;
  __builtin_memcpy(&value, from, sizeof value);
  return value;
}
template <class Vector, class Item> INLINE void store(Item *to, Vector value) {
  __builtin_memcpy(to, &value, sizeof value);
}

INLINE f64v all(double x) { return x - f64v{}; }
INLINE u64v all(u64 x) { return x - u64v{}; }
INLINE f32v all(float x) { return x - f32v{}; }

// By masks, as comparisons make them.
INLINE f64v choose(i64v which, f64v yes, f64v no) { return (f64v)((which & (i64v)yes) | (~which & (i64v)no)); }
INLINE i32v choose(i32v which, i32v yes, i32v no) { return (which & yes) | (~which & no); }

// 64-bit products of the lower halves of the lanes.
INLINE u64v multiply(u64v a, u64v b) {
#if INSTRUCTIONS == 2
  return (u64v)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif INSTRUCTIONS == 1
  return (u64v)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
  return (u64v)_mm_mul_epu32((__m128i)a, (__m128i)b);
#elif defined(__aarch64__)
  return (u64v)vmull_u32(vmovn_u64((uint64x2_t)a), vmovn_u64((uint64x2_t)b));
#else
  return (a & 0xFFFFFFFF) * (b & 0xFFFFFFFF);
#endif
}

// Correctly rounded.
INLINE f64v root(f64v x) {
#if INSTRUCTIONS == 2
  return (f64v)_mm512_sqrt_pd((__m512d)x);
#elif INSTRUCTIONS == 1
  return (f64v)_mm256_sqrt_pd((__m256d)x);
#elif defined(__SSE2__)
  return (f64v)_mm_sqrt_pd((__m128d)x);
#elif defined(__aarch64__)
  return (f64v)vsqrtq_f64((float64x2_t)x);
#else
  for (int n = 0; n < L64; ++n) x[n] = __builtin_sqrt(x[n]);
  return x;
#endif
}

// a * b + c, rounded once where the processor has that, else twice.
INLINE f64v fused(f64v a, f64v b, f64v c) {
#if INSTRUCTIONS == 2
  return (f64v)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif INSTRUCTIONS == 1
  return (f64v)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif defined(__aarch64__)
  return (f64v)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#else
  return a * b + c;
#endif
}

INLINE f32v fused(f32v a, f32v b, f32v c) {
#if INSTRUCTIONS == 2
  return (f32v)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif INSTRUCTIONS == 1
  return (f32v)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__aarch64__)
  return (f32v)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
  return a * b + c;
#endif
}

// The lower of a value and what it may not exceed, and the like; of equal ones the value.
INLINE f32v at_most(f32v value, f32v bound) {
#if INSTRUCTIONS == 2
  return (f32v)_mm512_min_ps((__m512)bound, (__m512)value);
#elif INSTRUCTIONS == 1
  return (f32v)_mm256_min_ps((__m256)bound, (__m256)value);
#elif defined(__SSE2__)
  return (f32v)_mm_min_ps((__m128)bound, (__m128)value);
#else
  i32v above = value > bound;
  return (f32v)((above & (i32v)bound) | (~above & (i32v)value));
#endif
}
INLINE f32v at_least(f32v value, f32v bound) {
#if INSTRUCTIONS == 2
  return (f32v)_mm512_max_ps((__m512)bound, (__m512)value);
#elif INSTRUCTIONS == 1
  return (f32v)_mm256_max_ps((__m256)bound, (__m256)value);
#elif defined(__SSE2__)
  return (f32v)_mm_max_ps((__m128)bound, (__m128)value);
#else
  i32v below = value < bound;
  return (f32v)((below & (i32v)bound) | (~below & (i32v)value));
#endif
}

// Halves of a vector as float64, which compilers convert by halves again, and two such as float32.
INLINE f64v first_half(i32v x) {
#if INSTRUCTIONS == 2
  return (f64v)_mm512_cvtepi32_pd(_mm512_castsi512_si256((__m512i)x));
#elif INSTRUCTIONS == 1
  return (f64v)_mm256_cvtepi32_pd(_mm256_castsi256_si128((__m256i)x));
#else
  i32h half;
  __builtin_memcpy(&half, &x, sizeof half);
  return __builtin_convertvector(half, f64v);
#endif
}
INLINE f64v second_half(i32v x) {
#if INSTRUCTIONS == 2
  return (f64v)_mm512_cvtepi32_pd(_mm512_extracti64x4_epi64((__m512i)x, 1));
#elif INSTRUCTIONS == 1
  return (f64v)_mm256_cvtepi32_pd(_mm256_extracti128_si256((__m256i)x, 1));
#else
  i32h half;
  __builtin_memcpy(&half, (char *)&x + sizeof half, sizeof half);
  return __builtin_convertvector(half, f64v);
#endif
}
INLINE f32v joined(f64v first, f64v second) {
#if INSTRUCTIONS == 2
  __m256 low = _mm512_cvtpd_ps((__m512d)first), high = _mm512_cvtpd_ps((__m512d)second);
  return (f32v)_mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
#elif INSTRUCTIONS == 1
  __m128 low = _mm256_cvtpd_ps((__m256d)first), high = _mm256_cvtpd_ps((__m256d)second);
  return (f32v)_mm256_insertf128_ps(_mm256_castps128_ps256(low), high, 1);
#else
  f32h low = __builtin_convertvector(first, f32h), high = __builtin_convertvector(second, f32h);
  return __builtin_shufflevector(low, high, 0, 1, 2, 3);
#endif
}

// The signs of the lanes as bits, the first one's the lowest.
INLINE u32 signs(i32v x) {
#if INSTRUCTIONS == 2
  return _mm512_movepi32_mask((__m512i)x);
#elif INSTRUCTIONS == 1
  return (u32)_mm256_movemask_ps((__m256)x);
#elif defined(__SSE2__)
  return (u32)_mm_movemask_ps((__m128)x);
#elif defined(__aarch64__)
  return vaddvq_u32((uint32x4_t)(x >> 31 & i32v{1, 2, 4, 8}));
#else
  u32 bits = 0;
  for (int n = 0; n < L32; ++n) bits |= (u32)(x[n] < 0) << n;
  return bits;
#endif
}

INLINE u32v absolute(i32v x) {
#if INSTRUCTIONS == 2
  return (u32v)_mm512_abs_epi32((__m512i)x);
#elif INSTRUCTIONS == 1
  return (u32v)_mm256_abs_epi32((__m256i)x);
#else
  const u32v sign = (u32v)(x >> 31);
  return ((u32v)x ^ sign) - sign;
#endif
}

INLINE i32v widened(i16h x) {
#if INSTRUCTIONS == 2
  return (i32v)_mm512_cvtepi16_epi32((__m256i)x);
#elif INSTRUCTIONS == 1
  return (i32v)_mm256_cvtepi16_epi32((__m128i)x);
#else
  return __builtin_convertvector(x, i32v);
#endif
}

// Lanes that are not negative, and fit.
INLINE u16h halves(i32v x) {
#if INSTRUCTIONS == 2
  return (u16h)_mm512_cvtepi32_epi16((__m512i)x);
#elif INSTRUCTIONS == 1
  return (u16h)_mm_packus_epi32(_mm256_castsi256_si128((__m256i)x), _mm256_extracti128_si256((__m256i)x, 1));
#else
  return __builtin_convertvector((u32v)x, u16h);
#endif
}
INLINE u8q quarters(i32v x) {
#if INSTRUCTIONS == 1
  const __m128i half = (__m128i)halves(x);
  const i64 quarter = _mm_cvtsi128_si64(_mm_packus_epi16(half, half));
  u8q bytes;
  __builtin_memcpy(&bytes, &quarter, sizeof bytes);
  return bytes;
#elif INSTRUCTIONS == 2
  return (u8q)_mm512_cvtepi32_epi8((__m512i)x);
#else
  return __builtin_convertvector((u32v)x, u8q);
#endif
}

// Four numbers at each of so many addresses as there are lanes: the first of each, and so on.
INLINE void transposed(const double *const *rows, f64v *columns) {
#if INSTRUCTIONS == 2
  auto pairs = [rows](int first, int at) {
    __m512d all = _mm512_castpd128_pd512(_mm_load_pd(rows[first] + at));
    all = _mm512_insertf64x2(all, _mm_load_pd(rows[first + 2] + at), 1);
    all = _mm512_insertf64x2(all, _mm_load_pd(rows[first + 4] + at), 2);
    return _mm512_insertf64x2(all, _mm_load_pd(rows[first + 6] + at), 3);
  };
  for (int n = 0; n < 4; n += 2) {
    __m512d even = pairs(0, n), odd = pairs(1, n);
    columns[n] = (f64v)_mm512_unpacklo_pd(even, odd);
    columns[n + 1] = (f64v)_mm512_unpackhi_pd(even, odd);
  }
#elif INSTRUCTIONS == 1
  for (int n = 0; n < 4; n += 2) {
    __m256d even = _mm256_castpd128_pd256(_mm_load_pd(rows[0] + n));
    __m256d odd = _mm256_castpd128_pd256(_mm_load_pd(rows[1] + n));
    even = _mm256_insertf128_pd(even, _mm_load_pd(rows[2] + n), 1);
    odd = _mm256_insertf128_pd(odd, _mm_load_pd(rows[3] + n), 1);
    columns[n] = (f64v)_mm256_unpacklo_pd(even, odd);
    columns[n + 1] = (f64v)_mm256_unpackhi_pd(even, odd);
  }
#else
  for (int n = 0; n < 4; n += 2) {
    f64v even = load<f64v>(rows[0] + n), odd = load<f64v>(rows[1] + n);
    columns[n] = __builtin_shufflevector(even, odd, 0, 2);
    columns[n + 1] = __builtin_shufflevector(even, odd, 1, 3);
  }
#endif
}

#endif
