// The dense 3x3 convolution of 32 channels, with 16 products of 32 x 32 for four pixels instead of 36.
//
// Winograd's F(2x2, 3x3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
// CVPR 2016): Y = A^T [ (G g G^T) . (B^T d B) ] A for 2 x 2 outputs Y from 4 x 4 inputs d, with
//   B^T d = d0 - d2, d1 + d2, d2 - d1, d1 - d3 and A^T m = m0 + m1 + m2, m1 - m2 - m3.
// The four rows of B^T d are taken one after the other, so that what one of them needs stays in the
// first cache.
#pragma once

#include "activations.hpp"
#include "features.hpp"
#include "pixel_rows.hpp"

namespace film {

// Weight (32, 32, 3, 3) as G g G^T, packed [4][4][in][out].
inline Buffer packed_winograd(const float* weight) {
  static const double g[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
  Buffer packed(size_t(16) * kSlabChannels * kSlabChannels);
  for (int o = 0; o < kSlabChannels; o++)
    for (int k = 0; k < kSlabChannels; k++) {
      const float* taps = weight + (o * kSlabChannels + k) * 9;
      for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
          double total = 0;
          for (int dy = 0; dy < 3; dy++)
            for (int dx = 0; dx < 3; dx++) total += g[i][dy] * g[j][dx] * taps[3 * dy + dx];
          packed[size_t((i * 4 + j) * kSlabChannels + k) * kSlabChannels + o] = float(total);
        }
    }
  return packed;
}

// Rows of the convolution and its PReLU, two at a time.
class WinogradRows {
 public:
  explicit WinogradRows(int most_pixels)
      : inputs_(size_t(4) * ((most_pixels + 1) / 2) * kSlabChannels), products_(inputs_.size()) {}

  // input: rows + 2 rows of width + 2 pixels, `stride` floats apart. Where width is odd one more
  // pixel is read, whose value doesn't matter. to: `rows` (1 or 2) rows of width pixels.
  void run(const float* input, int64_t stride, const float* weights, float slope, int rows,
           int width, float* const (&to)[2]) {
    const Floats slopes = broadcast(slope);
    const auto row = [&](int r) { return input + r * stride; };
    multiply<false>(row(0), row(2), weights, 0, width);
    gather<1, true, false>(slopes, width, to[0]);
    multiply<true>(row(1), row(2), weights, 1, width);
    gather<1, false, false>(slopes, width, to[0]);
    if (rows == 2) gather<1, true, false>(slopes, width, to[1]);
    multiply<false>(row(2), row(1), weights, 2, width);
    gather<1, false, true>(slopes, width, to[0]);
    if (rows < 2) return;
    gather<-1, false, false>(slopes, width, to[1]);
    multiply<false>(row(1), row(3), weights, 3, width);
    gather<-1, false, true>(slopes, width, to[1]);
  }

 private:
  // Row i of B^T d is a plus or minus b: its four columns of B^T d B, times their weights.
  template <bool kAdd>
  void multiply(const float* a, const float* b, const float* weights, int i, int width) {
    const int pairs = (width + 1) / 2;
    const int64_t plane = int64_t(pairs) * kSlabChannels;
    for (int c = 0; c < kSlabChannels; c += kWidth) {
      const auto column = [&](int64_t x) {
        const Floats first = load(a + x * kSlabChannels + c);
        const Floats second = load(b + x * kSlabChannels + c);
        return kAdd ? first + second : first - second;
      };
      Floats d0 = column(0), d1 = column(1);
      for (int t = 0; t < pairs; t++) {
        const Floats d2 = column(2 * t + 2), d3 = column(2 * t + 3);
        float* at = inputs_.data() + t * kSlabChannels + c;
        store(at, d0 - d2);
        store(at + plane, d1 + d2);
        store(at + 2 * plane, d2 - d1);
        store(at + 3 * plane, d1 - d3);
        d0 = d2, d1 = d3;
      }
    }
    for (int j = 0; j < 4; j++)
      multiply_row<kSlabChannels, kSlabChannels, false>(
          inputs_.data() + j * plane,
          weights + (i * 4 + j) * kSlabChannels * kSlabChannels, products_.data() + j * plane,
          pairs);
  }

  // The products' share in a row of the output: added or subtracted, or the first of three.
  template <int kSign, bool kFirst, bool kLast>
  void gather(Floats slopes, int width, float* to) {
    const int pairs = (width + 1) / 2;
    const int64_t plane = int64_t(pairs) * kSlabChannels;
    const auto put = [&](Floats value, float* at) {
      if (!kFirst) value = kSign > 0 ? load(at) + value : load(at) - value;
      store(at, kLast ? prelu(value, slopes) : value);
    };
    for (int c = 0; c < kSlabChannels; c += kWidth)
      for (int t = 0; t < pairs; t++) {
        const float* m = products_.data() + t * kSlabChannels + c;
        const Floats m1 = load(m + plane), m2 = load(m + 2 * plane);
        float* at = to + int64_t(2 * t) * kSlabChannels + c;
        put(load(m) + (m1 + m2), at);
        if (2 * t + 1 < width) put((m1 - m2) - load(m + 3 * plane), at + kSlabChannels);
      }
  }

  Buffer inputs_, products_;
};

}  // namespace film
