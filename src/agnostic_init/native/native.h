/* What the compiled library offers, and the records that it reads. Python packs them with `struct`.
 *
 * No function throws, and none keeps a pointer or a thread beyond its return.
 */

#ifndef AGNOSTIC_INIT_NATIVE_H
#define AGNOSTIC_INIT_NATIVE_H

#include <stdint.h>

#if defined(_WIN32)
#define AGNOSTIC_INIT_API __declspec(dllexport)
#else
#define AGNOSTIC_INIT_API __attribute__((visibility("default")))
#endif

/* Changes with every change of what is below. */
#define AGNOSTIC_INIT_ABI 8

#ifdef __cplusplus
extern "C" {
#endif

enum agnostic_init_kind {
  AGNOSTIC_INIT_BITS,
  AGNOSTIC_INIT_UNIFORM,
  AGNOSTIC_INIT_CENTRAL, /* a normal quantile: `numbers` are middle, step, left, right */
  AGNOSTIC_INIT_TAIL,    /* the same far out: bound, ratio, step, sign */
  AGNOSTIC_INIT_DISK,    /* squares of the inner radius and of the span to the outer one */
  AGNOSTIC_INIT_MODULUS, /* probability of the bound of the modulus, and 0 */
  AGNOSTIC_INIT_CONSTANT /* `shift`, a real number, in a job of rank 0 */
};

/* How one real number, or a word, is stored. */
enum agnostic_init_store {
  AGNOSTIC_INIT_FLOAT32,
  AGNOSTIC_INIT_FLOAT64,
  AGNOSTIC_INIT_FLOAT16,
  AGNOSTIC_INIT_BFLOAT16,
  AGNOSTIC_INIT_FLOAT8, /* the one that the four fields of the draw describe */
  AGNOSTIC_INIT_UINT32,
  AGNOSTIC_INIT_INT64
};

/* A `Draw`: draws/record.py says what its numbers mean. */
typedef struct {
  int32_t kind, store;
  int32_t parts;         /* reals an element is made of: 2 where it is complex */
  int32_t mantissa_bits; /* of an 8-bit format: those that are stored */
  int32_t min_exponent;  /* of its smallest normal number */
  int32_t last_code;     /* of its largest finite number, which greater ones become */
  int32_t negative_zero; /* whether it has one */
  int32_t unused;
  double scale, shift, shift_imag, low, high;
  double numbers[4];
} agnostic_init_draw;

/* An axis of a block, of `count` elements: the step in the stream, mod 2^64, and in bytes. */
typedef struct {
  int64_t count;
  uint64_t position;
  int64_t place;
} agnostic_init_axis;

/* A block of a draw: element `i` of a contiguous one has position `base + i`, and a block of axes
 * is walked in their order, the last one fastest. A job of rank 0 is contiguous in the stream and
 * in memory.
 */
typedef struct {
  void *out;
  uint64_t seed, offset;
  uint64_t base, size;
  const agnostic_init_axis *axes;
  int64_t rank; /* at most 64: axes of one element are left out, and there are 2^64 at most */
  agnostic_init_draw draw;
} agnostic_init_job;

enum agnostic_init_instructions {
  AGNOSTIC_INIT_PORTABLE,
  AGNOSTIC_INIT_AVX2,  /* x86-64-v3: AVX2 and fused multiply-adds */
  AGNOSTIC_INIT_AVX512 /* x86-64-v4 */
};

AGNOSTIC_INIT_API int32_t agnostic_init_abi(void);

/* The bytes of a draw, an axis, a job and matrices, by number; -1 of any other. */
AGNOSTIC_INIT_API int32_t agnostic_init_record_size(int32_t record);

/* Those in use: the best of this build that the processor has, until another is chosen. */
AGNOSTIC_INIT_API int32_t agnostic_init_instructions(void);

/* Whether this build and this processor have them. */
AGNOSTIC_INIT_API int32_t agnostic_init_has(int32_t instructions);

/* Choose them. 0, or -1 where there are none such. */
AGNOSTIC_INIT_API int32_t agnostic_init_use(int32_t instructions);

/* Write elements `start` to `stop` of the line that the jobs' elements make, one job after another,
 * by at most so many threads. 0, or -1 where memory is short.
 */
AGNOSTIC_INIT_API int32_t agnostic_init_fill(const agnostic_init_job *jobs, int64_t count,
                                             uint64_t start, uint64_t stop, int32_t threads);

/* Write so many elements of a draw, contiguous, each made of the next 1, 2 or 4 of these words. */
AGNOSTIC_INIT_API int32_t agnostic_init_from_words(const agnostic_init_draw *draw,
                                                   const uint32_t *words, int64_t count, void *out);

/* Keys of items by their names: `lengths` bytes of each one after the other. The seed and the offset
 * of each item's key go to `keys`, those of the next one `step` numbers further.
 */
AGNOSTIC_INIT_API void agnostic_init_fold(uint64_t seed, uint64_t offset, const char *text,
                                          const int64_t *lengths, int64_t count, uint64_t *keys,
                                          int64_t step);

/* A job by XLA, which hands over a frame of its foreign function interface: a buffer with the record
 * of a block and its axes, one with the four words of the key; the result.
 */
AGNOSTIC_INIT_API void *agnostic_init_xla(void *frame);

/* The four sums of a fingerprint, mod 2^32, of words `start` to `stop` of those that the axes walk, by at most
 * so many threads. A word has 1, 2 or 4 bytes, and the first one the position `base`. There is an axis at least, and
 * none is empty.
 */
AGNOSTIC_INIT_API void agnostic_init_fingerprint(const void *data, const agnostic_init_axis *axes,
                                                 int64_t rank, uint64_t base, int32_t itemsize,
                                                 uint64_t start, uint64_t stop, int32_t threads,
                                                 uint32_t *sums);

#ifdef __cplusplus
}

/* For other sources of the library. */
namespace agnostic_init {

/* Elements of one job, by the calling thread. */
void fill(const agnostic_init_job &job, uint64_t start, uint64_t stop);

/* While one lives, its thread rounds to nearest and flushes nothing, whatever it was told before. */
class Arithmetic {
 public:
  Arithmetic();
  ~Arithmetic();

 private:
  uint64_t before = 0;
};

}  // namespace agnostic_init
#endif

#endif
