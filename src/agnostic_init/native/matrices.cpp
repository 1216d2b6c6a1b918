// Haar-distributed orthogonal matrices as products of reflectors: Q = H_1 H_2 ... H_n diag(-gain s).
//
// Every vector of normals gives a reflector, H = I - v v^T / h. A panel of some of them is I - V T V^T
// with T = (diag(h) + striu(V^T V))^-1, and is applied to Q as V (-T V^T) Q, so that nearly all is
// products of small matrices. Columns of Q do not meet: some at a time stay in cache, panel after panel,
// in slabs of as many as a cache line holds.
//
// Unitary matrices are the same in real numbers: a complex reflector is two real ones, of v and of i v,
// and a column of Q is one of its real and imaginary parts, in turn.
//
// Built once for each set of instructions, in a namespace of its own. Sums are added in one order in all
// of them, whatever the number of threads; but where there is no fused multiply-add a product is rounded
// before it is added, so that portable builds differ in the last bits.

#include "matrices.h"
#include "narrow.h"
#include "vectors.h"

namespace agnostic_init {
namespace NAMESPACE {

StepsOf steps_of;
Step make_panel, make_group;

namespace {

typedef agnostic_init_matrices Matrices;

// A product is made in tiles of TALL rows and BESIDE vectors, which fill the registers.
#if INSTRUCTIONS == 2
enum { TALL = 12, BESIDE = 1 };
#elif defined(__aarch64__)
enum { TALL = 6, BESIDE = 4 };
#else
enum { TALL = 6, BESIDE = 2 };
#endif

enum {
  PANEL = 24,       // reflectors
  GROUP = 8,        // slabs, at most
  DEEP = 384,       // terms that are added up before the sum is added to others
  HIGH = 192       // rows of a panel that stay in the first cache while slabs pass
};

template <class T> struct Lanes;
template <> struct Lanes<float> { typedef f32v Vector; };
template <> struct Lanes<double> { typedef f64v Vector; };

// Elements of a cache line.
template <class T> constexpr i64 LINE = 64 / (i64)sizeof(T);

INLINE i64 up(i64 number, i64 multiple) { return (number + multiple - 1) / multiple * multiple; }
INLINE i64 smaller(i64 a, i64 b) { return a < b ? a : b; }

// ------------------------------------------------------------------------------------- products

// c = a b, or c += a b: a tile of c. Rows of `a` are so far apart, and so on.
template <class T>
INLINE void tile(i64 depth, const T *a, i64 a_row, const T *b, i64 b_row, T *c, i64 c_row, bool add) {
  typedef typename Lanes<T>::Vector Vector;
  constexpr i64 lanes = WIDTH / (i64)sizeof(T);
  Vector sums[TALL][BESIDE];
#pragma GCC unroll 16
  for (int i = 0; i < TALL; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < BESIDE; ++v) sums[i][v] = Vector{};
  for (i64 k = 0; k < depth; ++k) {
    Vector row[BESIDE];
#pragma GCC unroll 4
    for (int v = 0; v < BESIDE; ++v) row[v] = load<Vector>(b + k * b_row + v * lanes);
#pragma GCC unroll 16
    for (int i = 0; i < TALL; ++i) {
      const Vector factor = a[i * a_row + k] - Vector{};
#pragma GCC unroll 4
      for (int v = 0; v < BESIDE; ++v) sums[i][v] = fused(factor, row[v], sums[i][v]);
    }
  }
  if (add)
#pragma GCC unroll 16
    for (int i = 0; i < TALL; ++i)
#pragma GCC unroll 4
      for (int v = 0; v < BESIDE; ++v) sums[i][v] += load<Vector>(c + i * c_row + v * lanes);
#pragma GCC unroll 16
  for (int i = 0; i < TALL; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < BESIDE; ++v) store(c + i * c_row + v * lanes, sums[i][v]);
}

// The same for whole tiles of rows, and of columns from one that a tile begins at or before.
template <class T>
void multiply(i64 rows, i64 columns, i64 depth, const T *a, i64 a_row, const T *b, i64 b_row, T *c, i64 c_row,
              bool add, bool upper = false) {
  constexpr i64 beside = BESIDE * WIDTH / (i64)sizeof(T);
  for (i64 i = 0; i < rows; i += TALL)
    for (i64 j = upper ? i / beside * beside : 0; j < columns; j += beside)
      tile<T>(depth, a + i * a_row, a_row, b + j, b_row, c + i * c_row + j, c_row, add);
}

// --------------------------------------------------------------------------------------- layout

// Lengths in real numbers, and where things lie in the memory of a matrix.
template <class T> struct Layout {
  i64 parts;            // reals of a number
  i64 length, count;    // of the real vectors
  i64 columns;          // of Q
  i64 width;            // reflectors of a panel
  i64 panels, slabs, group;

  explicit Layout(const Matrices &record) {
    parts = record.normal.parts;
    length = record.length * parts;
    count = record.count * parts;
    columns = record.count;
    width = smaller(up(count, TALL), PANEL);
    panels = (count + width - 1) / width;
    slabs = (columns + LINE<T> - 1) / LINE<T>;
    group = smaller(slabs / 8 > 1 ? slabs / 8 : 1, GROUP);
  }

  // From one vector of a panel to the next: never a power of two, which one set of a cache would hold.
  i64 row(i64 panel) const {
    const i64 lines = up(length - panel * width + TALL, LINE<T>) / LINE<T>;
    return (lines | 1) * LINE<T>;
  }

  // V, with a vector down each column, and more by a line, as products read it in whole tiles.
  i64 down(i64 panel) const { return up(up(length - panel * width, TALL) * width, LINE<T>) + LINE<T>; }

  i64 panel(i64 panel) const { return down(panel) + width * row(panel); }

  i64 offset(i64 panel) const {
    i64 sum = up(count, LINE<T>);  // the phases
    for (i64 n = 0; n < panel; ++n) sum += this->panel(n);
    return sum;
  }

  i64 slab() const { return up((length + TALL) * LINE<T>, LINE<T>); }

  Steps steps() const {
    const i64 vectors = width * row(0), sums = group * (slab() + width * LINE<T>);
    return {panels, (slabs + group - 1) / group, offset(panels) * (i64)sizeof(T) + 64,
            (vectors > sums ? vectors : sums) * (i64)sizeof(T) + 64};
  }
};

template <class T> T *aligned(char *memory) { return (T *)(((uintptr_t)memory + 63) & ~(uintptr_t)63); }

// Where matrix `index` of a batch lies in memory and in the stream.
struct Place {
  char *out;
  u64 base;

  Place(const Matrices &record, u64 index) : out((char *)record.out), base(record.base) {
    for (i64 d = record.rank - 1; d >= 0; --d) {
      const agnostic_init_axis &axis = record.batch[d];
      const u64 at = index % (u64)axis.count;
      index /= (u64)axis.count;
      out += (i64)at * axis.place;
      base += at * axis.position;
    }
  }
};

// ----------------------------------------------------------------------------------- reflectors

// In pairs: rounding here would be the largest error of all.
template <int COUNT> INLINE double total(double *sums) {
#pragma GCC unroll 8
  for (int half = COUNT / 2; half; half /= 2)
    for (int n = 0; n < half; ++n) sums[n] += sums[n + half];
  return sums[0];
}

// The sum of squares of whole lines.
double squares(const float *x, i64 count) {
  enum { SUMS = 16 / L64 };
  f64v sums[SUMS] = {};
  for (i64 n = 0; n < count; n += 16)
#pragma GCC unroll 8
    for (int v = 0; v < SUMS; ++v) {
      f64v some = __builtin_convertvector(load<f32h>(x + n + v * L64), f64v);
      sums[v] = fused(some, some, sums[v]);
    }
  double lanes[16];
  for (int v = 0; v < SUMS; ++v) store(lanes + v * L64, sums[v]);
  return total<16>(lanes);
}

double squares(const double *x, i64 count) {
  enum { SUMS = 32 / L64 };
  f64v sums[SUMS] = {};
  i64 n = 0;
  for (; n + 32 <= count; n += 32)
#pragma GCC unroll 16
    for (int v = 0; v < SUMS; ++v) {
      f64v some = load<f64v>(x + n + v * L64);
      sums[v] = fused(some, some, sums[v]);
    }
  for (; n < count; n += 8)
    for (int v = 0; v < 8 / L64; ++v) {
      f64v some = load<f64v>(x + n + v * L64);
      sums[v] = fused(some, some, sums[v]);
    }
  double lanes[32];
  for (int v = 0; v < SUMS; ++v) store(lanes + v * L64, sums[v]);
  return total<32>(lanes);
}

// Make v of a vector x of normals, whose first place is `first`: v = (x + s |x| e_1) / sqrt(|x| (|x| + |x_1|)).
// The phase s is written, and the half of |v|^2 returned: it is 1 but for rounding, and taking it as it is
// keeps that rounding out of the product.
template <class T> T reflector(T *x, i64 first, i64 padded, i64 parts, T *phase) {
  const i64 from = first / LINE<T> * LINE<T>;
  const double norm = __builtin_sqrt(squares(x + from, padded - from));
  const double real = x[first], imag = parts == 2 ? x[first + 1] : 0.0;
  const double modulus = parts == 2 ? __builtin_sqrt(real * real + imag * imag) : __builtin_fabs(real);
  const double cosine = modulus > 0.0 ? real / modulus : 1.0, sine = modulus > 0.0 ? imag / modulus : 0.0;
  phase[0] = (T)cosine;
  x[first] = (T)(real + cosine * norm);
  if (parts == 2) {
    phase[1] = (T)sine;
    x[first + 1] = (T)(imag + sine * norm);
  }
  const T scale = (T)(1.0 / __builtin_sqrt(norm * (norm + modulus)));
  for (i64 n = from; n < padded; ++n) x[n] *= scale;
  return (T)(squares(x + from, padded - from) * 0.5);
}

// -T, of the upper triangle of V^T V and the halves of its diagonal, row after row from the last.
template <class T> void block_factor(i64 width, const T *gram, i64 gram_row, const T *halves, T *factor) {
  for (i64 i = width - 1; i >= 0; --i) {
    T sums[PANEL] = {};
    for (i64 k = i + 1; k < width; ++k) {
      const T own = gram[i * gram_row + k];
      for (i64 j = 0; j < PANEL; ++j) sums[j] += own * factor[k * PANEL + j];
    }
    const T inverse = (T)1 / halves[i];
    for (i64 j = 0; j < PANEL; ++j) factor[i * PANEL + j] = -inverse * sums[j];
    factor[i * PANEL + i] = -inverse;
  }
}

template <class T>
void panel(const Matrices &record, const Place &place, i64 number, T *store, T *vectors) {
  const Layout<T> layout(record);
  const i64 parts = layout.parts, width = layout.width, row = layout.row(number);
  const i64 start = number * width, length = layout.length - start, padded = up(length, LINE<T>);
  const i64 count = smaller(layout.count - start, width);

  const agnostic_init_axis axes[2] = {
      {count / parts, (u64)record.length, parts * row * (i64)sizeof(T)},
      {length / parts, 1, parts * (i64)sizeof(T)},
  };
  const u64 first = (u64)(start / parts), size = (u64)(count / parts) * (u64)(length / parts);
  agnostic_init_job job = {};
  job.out = vectors;
  job.seed = record.seed;
  job.offset = record.offset;
  job.base = place.base + first * ((u64)record.length + 1);
  job.size = size;
  job.axes = axes;
  job.rank = 2;
  job.draw = record.normal;
  fill(job, 0, size);

  T halves[PANEL], *const phases = store + start;
  for (i64 k = 0; k < width; k += parts) {
    T *const own = vectors + k * row, *const turned = own + row;
    for (i64 n = k < count ? length : 0; n < row; ++n) own[n] = 0;
    halves[k] = 1;
    if (k < count) {
      for (i64 n = 0; n < k; ++n) own[n] = 0;
      halves[k] = reflector(own, k, padded, parts, phases + k);
    }
    if (parts == 2) {
      for (i64 n = 0; n < row; n += 2) {
        turned[n] = -own[n + 1];
        turned[n + 1] = own[n];
      }
      halves[k + 1] = halves[k];
    }
  }

  T *const down = store + layout.offset(number), *const across = down + layout.down(number);
  const i64 rows = up(length, TALL);
  for (i64 l = 0; l < rows; ++l)
    for (i64 k = 0; k < width; ++k) down[l * width + k] = vectors[k * row + l];
  for (i64 n = rows * width; n < layout.down(number); ++n) down[n] = 0;

  T gram[PANEL * 2 * PANEL], factor[PANEL * PANEL] = {};
  const i64 gram_row = up(width, LINE<T>);
  for (i64 l = 0; l < length; l += DEEP)
    multiply<T>(width, gram_row, smaller(DEEP, length - l), vectors + l, row, down + l * width, width, gram,
                gram_row, l > 0, true);
  block_factor<T>(width, gram, gram_row, halves, factor);
  multiply<T>(width, padded, width, factor, PANEL, vectors, row, across, row, false);
}

// -------------------------------------------------------------------------------------- columns

// The product of the phases, conjugated, times the last one.
template <class T> void last_phase(const Layout<T> &layout, const T *phases, T *last) {
  double real = 1.0, imag = 0.0;
  for (i64 k = 0; k < layout.count; k += layout.parts) {
    const double x = phases[k], y = layout.parts == 2 ? phases[k + 1] : 0.0;
    const double turned = real * x - imag * y;
    imag = real * y + imag * x;
    real = turned;
  }
  const double x = last[0], y = layout.parts == 2 ? last[1] : 0.0;
  last[0] = (T)(x * real + y * imag);
  if (layout.parts == 2) last[1] = (T)(y * real - x * imag);
}

// Rows of a slab as they are stored.
enum { ROWS = 64 };

INLINE const float *stored(Float32, const float *slab, i64, float *) { return slab; }
INLINE const double *stored(Float64, const double *slab, i64, double *) { return slab; }
template <class To> INLINE const uint16_t *stored(To to, const float *slab, i64 count, uint16_t *items) {
  convert(to, slab, count, items);
  return items;
}

template <class Item> INLINE void put(Item item, char *to) { __builtin_memcpy(to, &item, sizeof item); }

// A slab of Q to the memory of the result, in the order in which that lies.
template <class T, class To>
void write(const Matrices &record, const Place &place, i64 parts, To to, const T *slab, i64 column, i64 columns) {
  typedef typename To::Item Item;
  const i64 across = record.across, along = record.along, line = LINE<T>, part = (i64)sizeof(Item);
  const bool rows = (across < 0 ? -across : across) <= (along < 0 ? -along : along);
  for (i64 from = 0; from < record.length; from += ROWS / 2) {
    const i64 count = smaller(ROWS / 2, record.length - from);
    Item own[ROWS * LINE<T>];
    const Item *const items = stored(to, slab + from * parts * line, count * parts * line, own);
    char *const out = place.out + column * across + from * along;
    if (parts == 1 && across == part) {
      for (i64 l = 0; l < count; ++l) __builtin_memcpy(out + l * along, items + l * line, (size_t)(columns * part));
    } else if (rows) {
      for (i64 l = 0; l < count; ++l)
        for (i64 j = 0; j < columns; ++j)
          for (i64 p = 0; p < parts; ++p)
            put(items[(l * parts + p) * line + j], out + j * across + l * along + p * part);
    } else {
      for (i64 j = 0; j < columns; ++j)
        for (i64 l = 0; l < count; ++l)
          for (i64 p = 0; p < parts; ++p)
            put(items[(l * parts + p) * line + j], out + j * across + l * along + p * part);
    }
  }
}

INLINE void write(const Matrices &record, const Place &place, i64 parts, const float *slab, i64 column, i64 columns) {
  if (record.store == AGNOSTIC_INIT_BFLOAT16) write(record, place, parts, Bfloat16(), slab, column, columns);
  else if (record.store == AGNOSTIC_INIT_FLOAT16) write(record, place, parts, Float16(), slab, column, columns);
  else write(record, place, parts, Float32(), slab, column, columns);
}

INLINE void write(const Matrices &record, const Place &place, i64 parts, const double *slab, i64 column, i64 columns) {
  write(record, place, parts, Float64(), slab, column, columns);
}

template <class T>
void group(const Matrices &record, const Place &place, i64 number, const T *store, T *scratch) {
  const Layout<T> layout(record);
  const i64 line = LINE<T>, parts = layout.parts, width = layout.width, each = layout.slab();
  const i64 first = number * layout.group * line, slabs = smaller(layout.group, layout.slabs - number * layout.group);
  T *const products = scratch + slabs * each;

  // From -diag(gain s): of a slab, only these rows are not zero at first.
  for (i64 s = 0; s < slabs; ++s) {
    T *const slab = scratch + s * each;
    __builtin_memset(slab, 0, (size_t)each * sizeof(T));
    for (i64 j = 0; j < line && first + s * line + j < layout.columns; ++j) {
      const i64 k = (first + s * line + j) * parts;
      T phase[2] = {store[k], parts == 2 ? store[k + 1] : 0};
      if (record.special && k + parts == layout.count) last_phase(layout, store, phase);
      for (i64 p = 0; p < parts; ++p) slab[(k + p) * line + j] = (T)-record.gain * phase[p];
    }
  }

  const i64 end = smaller(first + slabs * line, layout.columns) * parts;
  i64 panel = (end - 1) / width, offset = layout.offset(panel);
  for (;;) {
    const i64 start = panel * width, length = layout.length - start, row = layout.row(panel);
    const T *const down = store + offset, *const across = down + layout.down(panel);
    i64 from[GROUP], to[GROUP];
    for (i64 s = 0; s < slabs; ++s) {
      const i64 top = (first + s * line) * parts - start, bottom = smaller(top + line * parts, layout.count - start);
      from[s] = top >= width ? width : top > 0 ? top : 0;
      to[s] = bottom <= 0 ? 0 : bottom <= width ? bottom : length;
    }
    for (i64 k = 0; k < length; k += DEEP)
      for (i64 s = 0; s < slabs; ++s) {
        const i64 begin = k > from[s] ? k : from[s], stop = smaller(k + DEEP, to[s]);
        if (begin >= stop) continue;
        multiply<T>(width, line, stop - begin, across + begin, row, scratch + s * each + (start + begin) * line, line,
                    products + s * width * line, line, k > 0);
      }
    for (i64 l = 0; l < length; l += HIGH)
      for (i64 s = 0; s < slabs; ++s)
        if (to[s])
          multiply<T>(smaller(HIGH, up(length - l, TALL)), line, width, down + l * width, width,
                      products + s * width * line, line, scratch + s * each + (start + l) * line, line, true);
    if (panel-- == 0) break;
    offset -= layout.panel(panel);
  }

  for (i64 s = 0; s < slabs; ++s) {
    const i64 column = first + s * line;
    write(record, place, parts, scratch + s * each, column, smaller(line, layout.columns - column));
  }
}

}  // namespace

Steps steps_of(const Matrices &record) {
  return record.normal.store == AGNOSTIC_INIT_FLOAT64 ? Layout<double>(record).steps() : Layout<float>(record).steps();
}

void make_panel(const Matrices &record, u64 index, i64 step, char *memory, char *scratch) {
  const Place place(record, index);
  if (record.normal.store == AGNOSTIC_INIT_FLOAT64)
    panel<double>(record, place, step, aligned<double>(memory), aligned<double>(scratch));
  else
    panel<float>(record, place, step, aligned<float>(memory), aligned<float>(scratch));
}

void make_group(const Matrices &record, u64 index, i64 step, char *memory, char *scratch) {
  const Place place(record, index);
  if (record.normal.store == AGNOSTIC_INIT_FLOAT64)
    group<double>(record, place, step, aligned<double>(memory), aligned<double>(scratch));
  else
    group<float>(record, place, step, aligned<float>(memory), aligned<float>(scratch));
}

}  // namespace NAMESPACE
}  // namespace agnostic_init
