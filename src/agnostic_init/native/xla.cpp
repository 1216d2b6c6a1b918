/* A draw as a call that XLA makes on a CPU, by its foreign function interface.
 *
 * The records are those of the interface's version 0, as its documentation describes them
 * (openxla.org/xla/custom_call): as far as they are read here, and no further. Each begins with its
 * size and a chain of extensions.
 */

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "constants.h"
#include "native.h"

#if defined(_WIN32)
#include <windows.h>
#elif defined(__linux__)
#include <sched.h>
#endif

namespace {

struct Extension {
  size_t size;
  int32_t type;
  Extension *next;
};

struct Version {
  size_t size;
  Extension *extensions;
  int32_t major, minor;
};

struct Api {
  size_t size;
  Extension *extensions;
  Version version;
  const void *internal;
  void *(*new_error)(void *arguments);
};

struct ErrorArguments {
  size_t size;
  Extension *extensions;
  const char *message;
  int32_t code;
};

/* What XLA asks of a function before it calls it. */
struct Metadata {
  size_t size;
  Version version;
  uint32_t traits;
};

struct MetadataExtension {
  Extension base;
  Metadata *metadata;
};

struct Buffer {
  size_t size;
  Extension *extensions;
  int32_t dtype;
  void *data;
  int64_t rank;
  int64_t *dimensions;
};

struct Buffers {
  size_t size;
  Extension *extensions;
  int64_t count;
  int32_t *types;
  Buffer **buffers;
};

struct Frame {
  size_t size;
  Extension *extensions;
  const Api *api;
  void *context;
  int32_t stage;
  Buffers arguments, results;
};

constexpr int32_t METADATA = 1, EXECUTE = 3, INVALID = 3, INTERNAL = 13;
constexpr int64_t MOST_AXES = 64;

/* A draw without its memory and its key, as a program has it. */
struct Record {
  agnostic_init_job job;
  agnostic_init_axis axes[MOST_AXES];
};

/* Whether an operand has so many bytes, in one axis of elements of `itemsize`. */
bool has_bytes(const Buffer &buffer, size_t bytes, size_t itemsize) {
  return buffer.rank == 1 && static_cast<size_t>(buffer.dimensions[0]) * itemsize == bytes;
}

/* The draw of a call; false where the call is none of this library's. */
bool read(const Frame &frame, Record &record) {
  agnostic_init_job &job = record.job;
  if (frame.arguments.count != 2 || frame.results.count != 1) return false;
  const Buffer &given = *frame.arguments.buffers[0], &key = *frame.arguments.buffers[1];
  uint32_t words[4]; /* of the seed, and of the offset */
  if (given.rank != 1 || given.dimensions[0] < static_cast<int64_t>(sizeof job)) return false;
  if (!has_bytes(key, sizeof words, sizeof words[0])) return false;
  std::memcpy(&job, given.data, sizeof job);
  if (job.rank < 0 || job.rank > MOST_AXES) return false;
  const size_t bytes = static_cast<size_t>(job.rank) * sizeof record.axes[0];
  if (!has_bytes(given, sizeof job + bytes, 1)) return false;
  std::memcpy(record.axes, static_cast<const char *>(given.data) + sizeof job, bytes);
  std::memcpy(words, key.data, sizeof words);
  job.axes = record.axes;
  job.out = frame.results.buffers[0]->data;
  job.seed = words[0] | static_cast<uint64_t>(words[1]) << 32;
  job.offset = words[2] | static_cast<uint64_t>(words[3]) << 32;
  return true;
}

int32_t cores() {
#if defined(__linux__)
  unsigned long set[1024]; /* of 65,536 processors */
  if (sched_getaffinity(0, sizeof set, reinterpret_cast<cpu_set_t *>(set)) == 0) {
    int32_t count = 0;
    for (unsigned long word : set) count += __builtin_popcountl(word);
    return count;
  }
#endif
  return static_cast<int32_t>(std::thread::hardware_concurrency());
}

/* Those that the environment names when the program runs, which another process may have compiled,
 * or the cores at hand; 0 where what it names is no such number. As draws/engines/native.py counts.
 */
int32_t number_of_threads() {
#if defined(_WIN32)
  char text[64]; /* of the process: what Python writes to is not what this library's getenv reads */
  const DWORD length = GetEnvironmentVariableA("AGNOSTIC_INIT_NUM_THREADS", text, sizeof text);
  if (length >= sizeof text) return 0;
  if (length == 0) return cores();
#else
  const char *text = std::getenv("AGNOSTIC_INIT_NUM_THREADS");
  if (!text || !*text) return cores();
#endif
  int32_t number = 0;
  for (const char *digit = text; *digit; ++digit) {
    if (*digit < '0' || *digit > '9') return 0;
    if (number < 1000000) number = 10 * number + (*digit - '0'); /* there are at most 256 */
  }
  return number;
}

void *failed(const Frame &frame, const char *message, int32_t code) {
  ErrorArguments error = {sizeof error, nullptr, message, code};
  return frame.api->new_error(&error);
}

}  // namespace

extern "C" void *agnostic_init_xla(void *call) {
  const Frame &frame = *static_cast<Frame *>(call);
  for (Extension *one = frame.extensions; one; one = one->next) {
    if (one->type != METADATA) continue;
    Metadata &metadata = *reinterpret_cast<MetadataExtension *>(one)->metadata;
    /* Minor versions add fields behind those that are read. */
    metadata.version.major = 0;
    metadata.version.minor = frame.api ? frame.api->version.minor : 0;
    metadata.traits = 0;
    return nullptr;
  }
  if (frame.stage != EXECUTE) return nullptr;
  Record record;
  if (!read(frame, record)) return failed(frame, "agnostic_init: this is no call of its own", INTERNAL);
  const int32_t threads = record.job.size < agnostic_init::WORTH_THREADS ? 1 : number_of_threads();
  if (threads == 0) {
    const char *message = "`AGNOSTIC_INIT_NUM_THREADS` must be a positive integer";
    return failed(frame, message, INVALID);
  }
  if (agnostic_init_fill(&record.job, 1, 0, record.job.size, threads) == 0) return nullptr;
  return failed(frame, "agnostic_init: memory is short", INTERNAL);
}
