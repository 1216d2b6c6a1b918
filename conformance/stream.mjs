// Stream v1 in JavaScript, written from docs/stream.md alone: words, keys, uniform and normal numbers.
//
//     node conformance/stream.mjs conformance/stream-v1.json            compare it with the vectors
//     node conformance/stream.mjs conformance/stream-v1.json --models   and the hashes of whole models
//
// The exit code is 0 if all that it makes is right. It is 1 if something is not, which is said, or if nothing was compared.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const MASK = (1n << 64n) - 1n;

// Words

/** The high word of a product of two words. */
function high(a, b) {
  const a0 = a & 0xffff, a1 = a >>> 16, b0 = b & 0xffff, b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16); // less than 2^32
  return a1 * b1 + (middle >>> 16) + (((middle & 0xffff) + a0 * b1) >>> 16);
}

/** A block, written to four places of an array. */
function philox(c0, c1, c2, c3, k0, k1, out, at) {
  for (let round = 0; round < 10; round++) {
    const p = Math.imul(0xd2511f53, c0), q = Math.imul(0xcd9e8d57, c2);
    const above = high(0xd2511f53, c0) ^ c3 ^ k1;
    c0 = (high(0xcd9e8d57, c2) ^ c1 ^ k0) >>> 0;
    c1 = q >>> 0;
    c2 = above >>> 0;
    c3 = p >>> 0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  out[at] = c0; out[at + 1] = c1; out[at + 2] = c2; out[at + 3] = c3;
}

const lo = (n) => Number(n & 0xffffffffn), hi = (n) => Number(n >> 32n);

/** `count` words of a key's stream, from the word `first` on. */
function words(key, first, count) {
  const skipped = Number(first % 4n), blocks = Math.ceil((skipped + count) / 4);
  const out = new Uint32Array(4 * blocks);
  const n = (key.offset + first / 4n) & MASK, k0 = lo(key.seed), k1 = hi(key.seed);
  let c0 = lo(n), c1 = hi(n);
  for (let at = 0; at < 4 * blocks; at += 4) {
    philox(c0, c1, 0, 0, k0, k1, out, at);
    c0 = (c0 + 1) >>> 0;
    if (c0 === 0) c1 = (c1 + 1) >>> 0;
  }
  return out.subarray(skipped, skipped + count);
}

// Keys

const IV = [
  0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
];
const SIGMA = [
  "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8", "905724afe1bc683d",
  "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a", "6fe9b308c2d714a5", "a2847615fb9e3cd0",
].map((row) => [...row].map((digit) => parseInt(digit, 16)));
const turned = (x, n) => ((x >> n) | (x << (64n - n))) & MASK;

/** BLAKE2b of a text, with a digest of 8 bytes, as a little-endian integer (RFC 7693). */
function digest(text) {
  const data = Buffer.from(text, "utf8"), blocks = Math.max(1, Math.ceil(data.length / 128));
  const h = [...IV];
  h[0] ^= 0x01010008n;
  for (let block = 0; block < blocks; block++) {
    const chunk = Buffer.alloc(128);
    data.copy(chunk, 0, 128 * block);
    const m = Array.from(IV.keys()).flatMap((n) => [chunk.readBigUInt64LE(16 * n), chunk.readBigUInt64LE(16 * n + 8)]);
    const v = [...h, ...IV];
    v[12] ^= BigInt(Math.min(data.length, 128 * (block + 1)));
    if (block === blocks - 1) v[14] ^= MASK;
    const mix = (a, b, c, d, x, y) => {
      v[a] = (v[a] + v[b] + x) & MASK; v[d] = turned(v[d] ^ v[a], 32n);
      v[c] = (v[c] + v[d]) & MASK; v[b] = turned(v[b] ^ v[c], 24n);
      v[a] = (v[a] + v[b] + y) & MASK; v[d] = turned(v[d] ^ v[a], 16n);
      v[c] = (v[c] + v[d]) & MASK; v[b] = turned(v[b] ^ v[c], 63n);
    };
    for (let round = 0; round < 12; round++) {
      const s = SIGMA[round % 10].map((n) => m[n]);
      for (let n = 0; n < 4; n++) mix(n, 4 + n, 8 + n, 12 + n, s[2 * n], s[2 * n + 1]);
      for (let n = 0; n < 4; n++) {
        mix(n, 4 + (n + 1) % 4, 8 + (n + 2) % 4, 12 + (n + 3) % 4, s[8 + 2 * n], s[9 + 2 * n]);
      }
    }
    for (let n = 0; n < 8; n++) h[n] ^= v[n] ^ v[n + 8];
  }
  return h[0];
}

function folded(key, data) {
  const out = new Uint32Array(4), n = (key.offset + data) & MASK;
  philox(lo(n), hi(n), 0, 0, lo(key.seed), hi(key.seed), out, 0);
  const [w0, w1, w2, w3] = Array.from(out, BigInt);
  return { seed: (w1 << 32n) | w0, offset: (w3 << 32n) | w2 };
}

// Numbers

const A = [3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.693765509461, 45921.95393154987,
  67265.7709270087, 33430.57558358813, 2509.0809287301227];
const B = [1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
  28729.085735721943, 5226.495278852854];
const C = [1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
  0.2417807251774506, 0.022723844989269184, 0.0007745450142783414];
const D = [1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-09];
const E = [6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 2.7115555687434876e-05, 2.0103343992922881e-07];
const F = [1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
  1.8463183175100548e-05, 1.421511758316446e-07, 2.0442631033899397e-15];

const poly = (x, c) => ((((((c[7] * x + c[6]) * x + c[5]) * x + c[4]) * x + c[3]) * x + c[2]) * x + c[1]) * x + c[0];

/** The quantile of 1/2 + k step, where K step is 1/2. */
function quantile(k, K) {
  const step = 0.5 / K, c = k * step;
  if (Math.abs(c) <= 0.425) {
    const t = 0.180625 - c * c;
    return (c * poly(t, A)) / poly(t, B);
  }
  const r = Math.sqrt(-Math.log((K - Math.abs(k)) * step));
  const z = r <= 5 ? poly(r - 1.6, C) / poly(r - 1.6, D) : poly(r - 5, E) / poly(r - 5, F);
  return c < 0 ? -z : z;
}

// Significant bits, the exponent of the least normal number, and bits in all.
const FORMATS = {
  float64: [53, -1022, 64], float32: [24, -126, 32], bfloat16: [8, -126, 16], float16: [11, -14, 16],
  float8_e5m2: [3, -14, 8], float8_e5m2fnuz: [3, -15, 8], float8_e4m3fn: [4, -6, 8], float8_e4m3fnuz: [4, -7, 8],
};

/** The distance between the numbers of a format that are as large as x. */
function spacing(x, [bits, least]) {
  let e = Math.max(Math.floor(Math.log2(Math.abs(x))), least);
  if (e > least && 2 ** e > Math.abs(x)) e--; // as the logarithm is rounded
  if (2 ** (e + 1) <= Math.abs(x)) e++;
  return 2 ** (e - bits + 1);
}

/** The number of a format that is nearest to x, and to even of two. */
function nearest(x, format) {
  const unit = spacing(x, format), down = Math.floor(x / unit), rest = x / unit - down;
  const up = rest > 0.5 || (rest === 0.5 && down % 2 !== 0);
  return up ? (down + 1) * unit : down * unit || x * 0; // with the sign of x where that is 0
}

/** Which number of a format x is, counted from 0: its bits, but for the sign. */
function ordinal(x, format) {
  const [bits, least] = format, unit = spacing(x, format);
  return (BigInt(Math.log2(unit) + bits - 1 - least) << BigInt(bits - 1)) + BigInt(Math.abs(x) / unit);
}

/** The next number of a format above x (way 1) or below it (way -1). */
function next(x, format, way) {
  const [bits, least] = format, sign = Math.sign(x) || way;
  const n = ordinal(x, format) + BigInt(sign * way), e = Number(n >> BigInt(bits - 1));
  const digits = Number(n & ((1n << BigInt(bits - 1)) - 1n)) + (e ? 2 ** (bits - 1) : 0);
  return sign * digits * 2 ** (Math.max(e, 1) + least - bits);
}

function from(x, format) { // the least that is not below x
  const near = nearest(x, format);
  return near >= x ? near : next(near, format, 1);
}

function before(x, format) { // the greatest that is below x
  const near = nearest(x, format);
  return near < x ? near : next(near, format, -1);
}

/** The bits of a number of a format, in hexadecimal. */
function bitsOf(x, dtype) {
  const size = FORMATS[dtype][2];
  const negative = Object.is(x, -0) ? !dtype.endsWith("fnuz") : x < 0;
  const code = ordinal(x, FORMATS[dtype]) + (negative ? 1n << BigInt(size - 1) : 0n);
  return hex(code, size / 4);
}

/** `count` elements of a draw from position `first` on, as numbers. */
function draw(what, dtype, key, first, count) {
  const format = FORMATS[dtype], wide = dtype === "float64", K = wide ? 2 ** 53 : 2 ** 24;
  const w = words(key, wide ? 2n * first : first, wide ? 2 * count : count);
  const f = (x) => (wide ? x : Math.fround(x)), made = new Float64Array(count);
  const { low = 0, high: top = 1, mean = 0, std = 1 } = what;
  const bounds = what.draw === "uniform" ? [from(low, format), before(top, format)] : [-Infinity, Infinity];
  const uniform = what.draw === "uniform", scale = f(uniform ? top - low : std), shift = f(uniform ? low : mean);
  for (let i = 0; i < count; i++) {
    const m = wide ? (w[2 * i + 1] & 0x1fffff) * 2 ** 32 + w[2 * i] : w[i] & 0xffffff;
    const value = f((uniform ? m / K : f(quantile(2 * m + 1 - K, K))) * scale + shift);
    const inside = Math.min(Math.max(value, bounds[0]), bounds[1]);
    made[i] = wide || dtype === "float32" ? inside : nearest(inside, format);
  }
  return made;
}

// The vectors

const wrong = [], done = {}, left = {};
const integer = (hex) => BigInt(`0x${hex}`), hex = (n, digits) => n.toString(16).padStart(digits, "0");
const keyOf = ([seed, offset]) => ({ seed: integer(seed), offset: integer(offset) });
const textOf = (key) => [hex(key.seed, 16), hex(key.offset, 16)];
const inHex = (array) => Array.from(array, (word) => hex(word, 8));

function compare(section, row, made, wanted) {
  done[section] = (done[section] ?? 0) + 1;
  const at = wanted.findIndex((each, n) => each !== made[n]);
  if (at >= 0 || made.length !== wanted.length) {
    wrong.push(`${section}: ${JSON.stringify({ ...row, values: undefined })}: number ${at} must be ${wanted[at]}, got ${made[at]}`);
  }
}

function valuesIn(row, runs) {
  const numbers = runs.flatMap(([first, count]) => [...draw(row, row.dtype, keyOf(row.key), first, count)]);
  return numbers.map((number, n) => {
    const made = bitsOf(number, row.dtype), wanted = new DataView(new ArrayBuffer(8));
    wanted.setBigUint64(0, integer(row.values[n]));
    return Math.abs(number - wanted.getFloat64(0)) <= (row.tolerance ?? -1) ? row.values[n] : made;
  });
}

function positions(shape, index) {
  return index.reduce(
    (found, [start, stop, step], axis) => found.flatMap((base) => {
      const count = Math.ceil((stop - start) / step);
      return Array.from({ length: count }, (_, n) => base * BigInt(shape[axis]) + BigInt(start + n * step));
    }), [0n]);
}

function sha256({ key, tensors }) {
  const hash = createHash("sha256");
  for (const { name, elements, value, normal } of tensors) {
    const own = folded(keyOf(key), digest(name));
    for (let first = 0; first < elements; first += 2 ** 20) {
      const part = new Float32Array(Math.min(2 ** 20, elements - first)).fill(value ?? 0);
      if (normal !== undefined) part.set(draw({ draw: "normal", std: normal }, "float32", own, BigInt(first), part.length));
      hash.update(new Uint8Array(part.buffer)); // of a little-endian machine
    }
  }
  return hash.digest("hex");
}

function check(file, models) {
  for (const row of file.philox) {
    const [c, k] = [row.counter, row.key].map((each) => each.map((word) => parseInt(word, 16))), out = new Uint32Array(4);
    philox(...c, ...k, out, 0);
    compare("philox", row, inHex(out), row.words);
  }
  for (const row of file.words) {
    compare("words", row, inHex(words(keyOf(row.key), integer(row.first), row.words.length)), row.words);
  }
  for (const row of file.keys) {
    const seed = "text" in row ? digest(row.text) : integer(row.integer);
    compare("keys", row, textOf({ seed, offset: 0n }), row.key);
  }
  for (const row of file.folds) {
    const data = "name" in row ? digest(row.name) : integer(row.data);
    compare("folds", row, [...textOf(folded(keyOf(row.key), data)), hex(data, 16)], [...row.folded, row.digest ?? row.data]);
  }
  for (const row of [...file.draws, ...file.blocks]) {
    const section = "at" in row ? "draws" : "blocks", kind = `${row.draw} in ${row.dtype}`;
    if (!(row.dtype in FORMATS) || !["uniform", "normal"].includes(row.draw)) left[kind] = (left[kind] ?? 0) + 1;
    else {
      const runs = "at" in row ? row.at.map(([first, count]) => [integer(first), count]) : positions(row.shape, row.index).map((p) => [p, 1]);
      compare(section, row, valuesIn(row, runs), row.values);
    }
  }
  for (const row of models ? file.models : []) compare("models", { model: row.model }, [sha256(row)], [row.sha256]);
}

check(JSON.parse(readFileSync(process.argv[2], "utf8")), process.argv.includes("--models"));
for (const [section, count] of Object.entries(done)) console.log(`${section}: ${count} cases`);
for (const [kind, count] of Object.entries(left)) console.log(`not made here: ${kind}, ${count} cases`);
for (const each of wrong) console.error(`wrong: ${each}`);
process.exitCode = wrong.length || !Object.keys(done).length ? 1 : 0;
