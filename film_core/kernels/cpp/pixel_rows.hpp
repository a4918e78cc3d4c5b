// What every fused kernel is made of: operations on a row of pixels that lies in the cache.
//
// A row is `pixels` pixels, `stride` floats apart, channels side by side. Vectors run over output
// channels; one value of one pixel is broadcast against them. Two vectors times kPixels pixels stay
// in registers, so that every weight that is loaded is used kPixels times.
#pragma once

#include <type_traits>

#include "simd.hpp"

namespace film {

// Pixels in flight: all the registers of AVX-512 (32), or of AVX2 and SSE (16).
constexpr int kPixelsAtOnce = kWidth == 16 ? 8 : 6;

// y[pixel][0 .. 2 vectors] (+)= sum over k of x[pixel][k] * weights[k][0 .. 2 vectors].
template <int kPixels, bool kAdd>
FILM_INLINE void multiply_block(int inputs, const float* x, int64_t x_stride, const float* weights,
                                int64_t weights_stride, float* y, int64_t y_stride) {
  Floats sums[kPixels][2];
#pragma GCC unroll 16
  for (int p = 0; p < kPixels; p++)
#pragma GCC unroll 2
    for (int v = 0; v < 2; v++)
      sums[p][v] = kAdd ? load(y + p * y_stride + v * kWidth) : zeros();
#pragma GCC unroll 4
  for (int k = 0; k < inputs; k++) {
    const Floats first = load(weights + k * weights_stride);
    const Floats second = load(weights + k * weights_stride + kWidth);
#pragma GCC unroll 16
    for (int p = 0; p < kPixels; p++) {
      const Floats value = broadcast(x[p * x_stride + k]);
      sums[p][0] += value * first;
      sums[p][1] += value * second;
    }
  }
#pragma GCC unroll 16
  for (int p = 0; p < kPixels; p++)
#pragma GCC unroll 2
    for (int v = 0; v < 2; v++) store(y + p * y_stride + v * kWidth, sums[p][v]);
}

// y[pixel][0..outputs) (+)= weights^T x[pixel]; weights are packed [inputs][outputs].
// outputs is a multiple of 32. Strides count floats; y and weights are aligned.
template <bool kAdd>
FILM_INLINE void multiply_rows(int inputs, int outputs, const float* x, int64_t x_stride,
                               const float* weights, float* y, int64_t y_stride, int pixels) {
  for (int o = 0; o < outputs; o += 2 * kWidth) {
    const float* in = x;
    float* out = y + o;
    int left = pixels;
    const auto run = [&](auto count) {
      constexpr int kPixels = decltype(count)::value;
      for (; left >= kPixels; left -= kPixels) {
        multiply_block<kPixels, kAdd>(inputs, in, x_stride, weights + o, outputs, out, y_stride);
        in += kPixels * x_stride;
        out += kPixels * y_stride;
      }
    };
    run(std::integral_constant<int, kPixelsAtOnce>());
    run(std::integral_constant<int, 4>());
    run(std::integral_constant<int, 2>());
    run(std::integral_constant<int, 1>());
  }
}

// The same with sizes that the compiler knows.
template <int kInputs, int kOutputs, bool kAdd>
inline void multiply_row(const float* x, int64_t x_stride, const float* weights, float* y,
                         int64_t y_stride, int pixels) {
  static_assert(kOutputs % 32 == 0, "two of the widest vectors at a time");
  multiply_rows<kAdd>(kInputs, kOutputs, x, x_stride, weights, y, y_stride, pixels);
}

// 3x3 depthwise convolution of one row: y[p][c] = sum of weights[3 dy + dx][c] * rows[dy][p + dx][c].
// rows[0..2] start one pixel left of y's first. weights are packed [9][kChannels]. The nine weights
// stay in registers, and every value that is loaded serves three neighbouring pixels.
template <int kChannels>
inline void depthwise_row(const float* const rows[3], const float* weights, float* y, int pixels) {
  for (int c = 0; c < kChannels; c += kWidth) {
    Floats tap[9];
#pragma GCC unroll 9
    for (int t = 0; t < 9; t++) tap[t] = load(weights + t * kChannels + c);
    int p = 0;
    const auto run = [&](auto count) {
      constexpr int kPixels = decltype(count)::value;
      for (; p + kPixels <= pixels; p += kPixels) {
        Floats sums[kPixels];
        for (int i = 0; i < kPixels; i++) sums[i] = zeros();
#pragma GCC unroll 3
        for (int dy = 0; dy < 3; dy++) {
          const float* row = rows[dy] + int64_t(p) * kChannels + c;
#pragma GCC unroll 16
          for (int i = 0; i < kPixels + 2; i++) {
            const Floats value = load(row + i * kChannels);
#pragma GCC unroll 3
            for (int dx = 0; dx < 3; dx++)
              if (i - dx >= 0 && i - dx < kPixels) sums[i - dx] += value * tap[3 * dy + dx];
          }
        }
#pragma GCC unroll 16
        for (int i = 0; i < kPixels; i++) store(y + (p + i) * kChannels + c, sums[i]);
      }
    };
    run(std::integral_constant<int, kWidth == 16 ? 8 : 4>());
    run(std::integral_constant<int, 1>());
  }
}

inline void clear_row(float* y, int64_t count) {
  std::memset(y, 0, sizeof(float) * size_t(count));
}

}  // namespace film
