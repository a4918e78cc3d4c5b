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

template <int kChannels, int kPixels>
FILM_INLINE void normalize_block(const PixelRow<kChannels>& x, int64_t first, const float* scale,
                                 const float* shift, float* y) {
  constexpr int kVectors = kChannels / kWidth;
  alignas(64) float mean[kWidth], gain[kWidth];
  Floats totals[kWidth];
  // Lanes without a pixel repeat the last one.
  const auto pixel = [&](int p) { return first + (p < kPixels ? p : kPixels - 1); };
#pragma GCC unroll 16
  for (int p = 0; p < kWidth; p++) {
    totals[p] = x(pixel(p), 0);
#pragma GCC unroll 16
    for (int v = 1; v < kVectors; v++) totals[p] += x(pixel(p), v);
  }
  store(mean, sum_each(totals) * broadcast(1.0f / kChannels));
#pragma GCC unroll 16
  for (int p = 0; p < kWidth; p++) {
    const Floats middle = broadcast(mean[p]);
    totals[p] = zeros();
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; v++) {
      const Floats difference = x(pixel(p), v) - middle;
      totals[p] += difference * difference;
    }
  }
  store(gain, sum_each(totals) * broadcast(1.0f / kChannels) + broadcast(kNormEpsilon));
  for (int p = 0; p < kWidth; p++) gain[p] = 1.0f / std::sqrt(gain[p]);
#pragma GCC unroll 16
  for (int p = 0; p < kPixels; p++) {
    const Floats middle = broadcast(mean[p]), factor = broadcast(gain[p]);
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; v++)
      store(y + (first + p) * kChannels + v * kWidth,
            (x(first + p, v) - middle) * factor * load(scale + v * kWidth) +
                load(shift + v * kWidth));
  }
}

// y[p] = (x[p] - mean) / sqrt(variance + eps) * scale + shift, kChannels floats a pixel.
template <int kChannels>
inline void normalize_row(const PixelRow<kChannels>& x, const float* scale, const float* shift,
                          float* y, int pixels) {
  int p = 0;
  for (; p + kWidth <= pixels; p += kWidth)
    normalize_block<kChannels, kWidth>(x, p, scale, shift, y);
  for (; p + 2 <= pixels; p += 2) normalize_block<kChannels, 2>(x, p, scale, shift, y);
  for (; p < pixels; p++) normalize_block<kChannels, 1>(x, p, scale, shift, y);
}

}  // namespace film
