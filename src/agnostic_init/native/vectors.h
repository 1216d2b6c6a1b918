// Vectors of WIDTH bytes by the compilers' own extension, and by intrinsics what that has no word for.
//
// Included once by each build of a kernel, with INSTRUCTIONS as in native.h. Everything is of internal
// linkage, lest one build's code be linked into another.

#ifndef AGNOSTIC_INIT_VECTORS_H
#define AGNOSTIC_INIT_VECTORS_H

#include <stddef.h>
#include <stdint.h>

#if INSTRUCTIONS == 2
#include <immintrin.h>
#define WIDTH 64
#elif INSTRUCTIONS == 1
#include <immintrin.h>
#define WIDTH 32
#else
#define WIDTH 16
#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif
#endif

#define INLINE static inline __attribute__((always_inline))
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

#endif
