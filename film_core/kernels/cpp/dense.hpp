// Dense convolutions: 3x3 with 32 outputs, from one channel (the image) or from 32.
#pragma once

#include "activations.hpp"
#include "features.hpp"
#include "pixel_rows.hpp"

namespace film {

// Weight (32, inputs, 3, 3) packed as [9 taps][inputs][32].
inline Buffer packed_3x3(const float* weight, int inputs) {
  Buffer packed(size_t(9) * inputs * kSlabChannels);
  for (int o = 0; o < kSlabChannels; o++)
    for (int k = 0; k < inputs; k++)
      for (int tap = 0; tap < 9; tap++)
        packed[(size_t(tap) * inputs + k) * kSlabChannels + o] =
            weight[(size_t(o) * inputs + k) * 9 + tap];
  return packed;
}

template <int kPixels>
FILM_INLINE void convolve_block(const float* const rows[3], const float* weights, Floats slope,
                                float* y) {
  Floats sums[kPixels][2];
#pragma GCC unroll 16
  for (int p = 0; p < kPixels; p++) sums[p][0] = sums[p][1] = zeros();
  for (int dy = 0; dy < 3; dy++) {
    // The three taps of a row read 3 x 32 contiguous inputs: one product with 96 of them.
    const float* x = rows[dy];
    const float* w = weights + dy * 96 * kSlabChannels;
#pragma GCC unroll 4
    for (int k = 0; k < 96; k++) {
      const Floats first = load(w + k * kSlabChannels);
      const Floats second = load(w + k * kSlabChannels + kWidth);
#pragma GCC unroll 16
      for (int p = 0; p < kPixels; p++) {
        const Floats value = broadcast(x[p * kSlabChannels + k]);
        sums[p][0] += value * first;
        sums[p][1] += value * second;
      }
    }
  }
#pragma GCC unroll 16
  for (int p = 0; p < kPixels; p++) {
    store(y + p * kSlabChannels, prelu(sums[p][0], slope));
    store(y + p * kSlabChannels + kWidth, prelu(sums[p][1], slope));
  }
}

// y[p] = PReLU(3x3 convolution) for a row of pixels of 32 channels; rows[dy] start one pixel left.
inline void convolve_row(const float* const rows[3], const float* weights, float slope, float* y,
                         int pixels) {
  constexpr int kMany = kWidth == 16 ? 12 : 6;
  for (int o = 0; o < kSlabChannels; o += 2 * kWidth) {
    int p = 0;
    const auto run = [&](auto count) {
      constexpr int kPixels = decltype(count)::value;
      for (; p + kPixels <= pixels; p += kPixels) {
        const int64_t at = int64_t(p) * kSlabChannels;
        const float* from[3] = {rows[0] + at, rows[1] + at, rows[2] + at};
        convolve_block<kPixels>(from, weights + o, broadcast(slope), y + at + o);
      }
    };
    run(std::integral_constant<int, kMany>());
    run(std::integral_constant<int, 4>());
    run(std::integral_constant<int, 1>());
  }
}

// PReLU(3x3 convolution) of a one-channel image: pixels x0..x1-1 of row y, into 32 channels.
inline void convolve_image_row(const float* image, int height, int width, int y, int x0, int x1,
                               const float* weights, float slope, float* to) {
  for (int x = x0; x < x1; x++, to += kSlabChannels) {
    Floats sums[kSlabChannels / kWidth] = {};
    for (int tap = 0; tap < 9; tap++) {
      const int row = y + tap / 3 - 1, column = x + tap % 3 - 1;
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      const Floats value = broadcast(image[int64_t(row) * width + column]);
      for (int v = 0; v < kSlabChannels / kWidth; v++)
        sums[v] += value * load(weights + tap * kSlabChannels + v * kWidth);
    }
    for (int v = 0; v < kSlabChannels / kWidth; v++)
      store(to + v * kWidth, prelu(sums[v], broadcast(slope)));
  }
}

}  // namespace film
