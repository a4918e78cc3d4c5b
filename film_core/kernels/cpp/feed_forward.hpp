// Restormer's gated feed-forward in a ring: the 8c-wide hidden tensor never leaves the first cache.
#pragma once

#include "activations.hpp"
#include "block_weights.hpp"
#include "pixel_rows.hpp"

namespace film {

// y[p] = gelu(first half) * second half of the depthwise convolution of a ring of rows of 16 + 16
// channels; y has 16.
inline void gated_row(const float* const (&rows)[3], const float* taps, float* y, int pixels) {
  constexpr int kBoth = 2 * kGroup;
  for (int c = 0; c < kGroup; c += kWidth) {
    int p = 0;
    const auto run = [&](auto count) {
      constexpr int kPixels = decltype(count)::value;
      for (; p + kPixels <= pixels; p += kPixels) {
        Floats hidden[kPixels], gate[kPixels];
        const int64_t at = int64_t(p) * kBoth + c;
        depthwise_block<kBoth, kPixels>(rows, at, taps + c, hidden);
#pragma GCC unroll 16
        for (int i = 0; i < kPixels; i++) hidden[i] = gelu(hidden[i]);
        depthwise_block<kBoth, kPixels>(rows, at + kGroup, taps + kGroup + c, gate);
#pragma GCC unroll 16
        for (int i = 0; i < kPixels; i++)
          store(y + int64_t(p + i) * kGroup + c, hidden[i] * gate[i]);
      }
    };
    run(std::integral_constant<int, kDepthwisePixels>());
    run(std::integral_constant<int, 1>());
  }
}

// Adds the feed-forward of a tile to `output`.
//
// For 16 + 16 gate-paired hidden channels at a time, row by row: project_in into a ring of three
// rows, the depthwise convolution of the middle one, GELU times gate, and project_out added to the
// tile, which stays in the second cache.
template <int kChannels>
class FeedForwardTile {
 public:
  explicit FeedForwardTile(int tile_width)
      : ring_(size_t(3) * (tile_width + 2) * 2 * kGroup),
        gated_(size_t(tile_width) * kGroup) {}

  // input: (height + 2) x (width + 2) normalised pixels, zeros outside the image.
  // output: height x width pixels.
  void add(const float* input, const BlockWeights<kChannels>& block, int height, int width,
           float* output) {
    const int border_width = width + 2;
    const int64_t ring_row = int64_t(border_width) * 2 * kGroup;
    for (int g = 0; g < BlockWeights<kChannels>::kHidden / kGroup; g++) {
      const float* in_weights = block.feed_in.data() + size_t(g) * kChannels * 2 * kGroup;
      const float* taps = block.feed_taps.data() + size_t(g) * 9 * 2 * kGroup;
      const float* out_weights = block.feed_out.data() + size_t(g) * kGroup * kChannels;
      for (int r = 0; r < height + 2; r++) {
        multiply_row<kChannels, 2 * kGroup, false>(
            input + int64_t(r) * border_width * kChannels, in_weights,
            ring_.data() + r % 3 * ring_row, border_width);
        if (r < 2) continue;
        const float* rows[3];
        for (int d = 0; d < 3; d++) rows[d] = ring_.data() + (r - 2 + d) % 3 * ring_row;
        gated_row(rows, taps, gated_.data(), width);
        multiply_row<kGroup, kChannels, true>(
            gated_.data(), out_weights, output + int64_t(r - 2) * width * kChannels, width);
      }
    }
  }

 private:
  Buffer ring_, gated_;
};

}  // namespace film
