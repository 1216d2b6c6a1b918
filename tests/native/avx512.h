// AVX-512 by SIMDe, and what the versions of that at hand lack.

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

typedef int eight_integers __attribute__((vector_size(32)));
typedef float eight_singles __attribute__((vector_size(32)));
typedef double eight_doubles __attribute__((vector_size(64)));

#define _mm512_cvtepi32_pd(x) \
  ((simde__m512d)__builtin_convertvector((eight_integers)(x), eight_doubles))
#define _mm512_cvtpd_ps(x) ((simde__m256)__builtin_convertvector((eight_doubles)(x), eight_singles))

typedef int sixteen_integers __attribute__((vector_size(64)));
typedef short sixteen_shorts __attribute__((vector_size(32)));
typedef char sixteen_bytes __attribute__((vector_size(16)));

#define _mm512_cvtepi16_epi32(x) \
  ((simde__m512i)__builtin_convertvector((sixteen_shorts)(x), sixteen_integers))
#define _mm512_cvtepi32_epi16(x) \
  ((simde__m256i)__builtin_convertvector((sixteen_integers)(x), sixteen_shorts))
#define _mm512_cvtepi32_epi8(x) \
  ((simde__m128i)__builtin_convertvector((sixteen_integers)(x), sixteen_bytes))

static inline simde__m256i two_halves(simde__m512 x) {
  __m256 halves[2];
  __builtin_memcpy(halves, &x, sizeof halves);
  __m128i results[2] = {_mm256_cvtps_ph(halves[0], 0), _mm256_cvtps_ph(halves[1], 0)};
  simde__m256i joined;
  __builtin_memcpy(&joined, results, sizeof joined);
  return joined;
}
#define _mm512_cvtps_ph(x, rounding) two_halves(x)
