/* A draw as a call that XLA makes on a CPU, by its foreign function interface.
 *
 * The records are those of the interface's version 0, as its documentation describes them
 * (openxla.org/xla/custom_call): as far as they are read here, and no further. Each begins with its
 * size and a chain of extensions.
 */

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "native.h"

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

constexpr int32_t METADATA = 1, EXECUTE = 3, INTERNAL = 13;

/* A job of one block that is contiguous, without its memory and its key. */
agnostic_init_job job_of(const Frame &frame, int32_t *threads) {
  agnostic_init_job job;
  uint32_t words[5]; /* of the seed, of the offset, and the number of threads */
  std::memcpy(&job, frame.arguments.buffers[0]->data, sizeof job);
  std::memcpy(words, frame.arguments.buffers[1]->data, sizeof words);
  job.out = frame.results.buffers[0]->data;
  job.seed = words[0] | static_cast<uint64_t>(words[1]) << 32;
  job.offset = words[2] | static_cast<uint64_t>(words[3]) << 32;
  *threads = static_cast<int32_t>(words[4]);
  return job;
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
  if (frame.arguments.count == 2) {
    int32_t threads;
    const agnostic_init_job job = job_of(frame, &threads);
    if (agnostic_init_fill(&job, 1, 0, job.size, threads) == 0) return nullptr;
  }
  ErrorArguments error = {sizeof error, nullptr,
                          "agnostic_init: memory is short, or this is no call of its own", INTERNAL};
  return frame.api->new_error(&error);
}
