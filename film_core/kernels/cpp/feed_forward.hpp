// Restormer's gated feed-forward in rings: the 8c-wide hidden tensor never leaves the caches.
#pragma once

#include "activations.hpp"
#include "block_weights.hpp"
#include "pixel_rows.hpp"

namespace film {

// Groups of 16 + 16 hidden channels that go through rings together, and pixels of a row that do. With
// AVX-512 all rings and weights fit a first cache of 48 KB. Narrower vectors take longer over every
// value and don't wait for the second cache: there whole rows of a tile are 5 to 7 % faster, since no
// column is computed for two strips and the sums are read and written half as often.
constexpr int kGroups = kWidth == 16 ? 2 : 4;
constexpr int kStripWidth = kWidth == 16 ? 24 : 48;

// y[p] = gelu(first half) * second half of the depthwise convolution of a ring of rows of 16 + 16
// channels; y takes 16 of the kGroups * 16 channels of its pixels.
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
          store(y + int64_t(p + i) * kGroups * kGroup + c, hidden[i] * gate[i]);
      }
    };
    run(std::integral_constant<int, kDepthwisePixels>());
    run(std::integral_constant<int, 1>());
  }
}

// Adds the feed-forward of a tile to `output`.
//
// Strip by strip, for twice 16 + 16 gate-paired hidden channels at a time, row by row: project_in
// into rings of three rows, the depthwise convolution of the middle one, GELU times gate, and
// project_out added to the tile, which stays in the second cache.
template <int kChannels>
class FeedForwardTile {
 public:
  FeedForwardTile()
      : ring_(size_t(kGroups) * 3 * (kStripWidth + 2) * kBoth),
        gated_(size_t(kStripWidth) * kGroups * kGroup) {}

  // input: (height + 2) x (width + 2) normalised pixels, zeros outside the image.
  // output: height x width pixels.
  void add(const float* input, const BlockWeights<kChannels>& block, int height, int width,
           float* output) {
    // Strips of nearly equal width, whole blocks of gated_row but for the last.
    const int strips = (width + kStripWidth - 1) / kStripWidth;
    const int blocks = (width + strips * kDepthwisePixels - 1) / (strips * kDepthwisePixels);
    for (int from = 0; from < width; from += blocks * kDepthwisePixels) {
      const int rest = width - from;
      const int pixels = rest < blocks * kDepthwisePixels ? rest : blocks * kDepthwisePixels;
      for (int g = 0; g < BlockWeights<kChannels>::kHidden / kGroup; g += kGroups)
        add_groups(input + int64_t(from) * kChannels, block, g, height, width, pixels,
                   output + int64_t(from) * kChannels);
    }
  }

 private:
  static constexpr int kBoth = 2 * kGroup;

  // Groups g .. g + kGroups - 1 of a strip of `pixels` columns of the tile.
  void add_groups(const float* input, const BlockWeights<kChannels>& block, int g, int height,
                  int width, int pixels, float* output) {
    const int64_t ring_row = int64_t(pixels + 2) * kBoth;
    const float* in_weights = block.feed_in.data() + size_t(g) * kChannels * kBoth;
    const float* taps = block.feed_taps.data() + size_t(g) * 9 * kBoth;
    const float* out_weights = block.feed_out.data() + size_t(g) * kGroup * kChannels;
    for (int r = 0; r < height + 2; r++) {
      for (int i = 0; i < kGroups; i++) {
        float* ring = ring_.data() + i * 3 * ring_row;
        multiply_row<kChannels, kBoth, false>(input + int64_t(r) * (width + 2) * kChannels,
                                              in_weights + i * kChannels * kBoth,
                                              ring + r % 3 * ring_row, pixels + 2);
        if (r < 2) continue;
        const float* rows[3];
        for (int d = 0; d < 3; d++) rows[d] = ring + (r - 2 + d) % 3 * ring_row;
        gated_row(rows, taps + i * 9 * kBoth, gated_.data() + i * kGroup, pixels);
      }
      if (r >= 2)
        multiply_row<kGroups * kGroup, kChannels, true>(
            gated_.data(), out_weights, output + int64_t(r - 2) * width * kChannels, pixels);
    }
  }

  Buffer ring_, gated_;
};

}  // namespace film
