// Runs the kernel of one instruction set, built by itself: for each request on standard input a job, the
// bytes of its memory, and how many words are given, which follow; its memory is the answer.
//
// With a number as an argument, it prints the largest error of the normal quantile for few bits, and of that
// within two sigmas, relative to the float32 values, of every so many words.

#include <stdio.h>
#include <stdlib.h>

#include "draws.cpp"

namespace agnostic_init {
namespace NAMESPACE {

double largest_error(const double *numbers, u32 step) {
  Draw draw = {};
  draw.kind = AGNOSTIC_INIT_CENTRAL;
  draw.parts = 1;
  draw.scale = 1.0;
  draw.low = -__builtin_inf();
  draw.high = __builtin_inf();
  __builtin_memcpy(draw.numbers, numbers, sizeof draw.numbers);
  double largest = 0.0;
  for (u32 first = 0; first < 1u << 24; first += CHUNK * step) {
    u32 words[CHUNK];
    float values[CHUNK];
    for (u32 n = 0; n < CHUNK; ++n) words[n] = first + n * step;
    from_words(draw, words, CHUNK, values);
    for (i64 n = 0; n < CHUNK; n += L32) {
      f32v z;
      i32v beyond;
      nearly<1>(draw, words + n, &z, &beyond);
      for (int i = 0; i < L32; ++i) {
        const double error = __builtin_fabs(z[i] / (double)values[n + i] - 1.0);
        if (beyond[i] >= 0 && error > largest) largest = error;
      }
    }
  }
  return largest;
}

}  // namespace NAMESPACE
}  // namespace agnostic_init

int main(int count, char **arguments) {
  using namespace agnostic_init;
  if (count == 2) {
    const uint32_t step = (uint32_t)atoi(arguments[1]);
    printf("%g %g\n", NAMESPACE::largest_error(STANDARD, step), NAMESPACE::largest_error(TWO_SIGMAS, step));
    return 0;
  }
  agnostic_init_job job;
  uint64_t bytes, given;
  while (fread(&job, sizeof job, 1, stdin) == 1 && fread(&bytes, 8, 1, stdin) == 1 &&
         fread(&given, 8, 1, stdin) == 1) {
    uint32_t *words = (uint32_t *)malloc(4 * given + 1);
    job.out = malloc(bytes + 1);
    if (fread(words, 4, given, stdin) != given) return 1;
    if (given) {
      NAMESPACE::from_words(job.draw, words, (int64_t)job.size, job.out);
    } else {
      NAMESPACE::fill(job, 0, job.size);
    }
    if (fwrite(job.out, 1, bytes, stdout) != bytes) return 1;
    free(words);
    free(job.out);
  }
  return 0;
}
