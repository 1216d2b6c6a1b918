/* Orthogonal and unitary matrices: the records of them, and the calls that make them. */

#ifndef AGNOSTIC_INIT_MATRICES_H
#define AGNOSTIC_INIT_MATRICES_H

#include "native.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A batch of matrices of one key. Vectors are the columns of a tall matrix, the rows of a wide one.
 * The first normal of a matrix has the position `base` and what its places in the batch add to that;
 * entry `l` of vector `k` is made from the normal `k * length + l` after it.
 */
typedef struct {
  void *out;
  uint64_t seed, offset, base;
  const agnostic_init_axis *batch;
  int64_t rank;
  int64_t count, length;  /* of the vectors: count <= length */
  int64_t across, along;  /* bytes from one vector to the next, and from one entry to the next */
  double gain;
  int32_t store;   /* of the results: the normals' own, or 16 bits of them */
  int32_t special; /* whether the determinants shall be 1, before the gain */
  agnostic_init_draw normal; /* standard normals, of the dtype that is computed in */
} agnostic_init_matrices;

/* Make matrices `start` to `stop` of the line that those of the records make, each by one of at most
 * so many threads. 0, or -1 where memory is short.
 */
AGNOSTIC_INIT_API int32_t agnostic_init_make_matrices(const agnostic_init_matrices *records, int64_t count,
                                                      uint64_t start, uint64_t stop, int32_t threads);

/* What making one of them in steps takes: how many steps, and bytes of memory that lasts. */
AGNOSTIC_INIT_API void agnostic_init_matrix_steps(const agnostic_init_matrices *record, int64_t *steps,
                                                  int64_t *bytes);

/* Do steps `start` to `stop` of matrix `index`, all before them being done, by threads that share them. */
AGNOSTIC_INIT_API int32_t agnostic_init_make_matrix(const agnostic_init_matrices *record, uint64_t index,
                                                    void *memory, int64_t start, int64_t stop, int32_t threads);

#ifdef __cplusplus
}

namespace agnostic_init {

// How a matrix is made: panels of reflectors first, then groups of its columns, each of them alone.
struct Steps {
  int64_t panels, groups;
  int64_t bytes, scratch;  // of all panels together, and of a thread
};

typedef Steps StepsOf(const agnostic_init_matrices &record);
typedef void Step(const agnostic_init_matrices &record, uint64_t index, int64_t step, char *memory, char *scratch);

}  // namespace agnostic_init
#endif

#endif
