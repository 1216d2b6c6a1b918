// Runs the kernel of one instruction set, built by itself: for each request on standard input a job, the
// bytes of its memory, and how many words are given, which follow; its memory is the answer.

#include <stdio.h>
#include <stdlib.h>

#include "draws.cpp"

int main() {
  agnostic_init_job job;
  uint64_t bytes, given;
  while (fread(&job, sizeof job, 1, stdin) == 1 && fread(&bytes, 8, 1, stdin) == 1 &&
         fread(&given, 8, 1, stdin) == 1) {
    uint32_t *words = (uint32_t *)malloc(4 * given + 1);
    job.out = malloc(bytes + 1);
    if (fread(words, 4, given, stdin) != given) return 1;
    if (given) {
      agnostic_init::NAMESPACE::from_words(job.draw, words, (int64_t)job.size, job.out);
    } else {
      agnostic_init::NAMESPACE::fill(job, 0, job.size);
    }
    if (fwrite(job.out, 1, bytes, stdout) != bytes) return 1;
    free(words);
    free(job.out);
  }
  return 0;
}
