// Restormer's gated feed-forward in a ring: the 8c-wide hidden tensor never leaves the first cache.
#pragma once

#include "activations.hpp"
#include "block_weights.hpp"
#include "pixel_rows.hpp"

namespace film {

// y[p] = gelu(x[p][0..16)) * x[p][16..32)
inline void gate_row(const float* x, float* y, int pixels) {
#pragma GCC unroll 2
  for (int p = 0; p < pixels; p++, x += 2 * kGroup, y += kGroup)
#pragma GCC unroll 4
    for (int c = 0; c < kGroup; c += kWidth) store(y + c, gelu(load(x + c)) * load(x + kGroup + c));
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
        hidden_(size_t(tile_width) * 2 * kGroup),
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
            input + int64_t(r) * border_width * kChannels, kChannels, in_weights,
            ring_.data() + r % 3 * ring_row, 2 * kGroup, border_width);
        if (r < 2) continue;
        const float* rows[3];
        for (int d = 0; d < 3; d++) rows[d] = ring_.data() + (r - 2 + d) % 3 * ring_row;
        depthwise_row<2 * kGroup>(rows, taps, hidden_.data(), width);
        gate_row(hidden_.data(), gated_.data(), width);
        multiply_row<kGroup, kChannels, true>(gated_.data(), kGroup, out_weights,
                                              output + int64_t(r - 2) * width * kChannels,
                                              kChannels, width);
      }
    }
  }

 private:
  Buffer ring_, hidden_, gated_;
};

}  // namespace film
