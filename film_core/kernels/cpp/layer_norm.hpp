// Layer normalisation over the channels of each pixel: biased variance, eps 1e-5 inside the root.
#pragma once

#include <cmath>

#include "pixel_rows.hpp"

namespace film {

constexpr float kNormEpsilon = 1e-5f;

// y[p] = (x[p] - mean) / sqrt(variance + eps) * scale + shift, for rows of kChannels a pixel.
template <int kChannels>
inline void normalize_row(const float* x, const float* scale, const float* shift, float* y,
                          int pixels) {
  constexpr int kVectors = kChannels / kWidth;
  for (int p = 0; p < pixels; p++, x += kChannels, y += kChannels) {
    Floats value[kVectors];
    Floats total = value[0] = load(x);
#pragma GCC unroll 16
    for (int v = 1; v < kVectors; v++) total += value[v] = load(x + v * kWidth);
    const Floats mean = broadcast(sum(total) * (1.0f / kChannels));
    Floats squares = zeros();
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; v++) {
      value[v] -= mean;
      squares += value[v] * value[v];
    }
    const float variance = sum(squares) * (1.0f / kChannels);
    const Floats gain = broadcast(1.0f / std::sqrt(variance + kNormEpsilon));
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; v++)
      store(y + v * kWidth, value[v] * gain * load(scale + v * kWidth) + load(shift + v * kWidth));
  }
}

}  // namespace film
