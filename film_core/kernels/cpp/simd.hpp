// Vectors of floats, written once for every processor.
//
// The width is chosen when the kernels are built: 16 lanes (AVX-512), 8 (AVX2 with FMA) or 4 (any
// processor: SSE, NEON, or whatever the compiler makes of four floats). Everything is compiler
// vector types; only what those can't say well has an instruction of its own.
//
// -Ofast is assumed: multiply-adds contract, NaN and infinity tests are optimised away.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(FILM_ISA_PORTABLE)
#define FILM_WIDTH 4
#elif defined(FILM_ISA_AVX2)
#define FILM_WIDTH 8
#elif defined(FILM_ISA_AVX512)
#define FILM_WIDTH 16
#elif defined(__AVX512F__) && defined(__AVX512DQ__)
#define FILM_WIDTH 16
#elif defined(__AVX2__) && defined(__FMA__)
#define FILM_WIDTH 8
#else
#define FILM_WIDTH 4
#endif

#if FILM_WIDTH == 16 && !(defined(__AVX512F__) && defined(__AVX512DQ__))
#error "the AVX-512 kernels need a build with -mavx512f -mavx512dq"
#endif
#if FILM_WIDTH == 8 && !(defined(__AVX2__) && defined(__FMA__))
#error "the AVX2 kernels need a build with -mavx2 -mfma"
#endif
#if FILM_WIDTH >= 8
#include <immintrin.h>
#endif

#define FILM_INLINE inline __attribute__((always_inline))

namespace film {

constexpr int kWidth = FILM_WIDTH;

typedef float Floats __attribute__((vector_size(4 * FILM_WIDTH)));
typedef int32_t Ints __attribute__((vector_size(4 * FILM_WIDTH)));
// The same types for addresses that are only aligned to one float.
typedef float FloatsAnywhere __attribute__((vector_size(4 * FILM_WIDTH), aligned(4), may_alias));

// Shuffle two vectors by constant indices; indices from kWidth on take from the second vector.
#if defined(__clang__)
#define FILM_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define FILM_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, ::film::Ints{__VA_ARGS__})
#endif

// From and to any address. Nearly all are whole vectors, and then these instructions cost no more
// than those that demand it; but what is kept between edits lies in Jittor's memory, which is only
// aligned to 32 bytes.
FILM_INLINE Floats load(const float* address) {
  return (Floats) * reinterpret_cast<const FloatsAnywhere*>(address);
}
FILM_INLINE void store(float* address, Floats value) {
  *reinterpret_cast<FloatsAnywhere*>(address) = (FloatsAnywhere)value;
}

FILM_INLINE Floats broadcast(float value) {
#if FILM_WIDTH == 16
  return (Floats)_mm512_set1_ps(value);
#elif FILM_WIDTH == 8
  return (Floats)_mm256_set1_ps(value);
#else
  return Floats{value, value, value, value};
#endif
}
FILM_INLINE Floats zeros() { return Floats{}; }

// a * b + c in one instruction where there is one. Written as an expression, -Ofast would regroup a
// chain of them into a tree of products and sums: a third more instructions.
FILM_INLINE Floats multiply_add(Floats a, Floats b, Floats c) {
#if FILM_WIDTH == 16
  return (Floats)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif FILM_WIDTH == 8
  return (Floats)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
  return a * b + c;
#endif
}

FILM_INLINE Floats maximum(Floats a, Floats b) {
#if FILM_WIDTH == 16
  return (Floats)_mm512_max_ps((__m512)a, (__m512)b);
#elif FILM_WIDTH == 8
  return (Floats)_mm256_max_ps((__m256)a, (__m256)b);
#else
  return a > b ? a : b;
#endif
}
FILM_INLINE Floats minimum(Floats a, Floats b) {
#if FILM_WIDTH == 16
  return (Floats)_mm512_min_ps((__m512)a, (__m512)b);
#elif FILM_WIDTH == 8
  return (Floats)_mm256_min_ps((__m256)a, (__m256)b);
#else
  return a < b ? a : b;
#endif
}

FILM_INLINE Ints bits(Floats value) { return (Ints)value; }
FILM_INLINE Floats from_bits(Ints value) { return (Floats)value; }
FILM_INLINE Floats absolute(Floats value) { return from_bits(bits(value) & 0x7fffffff); }

// Towards zero. Out-of-range values are the caller's mistake.
FILM_INLINE Ints truncate(Floats value) {
#if FILM_WIDTH == 16
  return (Ints)_mm512_cvttps_epi32((__m512)value);
#else
  return __builtin_convertvector(value, Ints);
#endif
}
// To the nearest; where the processor has no instruction for it, only for values <= 0.
FILM_INLINE Ints nearest(Floats value) {
#if FILM_WIDTH == 16
  return (Ints)_mm512_cvtps_epi32((__m512)value);
#elif FILM_WIDTH == 8
  return (Ints)_mm256_cvtps_epi32((__m256)value);
#else
  return truncate(value - broadcast(0.5f));
#endif
}
FILM_INLINE Floats to_floats(Ints value) { return __builtin_convertvector(value, Floats); }

FILM_INLINE float sum(Floats value) {
#if FILM_WIDTH == 16
  __m256 half = _mm256_add_ps(_mm512_castps512_ps256((__m512)value),
                              _mm512_extractf32x8_ps((__m512)value, 1));
#elif FILM_WIDTH == 8
  __m256 half = (__m256)value;
#endif
#if FILM_WIDTH >= 8
  __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
  return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_shuffle_ps(quarter, quarter, 1)));
#else
  return (value[0] + value[2]) + (value[1] + value[3]);
#endif
}
// The largest lane.
FILM_INLINE float largest(Floats value) {
  float best = value[0];
  for (int lane = 1; lane < kWidth; lane++) best = value[lane] > best ? value[lane] : best;
  return best;
}

#if FILM_WIDTH == 8
// a / b, rounded. -Ofast would make an estimate and a Newton step of it, slower and less exact where
// the divider is fast, and nothing but an instruction it doesn't know keeps it from that.
FILM_INLINE Floats quotient(Floats a, Floats b) {
  Floats result;
  asm("vdivps %2, %1, %0" : "=x"(result) : "x"(a), "x"(b));
  return result;
}
#else
// table[index] lane by lane, for a table of 16 floats aligned to 64 bytes and indices 0..15.
FILM_INLINE Floats lookup16(const float* table, Ints index) {
#if FILM_WIDTH == 16
  return (Floats)_mm512_permutexvar_ps((__m512i)index, _mm512_load_ps(table));
#else
  return Floats{table[index[0]], table[index[1]], table[index[2]], table[index[3]]};
#endif
}
#endif

}  // namespace film
