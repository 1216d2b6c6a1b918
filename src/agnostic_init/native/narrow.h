// Vectors of float32 numbers as they are stored: themselves, or the bits of a narrower format, rounded to
// nearest even. For finite numbers and infinities. Of internal linkage, as all of vectors.h.

#ifndef AGNOSTIC_INIT_NARROW_H
#define AGNOSTIC_INIT_NARROW_H

#include "constants.h"
#include "native.h"
#include "vectors.h"

namespace agnostic_init {
namespace {

// The bits of numbers without their signs: re-biased and rounded by adding just below half a unit; a
// subnormal's by adding a number whose last bit is worth the smallest one. None are above `last`.
INLINE i32v narrowed(i32v size, int mantissa, int min_exponent, i32 last) {
  const int dropped = 23 - mantissa, exponent = (126 + min_exponent) << 23;
  const i32v magic = ((127 + min_exponent + dropped) << 23) - i32v{}, most = last - i32v{};
  i32v subnormal = (i32v)((f32v)size + (f32v)magic) - magic;
  i32v normal = (size + ((1 << (dropped - 1)) - 1) + (size >> dropped & 1) - exponent) >> dropped;
  i32v code = choose(size < exponent + (1 << 23), subnormal, normal);
  return choose((size >= 0x7F800000) | (code > most), most, code);
}

struct Float32 {
  typedef float Item;

  MEMBER f32v operator()(f32v x) const { return x; }
};

struct Float64 {
  typedef double Item;
};

// `nearly` rounds numbers that are off by up to NEARLY_ERROR of themselves. `open` is negative where that may
// change the result.

struct Bfloat16 {
  typedef uint16_t Item;

  MEMBER u16h operator()(f32v x) const {
    u32v bits = (u32v)x;
    return halves((i32v)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16));
  }

  MEMBER u16h nearly(f32v x, i32v *open) const {
    // What is dropped, from the middle between two results.
    u32v bits = (u32v)x + 0x8000;
    *open = (i32v)(absolute((i32v)(bits << 16)) - ((u32)(0x1p24f * NEARLY_ERROR + 2.0f) << 16));
    return halves((i32v)(bits >> 16));
  }
};

struct Float16 {
  typedef uint16_t Item;

  MEMBER u16h operator()(f32v x) const {
#if INSTRUCTIONS == 2
    return (u16h)_mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif INSTRUCTIONS == 1
    return (u16h)_mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT);
#elif defined(__aarch64__)
    return (u16h)vcvt_f16_f32((float32x4_t)x);
#else
    i32v size = (i32v)x & INT32_MAX;
    return halves(narrowed(size, 10, -14, 0x7C00) | ((i32v)x >> 16 & 0x8000));
#endif
  }

  MEMBER u16h nearly(f32v x, i32v *open) const {
    const u16h least = (*this)(x * (1.0f - NEARLY_ERROR)), most = (*this)(x * (1.0f + NEARLY_ERROR));
    *open = widened((i16h)(least != most));
    return least;
  }
};

// The one that a draw describes.
struct Float8 {
  typedef uint8_t Item;
  const int mantissa, min_exponent;
  const i32 last, zero;

  explicit Float8(const agnostic_init_draw &draw)
      : mantissa(draw.mantissa_bits),
        min_exponent(draw.min_exponent),
        last(draw.last_code),
        zero(draw.negative_zero ? 0x80 : 0) {}

  MEMBER u8q operator()(f32v x) const {
    i32v size = (i32v)x & INT32_MAX, code = narrowed(size, mantissa, min_exponent, last);
    i32v sign = choose(code == 0, zero - i32v{}, 0x80 - i32v{});
    return quarters(code | (sign & (i32v)x >> 31));
  }

  MEMBER u8q nearly(f32v x, i32v *open) const {
    const u8q least = (*this)(x * (1.0f - NEARLY_ERROR)), most = (*this)(x * (1.0f + NEARLY_ERROR));
    *open = __builtin_convertvector(least != most, i32v);
    return least;
  }
};

// So many numbers; a vector's rest is written too.
template <class To> void convert(const To &to, const float *RESTRICT from, i64 count, typename To::Item *RESTRICT out) {
  for (i64 n = 0; n < count; n += L32) store(out + n, to(load<f32v>(from + n)));
}

}  // namespace
}  // namespace agnostic_init

#endif
