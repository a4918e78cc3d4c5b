// What every fused kernel is made of: operations on a row of pixels that lies in the cache.
//
// A row is `pixels` pixels, `stride` floats apart, channels side by side. Vectors run over output
// channels; one value of one pixel is broadcast against them. Two vectors times kPixels pixels stay
// in registers, so that every weight that is loaded is used kPixels times.
#pragma once

#include <algorithm>
#include <type_traits>

#include "simd.hpp"

namespace film {

// Pixels in flight: as many as the registers hold sums for (32 with AVX-512, else 16). With vectors
// of eight 4 pixels' sums are just enough to hide the multiply-add's latency, and faster than 6; one
// more costs less than three at a time, which hide it no longer.
constexpr int kMostPixels = kWidth == 16 ? 13 : kWidth == 8 ? 5 : 6;
constexpr int kBestPixels = kWidth == 8 ? 4 : kMostPixels;

// y[pixel][0 .. 2 vectors] (+)= sum over k of x[pixel][k] * weights[k][0 .. 2 vectors].
template <int kPixels, bool kAdd>
FILM_INLINE void multiply_block(int inputs, const float* x, int64_t x_stride, const float* weights,
                                int64_t outputs, float* y) {
  Floats sums[kPixels][2];
#pragma GCC unroll 16
  for (int p = 0; p < kPixels; p++)
#pragma GCC unroll 2
    for (int v = 0; v < 2; v++)
      sums[p][v] = kAdd ? load(y + p * outputs + v * kWidth) : zeros();
#pragma GCC unroll 4
  for (int k = 0; k < inputs; k++) {
    const Floats first = load(weights + k * outputs);
    const Floats second = load(weights + k * outputs + kWidth);
#pragma GCC unroll 16
    for (int p = 0; p < kPixels; p++) {
      const Floats value = broadcast(x[p * x_stride + k]);
      sums[p][0] = multiply_add(value, first, sums[p][0]);
      sums[p][1] = multiply_add(value, second, sums[p][1]);
    }
  }
#pragma GCC unroll 16
  for (int p = 0; p < kPixels; p++)
#pragma GCC unroll 2
    for (int v = 0; v < 2; v++) store(y + p * outputs + v * kWidth, sums[p][v]);
}

// multiply_block for a number of pixels that is only known now. A function for each number keeps
// every one of them in registers and small.
template <int kInputs, int kOutputs, bool kAdd, int kPixels>
struct MultiplyBlocks {
  static __attribute__((noinline)) void block(const float* x, const float* weights, float* y) {
    multiply_block<kPixels, kAdd>(kInputs, x, kInputs, weights, kOutputs, y);
  }
  static FILM_INLINE void run(int pixels, const float* x, const float* weights, float* y) {
    if (pixels == kPixels) return block(x, weights, y);
    MultiplyBlocks<kInputs, kOutputs, kAdd, kPixels - 1>::run(pixels, x, weights, y);
  }
};
template <int kInputs, int kOutputs, bool kAdd>
struct MultiplyBlocks<kInputs, kOutputs, kAdd, 0> {
  static FILM_INLINE void run(int, const float*, const float*, float*) {}
};

// y[pixel][0..kOutputs) (+)= weights^T x[pixel], for pixels of kInputs and kOutputs floats.
// weights are packed [kInputs][kOutputs]; y and weights are aligned; kOutputs is a multiple of 32.
template <int kInputs, int kOutputs, bool kAdd>
inline void multiply_row(const float* x, const float* weights, float* y, int pixels) {
  static_assert(kOutputs % 32 == 0, "two of the widest vectors at a time");
  // Blocks of nearly equal size: a small one at the end would run at half the speed.
  const int blocks = std::max((pixels + kMostPixels - 1) / kMostPixels, pixels / kBestPixels);
  int done = 0;
  for (int b = 0; b < blocks; b++) {
    const int count = (pixels - done) / (blocks - b);
    for (int o = 0; o < kOutputs; o += 2 * kWidth)
      MultiplyBlocks<kInputs, kOutputs, kAdd, kMostPixels>::run(
          count, x + int64_t(done) * kInputs, weights + o, y + int64_t(done) * kOutputs + o);
    done += count;
  }
}

// The same for 32 outputs and a number of inputs that is only known now.
inline void multiply_any_row(int inputs, const float* x, const float* weights, float* y,
                             int pixels) {
  constexpr int kMany = kWidth == 16 ? 8 : 4;
  for (int o = 0; o < 32; o += 2 * kWidth) {
    int p = 0;
    for (; p + kMany <= pixels; p += kMany)
      multiply_block<kMany, false>(inputs, x + int64_t(p) * inputs, inputs, weights + o, 32,
                                   y + p * 32 + o);
    for (; p < pixels; p++)
      multiply_block<1, false>(inputs, x + int64_t(p) * inputs, inputs, weights + o, 32,
                               y + p * 32 + o);
  }
}

// The same, added to y, for sizes that only the text knows.
inline void multiply_text_rows(int inputs, int outputs, const float* x, const float* weights,
                               float* y, int rows) {
  for (int o = 0; o < outputs; o += 2 * kWidth) {
    int r = 0;
    for (; r + 4 <= rows; r += 4)
      multiply_block<4, true>(inputs, x + int64_t(r) * inputs, inputs, weights + o, outputs,
                              y + int64_t(r) * outputs + o);
    for (; r < rows; r++)
      multiply_block<1, true>(inputs, x + int64_t(r) * inputs, inputs, weights + o, outputs,
                              y + int64_t(r) * outputs + o);
  }
}

// The 3x3 depthwise convolution of one vector of channels for kPixels neighbouring pixels:
// sums[p] = sum of taps[3 dy + dx] * rows[dy][p + dx]. Every value that is loaded serves three
// pixels, every weight all of them.
template <int kChannels, int kPixels>
FILM_INLINE void depthwise_block(const float* const (&rows)[3], int64_t at, const float* taps,
                                 Floats (&sums)[kPixels]) {
#pragma GCC unroll 16
  for (int i = 0; i < kPixels; i++) sums[i] = zeros();
#pragma GCC unroll 3
  for (int dy = 0; dy < 3; dy++) {
    const float* row = rows[dy] + at;
    Floats tap[3];
#pragma GCC unroll 3
    for (int t = 0; t < 3; t++) tap[t] = load(taps + (3 * dy + t) * kChannels);
#pragma GCC unroll 16
    for (int i = 0; i < kPixels + 2; i++) {
      const Floats value = load(row + i * kChannels);
#pragma GCC unroll 3
      for (int dx = 0; dx < 3; dx++)
        if (i - dx >= 0 && i - dx < kPixels)
          sums[i - dx] = multiply_add(value, tap[dx], sums[i - dx]);
    }
  }
}
constexpr int kDepthwisePixels = kWidth == 16 ? 8 : 6;

// One row of it, y[p][c]. rows[0..2] start one pixel left of y's first; weights are packed
// [9][kChannels].
template <int kChannels>
inline void depthwise_row(const float* const (&rows)[3], const float* weights, float* y,
                          int pixels) {
  for (int c = 0; c < kChannels; c += kWidth) {
    int p = 0;
    const auto run = [&](auto count) {
      constexpr int kPixels = decltype(count)::value;
      for (; p + kPixels <= pixels; p += kPixels) {
        Floats sums[kPixels];
        depthwise_block<kChannels, kPixels>(rows, int64_t(p) * kChannels + c, weights + c, sums);
#pragma GCC unroll 16
        for (int i = 0; i < kPixels; i++) store(y + int64_t(p + i) * kChannels + c, sums[i]);
      }
    };
    run(std::integral_constant<int, kDepthwisePixels>());
    run(std::integral_constant<int, 1>());
  }
}

inline void clear_row(float* y, int64_t count) {
  std::memset(y, 0, sizeof(float) * size_t(count));
}

}  // namespace film
