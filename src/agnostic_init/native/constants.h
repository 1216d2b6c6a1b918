/* Written by draws/engines/native_header.py from the reference: do not edit. */

#ifndef AGNOSTIC_INIT_CONSTANTS_H
#define AGNOSTIC_INIT_CONSTANTS_H

namespace agnostic_init {

constexpr int ROUNDS = 10;
constexpr int MILLS_TERMS = 8;
constexpr int MILLS_ITERATIONS = 4;
constexpr int WORTH_THREADS = 65536;
constexpr unsigned MULTIPLIER_0 = 0xd2511f53u;
constexpr unsigned MULTIPLIER_1 = 0xcd9e8d57u;
constexpr unsigned KEY_STEP_0 = 0x9e3779b9u;
constexpr unsigned KEY_STEP_1 = 0xbb67ae85u;
constexpr double CENTRAL_LIMIT = 0x1.b333333333333p-2;
constexpr double CENTRAL_SQUARE = 0x1.71eb851eb851fp-3;
constexpr double NEAR_LIMIT = 0x1.4000000000000p+2;
constexpr double NEAR_SHIFT = 0x1.999999999999ap+0;
constexpr double SQRT_HALF = 0x1.6a09e667f3bcdp-1;
constexpr double LN2 = 0x1.62e42fefa39efp-1;
constexpr double TWO_PI = 0x1.921fb54442d18p+2;
constexpr float NEARLY_LEAST = 0x1.0000000000000p-9f;
constexpr float NEARLY_ERROR = 0x1.c000000000000p-20f;

// Coefficients of polynomials, the lowest power first; and the numbers of two draws.
constexpr double CENTER_TOP[] = {
    0x1.b18d91e9eef75p+1,
    0x1.0a4888b1a436ep+7,
    0x1.ece5d2213c0ccp+10,
    0x1.ad1d8cd4ee71dp+13,
    0x1.66c3e869b752ap+15,
    0x1.06c1c55b78f20p+16,
    0x1.052d26b2e45e4p+15,
    0x1.39a296f7d925ep+11,
};
constexpr double CENTER_BOTTOM[] = {
    0x1.0000000000000p+0,
    0x1.5281b386e1ab5p+5,
    0x1.5797efdc8b3f7p+9,
    0x1.512322e75c89fp+12,
    0x1.4b772d5d65266p+14,
    0x1.3317caa64f4bep+15,
    0x1.c0e457cb1ae76p+14,
    0x1.46a7eca984b69p+12,
};
constexpr double NEAR_TOP[] = {
    0x1.6c665fde9526ap+0,
    0x1.2857748cab19bp+2,
    0x1.713f71462256ap+2,
    0x1.d2ecb1a3d02c4p+1,
    0x1.453cc085375b2p+0,
    0x1.ef2abb9b85c37p-3,
    0x1.744eb6c45ec67p-6,
    0x1.9615ac0b7ace9p-11,
};
constexpr double NEAR_BOTTOM[] = {
    0x1.0000000000000p+0,
    0x1.06cefbb46a449p+1,
    0x1.ad278e6526633p+0,
    0x1.61292f23385c9p-1,
    0x1.2f5123394f040p-3,
    0x1.f207a7eab17bfp-7,
    0x1.1f18cbfdf2728p-11,
    0x1.20d3f686439e4p-30,
};
constexpr double FAR_TOP[] = {
    0x1.aa1b1c13ee526p+2,
    0x1.5daea6e875003p+2,
    0x1.c8ea6461fa445p+0,
    0x1.2fad9315255cfp-2,
    0x1.b2b41193b4ee7p-6,
    0x1.45c1908425345p-10,
    0x1.c6ec6cc59e02ap-16,
    0x1.afb74d693bf93p-23,
};
constexpr double FAR_BOTTOM[] = {
    0x1.0000000000000p+0,
    0x1.331d34fc7d77fp-1,
    0x1.186eb183443fbp-3,
    0x1.e76f93215462ap-7,
    0x1.9c8bc979dc5d7p-11,
    0x1.35c2c496374bfp-16,
    0x1.31446f740b9e0p-23,
    0x1.269bff1f8c190p-49,
};
constexpr double ARTANH[] = {
    0x1.0000000000000p+1,
    0x1.5555555555555p-1,
    0x1.999999999999ap-2,
    0x1.2492492492492p-2,
    0x1.c71c71c71c71cp-3,
    0x1.745d1745d1746p-3,
    0x1.3b13b13b13b14p-3,
    0x1.1111111111111p-3,
    0x1.e1e1e1e1e1e1ep-4,
    0x1.af286bca1af28p-4,
    0x1.8618618618618p-4,
};
constexpr double COSINE[] = {
    0x1.0000000000000p+0,
    -0x1.0000000000000p-1,
    0x1.5555555555555p-5,
    -0x1.6c16c16c16c17p-10,
    0x1.a01a01a01a01ap-16,
    -0x1.27e4fb7789f5cp-22,
    0x1.1eed8eff8d898p-29,
    -0x1.93974a8c07c9dp-37,
    0x1.ae7f3e733b81fp-45,
};
constexpr double SINE[] = {
    0x1.0000000000000p+0,
    -0x1.5555555555555p-3,
    0x1.1111111111111p-7,
    -0x1.a01a01a01a01ap-13,
    0x1.71de3a556c734p-19,
    -0x1.ae64567f544e4p-26,
    0x1.6124613a86d09p-33,
    -0x1.ae7f3e733b81fp-41,
    0x1.952c77030ad4ap-49,
};
constexpr double STANDARD[] = {
    0x0.0p+0,
    0x1.0000000000000p-25,
    0x0.0p+0,
    0x0.0p+0,
};
constexpr double TWO_SIGMAS[] = {
    0x0.0p+0,
    0x1.e8b4307d3627ap-26,
    0x1.74bcf82c9d863p-6,
    0x1.74bcf82c9d863p-6,
};
constexpr float LOG2[] = {
    0x1.2570060000000p+2f,
    -0x1.38c38a0000000p-5f,
    -0x1.484ec80000000p-2f,
    0x1.2240940000000p-3f,
    -0x1.21fbe40000000p-4f,
    0x1.67b0a80000000p-5f,
    -0x1.9287e80000000p-6f,
};
constexpr float NEARLY[] = {
    0x1.2b16fc0000000p+1f,
    -0x1.e246a60000000p-3f,
    -0x1.0c38300000000p-8f,
    0x1.7079d00000000p-12f,
    0x1.0267280000000p-14f,
    0x1.9390fe0000000p-19f,
    -0x1.1ff4aa0000000p-22f,
    -0x1.3a22f20000000p-25f,
};

// Of the sums of fingerprints: of values, two halves of positions, and neither.
constexpr unsigned FINGERPRINT[4][4] = {
    {0x6627e8d5u, 0xe169c58du, 0xbc57ac4du, 0x9b00dbd9u},
    {0xf8e4cca5u, 0x5cb200dbu, 0xb1a574ebu, 0x097eff67u},
    {0x04faa329u, 0x51c732a7u, 0x241513adu, 0x459135e5u},
    {0xc990ef29u, 0x6a4474a6u, 0x9ac9134fu, 0x6d413e04u},
};

}  // namespace agnostic_init

#endif
