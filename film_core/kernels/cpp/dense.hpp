// The dense 3x3 convolution of the image: one channel to 32. winograd.hpp has the one from 32.
#pragma once

#include "activations.hpp"
#include "features.hpp"
#include "parameters.hpp"

namespace film {

// Weight (32, 1, 3, 3) packed as [9 taps][32].
inline Buffer packed_image_taps(const float* weight) {
  return transposed(weight, kSlabChannels, 9);
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
        sums[v] = multiply_add(value, load(weights + tap * kSlabChannels + v * kWidth), sums[v]);
    }
    for (int v = 0; v < kSlabChannels / kWidth; v++)
      store(to + v * kWidth, prelu(sums[v], broadcast(slope)));
  }
}

}  // namespace film
