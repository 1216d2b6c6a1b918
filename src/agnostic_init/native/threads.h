// The work of a call by several threads, none of which outlives it.

#ifndef AGNOSTIC_INIT_THREADS_H
#define AGNOSTIC_INIT_THREADS_H

#include <cstdint>
#include <thread>

namespace agnostic_init {

constexpr int32_t MOST_THREADS = 256;

// A number of threads that there may be, whatever was asked for, and none for less than a part of the work.
inline int32_t within_limits(int32_t threads, uint64_t parts) {
  const uint64_t most = parts < (uint64_t)MOST_THREADS ? parts : (uint64_t)MOST_THREADS;
  return threads <= 1 || most <= 1 ? 1 : (uint64_t)threads < most ? threads : (int32_t)most;
}

// Calls `work` with the numbers 0 to `threads - 1`, 0 by the calling thread.
template <class Work> void share(int32_t threads, Work &work) {
  std::thread others[MOST_THREADS];
  int32_t started = 0;
  try {
    for (; started < threads - 1; ++started) {
      others[started] = std::thread([&work, started] { work(started + 1); });
    }
  } catch (...) {
    // No more threads, or no memory for them: those that there are do the work.
  }
  work(0);
  for (int32_t n = 0; n < started; ++n) others[n].join();
}

}  // namespace agnostic_init

#endif
