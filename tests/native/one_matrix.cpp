// Makes a matrix by the kernel of one instruction set: from standard input its record and the bytes of
// its memory, which are the answer.

#include <stdio.h>
#include <stdlib.h>

#include "matrices.h"

namespace agnostic_init {

namespace NAMESPACE {
void fill(const agnostic_init_job &job, uint64_t start, uint64_t stop);
StepsOf steps_of;
Step make_panel, make_group;
}  // namespace NAMESPACE

void fill(const agnostic_init_job &job, uint64_t start, uint64_t stop) { NAMESPACE::fill(job, start, stop); }

}  // namespace agnostic_init

int main() {
  using namespace agnostic_init;
  agnostic_init_matrices record;
  uint64_t bytes;
  if (fread(&record, sizeof record, 1, stdin) != 1 || fread(&bytes, 8, 1, stdin) != 1) return 1;
  record.out = malloc(bytes);
  const Steps steps = NAMESPACE::steps_of(record);
  char *memory = (char *)malloc(steps.bytes), *scratch = (char *)malloc(steps.scratch);
  for (int64_t n = 0; n < steps.panels; ++n) NAMESPACE::make_panel(record, 0, n, memory, scratch);
  for (int64_t n = 0; n < steps.groups; ++n) NAMESPACE::make_group(record, 0, n, memory, scratch);
  return fwrite(record.out, 1, bytes, stdout) != bytes;
}
