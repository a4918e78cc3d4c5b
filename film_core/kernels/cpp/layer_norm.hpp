// Layer normalisation over the channels of each pixel: biased variance, eps 1e-5 inside the root.
//
// Adding up the lanes of one vector takes longer than all the rest, so as many pixels as a vector
// has lanes go together: shuffles transpose while they add.
#pragma once

#include <cmath>

#include "features.hpp"
#include "pixel_rows.hpp"

namespace film {

constexpr float kNormEpsilon = 1e-5f;

// A row of pixels whose channels lie in parts of 32: slabs, or one row with all channels together.
template <int kChannels>
struct PixelRow {
  const float* part[kChannels / kSlabChannels];
  int64_t stride;  // floats from pixel to pixel

  // Vector v of pixel p.
  FILM_INLINE Floats operator()(int64_t p, int v) const {
    return load(part[v * kWidth / kSlabChannels] + p * stride + v * kWidth % kSlabChannels);
  }
};

template <int kChannels>
inline PixelRow<kChannels> slab_row(const Features<kChannels>& from, int y, int x) {
  PixelRow<kChannels> row;
  for (int i = 0; i < Features<kChannels>::kSlabs; i++) row.part[i] = from.pixel(i, y, x);
  row.stride = kSlabChannels;
  return row;
}

template <int kChannels>
inline PixelRow<kChannels> joined_row(const float* pixels) {
  PixelRow<kChannels> row;
  for (int i = 0; i < kChannels / kSlabChannels; i++) row.part[i] = pixels + i * kSlabChannels;
  row.stride = kChannels;
  return row;
}

// One step of adding lanes: every pixel has 2 kLanes lanes in a or in b, and kLanes in the result,
// the pixels of a first.
template <int kLanes>
FILM_INLINE Floats fold(Floats a, Floats b) {
#if FILM_WIDTH == 16
  if (kLanes == 8)
    return FILM_SHUFFLE(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
           FILM_SHUFFLE(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  if (kLanes == 4)
    return FILM_SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
           FILM_SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  if (kLanes == 2)
    return FILM_SHUFFLE(a, b, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29) +
           FILM_SHUFFLE(a, b, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31);
  if (kLanes == 1)
    return FILM_SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30) +
           FILM_SHUFFLE(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
#elif FILM_WIDTH == 8
  if (kLanes == 4)
    return FILM_SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11) +
           FILM_SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
  if (kLanes == 2)
    return FILM_SHUFFLE(a, b, 0, 1, 4, 5, 8, 9, 12, 13) +
           FILM_SHUFFLE(a, b, 2, 3, 6, 7, 10, 11, 14, 15);
  if (kLanes == 1)
    return FILM_SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14) +
           FILM_SHUFFLE(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
#else
  if (kLanes == 2)
    return FILM_SHUFFLE(a, b, 0, 1, 4, 5) +
           FILM_SHUFFLE(a, b, 2, 3, 6, 7);
  if (kLanes == 1)
    return FILM_SHUFFLE(a, b, 0, 2, 4, 6) +
           FILM_SHUFFLE(a, b, 1, 3, 5, 7);
#endif
}

template <int kLanes>
struct Folding {
  static FILM_INLINE void run(Floats* values) {
#pragma GCC unroll 8
    for (int i = 0; i < kLanes; i++) values[i] = fold<kLanes>(values[2 * i], values[2 * i + 1]);
    Folding<kLanes / 2>::run(values);
  }
};
template <>
struct Folding<0> {
  static FILM_INLINE void run(Floats*) {}
};

// Lane i of the result is the sum of the lanes of values[i]; values are used up.
FILM_INLINE Floats sum_each(Floats (&values)[kWidth]) {
  Folding<kWidth / 2>::run(values);
  return values[0];
}

constexpr int kNormPixels = 64;  // pixels whose means and gains wait on the stack

// kFull: there are at least as many pixels as a vector has lanes. The last vector of pixels then
// overlaps the one before; otherwise lanes without a pixel repeat the last one.
//
// Each step goes over all pixels before the next begins: within a vector of pixels every step waits
// for the one before, and the processor has to have others to go on with.
template <int kChannels, bool kFull>
inline void normalize_part(const PixelRow<kChannels>& x, int64_t first, int pixels,
                           const float* scale, const float* shift, float* y) {
  constexpr int kVectors = kChannels / kWidth;
  alignas(64) float offset[kNormPixels], gain[kNormPixels];
  const int last = kFull ? pixels - kWidth : 0;
  for (int p = 0; p < pixels; p += kWidth) {
    const int from = p < last ? p : last;
    Floats totals[kWidth];
#pragma GCC unroll 16
    for (int i = 0; i < kWidth; i++) {
      const int64_t pixel = first + from + (kFull || i < pixels ? i : pixels - 1);
      totals[i] = x(pixel, 0);
#pragma GCC unroll 16
      for (int v = 1; v < kVectors; v++) totals[i] += x(pixel, v);
    }
    store(offset + from, sum_each(totals) * broadcast(1.0f / kChannels));
  }
  for (int p = 0; p < pixels; p += kWidth) {
    const int from = p < last ? p : last;
    Floats totals[kWidth];
#pragma GCC unroll 16
    for (int i = 0; i < kWidth; i++) {
      const int64_t pixel = first + from + (kFull || i < pixels ? i : pixels - 1);
      const Floats middle = broadcast(offset[from + i]);
      totals[i] = zeros();
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; v++) {
        const Floats difference = x(pixel, v) - middle;
        totals[i] = multiply_add(difference, difference, totals[i]);
      }
    }
    store(gain + from, sum_each(totals) * broadcast(1.0f / kChannels));
  }
  // (x - mean) gain = x gain + offset.
  for (int p = 0; p < pixels; p++) {
    gain[p] = 1.0f / std::sqrt(gain[p] + kNormEpsilon);
    offset[p] *= -gain[p];
  }
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; v++) {
    const Floats factor = load(scale + v * kWidth), term = load(shift + v * kWidth);
    float* to = y + first * kChannels + v * kWidth;
#pragma GCC unroll 4
    for (int p = 0; p < pixels; p++)
      store(to + int64_t(p) * kChannels,
            multiply_add(multiply_add(x(first + p, v), broadcast(gain[p]), broadcast(offset[p])),
                         factor, term));
  }
}

// y[p] = (x[p] - mean) / sqrt(variance + eps) * scale + shift, kChannels floats a pixel. x and y
// are different memory.
template <int kChannels>
inline void normalize_row(const PixelRow<kChannels>& x, const float* scale, const float* shift,
                          float* y, int pixels) {
  for (int p = 0; p < pixels; p += kNormPixels) {
    const int count = pixels - p < kNormPixels ? pixels - p : kNormPixels;
    if (count >= kWidth)
      normalize_part<kChannels, true>(x, p, count, scale, shift, y);
    else
      normalize_part<kChannels, false>(x, p, count, scale, shift, y);
  }
}

}  // namespace film
