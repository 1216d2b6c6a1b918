// AVX-512 by SIMDe, and what the versions of that at hand lack.

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

typedef int eight_integers __attribute__((vector_size(32)));
typedef float eight_singles __attribute__((vector_size(32)));
typedef double eight_doubles __attribute__((vector_size(64)));

#define _mm512_cvtepi32_pd(x) \
  ((simde__m512d)__builtin_convertvector((eight_integers)(x), eight_doubles))
#define _mm512_cvtpd_ps(x) ((simde__m256)__builtin_convertvector((eight_doubles)(x), eight_singles))
