// Keys of many items by their names: the digest of a name, and the block of the stream that it picks.

#include <cstdint>

#include "constants.h"
#include "native.h"

namespace {

// BLAKE2b, as RFC 7693 has it, unkeyed, of 8 bytes.
constexpr uint64_t START[8] = {
    0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
    0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
};
constexpr uint64_t PARAMETERS = 0x01010008;  // one of fanout and depth, no key, 8 bytes
constexpr int BLOCK = 128, MIXINGS = 12;

// The order in which each round takes the words; the last two are the first two again.
constexpr uint8_t ORDER[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

uint64_t turned(uint64_t word, int by) { return word >> by | word << (64 - by); }

void mix(uint64_t *v, int a, int b, int c, int d, uint64_t x, uint64_t y) {
  v[a] += v[b] + x;
  v[d] = turned(v[d] ^ v[a], 32);
  v[c] += v[d];
  v[b] = turned(v[b] ^ v[c], 24);
  v[a] += v[b] + y;
  v[d] = turned(v[d] ^ v[a], 16);
  v[c] += v[d];
  v[b] = turned(v[b] ^ v[c], 63);
}

uint64_t digest(const unsigned char *text, uint64_t length) {
  uint64_t h[8];
  for (int n = 0; n < 8; ++n) h[n] = START[n];
  h[0] ^= PARAMETERS;
  uint64_t done = 0;
  do {
    const uint64_t left = length - done, some = left < BLOCK ? left : BLOCK;
    uint64_t words[16] = {};
    for (uint64_t n = 0; n < some; ++n) words[n / 8] |= (uint64_t)text[done + n] << (8 * (n % 8));
    done += some;
    uint64_t v[16];
    for (int n = 0; n < 8; ++n) v[n] = h[n], v[8 + n] = START[n];
    v[12] ^= done;
    if (done == length) v[14] = ~v[14];
    for (int round = 0; round < MIXINGS; ++round) {
      const uint8_t *s = ORDER[round % 10];
      mix(v, 0, 4, 8, 12, words[s[0]], words[s[1]]);
      mix(v, 1, 5, 9, 13, words[s[2]], words[s[3]]);
      mix(v, 2, 6, 10, 14, words[s[4]], words[s[5]]);
      mix(v, 3, 7, 11, 15, words[s[6]], words[s[7]]);
      mix(v, 0, 5, 10, 15, words[s[8]], words[s[9]]);
      mix(v, 1, 6, 11, 12, words[s[10]], words[s[11]]);
      mix(v, 2, 7, 8, 13, words[s[12]], words[s[13]]);
      mix(v, 3, 4, 9, 14, words[s[14]], words[s[15]]);
    }
    for (int n = 0; n < 8; ++n) h[n] ^= v[n] ^ v[8 + n];
  } while (done < length);
  return h[0];
}

// Philox4x32-10: the four words of a block, as two numbers.
void philox(uint64_t counter, uint64_t key, uint64_t *out) {
  using namespace agnostic_init;
  uint32_t c0 = (uint32_t)counter, c1 = (uint32_t)(counter >> 32), c2 = 0, c3 = 0;
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int round = 0; round < ROUNDS; ++round, k0 += KEY_STEP_0, k1 += KEY_STEP_1) {
    const uint64_t p0 = (uint64_t)MULTIPLIER_0 * c0, p1 = (uint64_t)MULTIPLIER_1 * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)p1;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)p0;
  }
  out[0] = (uint64_t)c1 << 32 | c0;
  out[1] = (uint64_t)c3 << 32 | c2;
}

}  // namespace

extern "C" void agnostic_init_fold(uint64_t seed, uint64_t offset, const char *text, const int64_t *lengths,
                                   int64_t count, uint64_t *keys, int64_t step) {
  for (int64_t n = 0; n < count; ++n, keys += step) {
    philox(offset + digest((const unsigned char *)text, (uint64_t)lengths[n]), seed, keys);
    text += lengths[n];
  }
}
