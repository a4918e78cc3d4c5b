// Restormer's channel attention (MDTA), first pass: what the whole image has to say.
//
// A head's weights need only q k^T and the norms of q and k: sums over all pixels. The first pass
// forms q and k a few rows at a time and keeps nothing but these sums. They end as one matrix,
// project_out times the softmaxed weights, with which the second pass
// (restormer_block.hpp) multiplies v.
#pragma once

#include <cmath>
#include <vector>

#include "block_weights.hpp"
#include "features.hpp"
#include "layer_norm.hpp"
#include "tiles.hpp"

namespace film {

// Lane i of `turned` is lane i + 1 of its segment of kSegment channels, the last takes the first's.
// A group of 16 channels is kVectors = 16 / kWidth vectors.
constexpr int kGroupVectors = kGroup / kWidth;
template <int kSegment>
FILM_INLINE void turn(Floats (&group)[kGroupVectors]) {
#if FILM_WIDTH == 16
  if (kSegment == 4)
    group[0] = FILM_SHUFFLE(group[0], group[0], 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15,
                            12);
  else
    group[0] = FILM_SHUFFLE(group[0], group[0], 1, 2, 3, 4, 5, 6, 7, 0, 9, 10, 11, 12, 13, 14, 15,
                            8);
#elif FILM_WIDTH == 8
  for (Floats& v : group)
    v = kSegment == 4 ? FILM_SHUFFLE(v, v, 1, 2, 3, 0, 5, 6, 7, 4)
                      : FILM_SHUFFLE(v, v, 1, 2, 3, 4, 5, 6, 7, 0);
#else
  if (kSegment == 4) {
    for (Floats& v : group) v = FILM_SHUFFLE(v, v, 1, 2, 3, 0);
  } else {
    for (int pair = 0; pair < kGroupVectors; pair += 2) {
      const Floats low = group[pair], high = group[pair + 1];
      group[pair] = FILM_SHUFFLE(low, high, 1, 2, 3, 4);
      group[pair + 1] = FILM_SHUFFLE(high, low, 1, 2, 3, 4);
    }
  }
#endif
}

// Sums over the pixels of a tile, for one group of 16 channels: q.k for every turn of k, q.q, k.k.
template <int kChannels>
struct AttentionSums {
  static constexpr int kSegment = kChannels / kHeads;  // channels of a head
  static constexpr int kRows = kSegment + 2;
  static constexpr int kPerGroup = kRows * kGroup;
  static constexpr int kPerTile = kChannels / kGroup * kPerGroup;

  // Add a row of pixels, each 16 channels of q, then 16 of k.
  static inline void add_row(const float* row, int pixels, float* sums) {
    Floats total[kRows][kGroupVectors];
    for (int r = 0; r < kRows; r++)
      for (int v = 0; v < kGroupVectors; v++) total[r][v] = load(sums + r * kGroup + v * kWidth);
    for (int p = 0; p < pixels; p++, row += 2 * kGroup) {
      Floats key[kGroupVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kGroupVectors; v++) {
        const Floats query = load(row + v * kWidth);
        key[v] = load(row + kGroup + v * kWidth);
        total[kSegment][v] = multiply_add(query, query, total[kSegment][v]);
        total[kSegment + 1][v] = multiply_add(key[v], key[v], total[kSegment + 1][v]);
      }
#pragma GCC unroll 8
      for (int r = 0; r < kSegment; r++) {
#pragma GCC unroll 4
        for (int v = 0; v < kGroupVectors; v++)
          total[r][v] = multiply_add(load(row + v * kWidth), key[v], total[r][v]);
        if (r + 1 < kSegment) turn<kSegment>(key);
      }
    }
    for (int r = 0; r < kRows; r++)
      for (int v = 0; v < kGroupVectors; v++) store(sums + r * kGroup + v * kWidth, total[r][v]);
  }
};

// The scratch and the work of the first pass on one tile.
template <int kChannels>
class AttentionTile {
 public:
  AttentionTile(int tile_height, int tile_width)
      : stride_(tile_width + 2),
        normalized_(size_t(tile_height + 2) * stride_ * kChannels),
        ring_(size_t(3) * stride_ * 2 * kGroup),
        row_(size_t(stride_) * 2 * kGroup) {}

  // sums: AttentionSums<kChannels>::kPerTile floats, overwritten.
  void run(const Features<kChannels>& x, const BlockWeights<kChannels>& block, const Tile& tile,
           float* sums) {
    const int height = tile.height() + 2, width = tile.width() + 2;
    for (int r = 0; r < height; r++)
      normalized_with_border(x, block.norm1_scale.data(), block.norm1_shift.data(),
                             tile.y0 - 1 + r, tile.x0 - 1, width,
                             normalized_.data() + int64_t(r) * width * kChannels);
    clear_row(sums, AttentionSums<kChannels>::kPerTile);
    for (int g = 0; g < kChannels / kGroup; g++) {
      const float* weights = block.query_key.data() + size_t(g) * kChannels * 2 * kGroup;
      const float* taps = block.query_key_taps.data() + size_t(g) * 9 * 2 * kGroup;
      const int64_t ring_row = int64_t(width) * 2 * kGroup;
      for (int r = 0; r < height; r++) {
        multiply_row<kChannels, 2 * kGroup, false>(
            normalized_.data() + int64_t(r) * width * kChannels, weights,
            ring_.data() + r % 3 * ring_row, width);
        if (r < 2) continue;
        const float* rows[3];
        for (int d = 0; d < 3; d++) rows[d] = ring_.data() + (r - 2 + d) % 3 * ring_row;
        depthwise_row<2 * kGroup>(rows, taps, row_.data(), tile.width());
        AttentionSums<kChannels>::add_row(row_.data(), tile.width(),
                                          sums + g * AttentionSums<kChannels>::kPerGroup);
      }
    }
  }

  // Normalised pixels of row y from x0 on, zeros outside the image: the convolutions that follow
  // pad with zeros, and the projection between has no bias.
  static void normalized_with_border(const Features<kChannels>& x, const float* scale,
                                     const float* shift, int y, int x0, int width, float* to) {
    const int from = x0 < 0 ? -x0 : 0;
    const int until = x0 + width > x.width ? x.width - x0 : width;
    if (y < 0 || y >= x.height || from >= until) return clear_row(to, int64_t(width) * kChannels);
    clear_row(to, int64_t(from) * kChannels);
    normalize_row(slab_row(x, y, x0 + from), scale, shift, to + int64_t(from) * kChannels,
                  until - from);
    clear_row(to + int64_t(until) * kChannels, int64_t(width - until) * kChannels);
  }

 private:
  int stride_;
  Buffer normalized_, ring_, row_;
};

// project_out times the attention weights, packed [in][out], from the summed q.k and norms.
template <int kChannels>
Buffer attention_matrix(const BlockWeights<kChannels>& block, const std::vector<double>& sums) {
  typedef AttentionSums<kChannels> Sums;
  constexpr int kSegment = Sums::kSegment;
  std::vector<double> weights(size_t{kChannels} * kSegment);  // [channel of q][channel of k]
  const auto at = [&](int row, int channel) {
    return sums[size_t(channel / kGroup) * Sums::kPerGroup + row * kGroup + channel % kGroup];
  };
  const auto norm = [&](int row, int channel) {
    const double length = std::sqrt(at(row, channel));
    return length > 1e-12 ? length : 1e-12;
  };
  for (int c = 0; c < kChannels; c++) {
    const int head = c / kSegment, i = c % kSegment;
    double best = -1e300, total = 0;
    double* logits = &weights[size_t(c) * kSegment];
    for (int j = 0; j < kSegment; j++) {
      const double product = at((j - i + kSegment) % kSegment, c);
      logits[j] = product / (norm(kSegment, c) * norm(kSegment + 1, head * kSegment + j)) *
                  block.temperature[head];
      if (logits[j] > best) best = logits[j];
    }
    for (int j = 0; j < kSegment; j++) total += logits[j] = std::exp(logits[j] - best);
    for (int j = 0; j < kSegment; j++) logits[j] /= total;
  }
  Buffer matrix(size_t{kChannels} * kChannels);
  for (int k = 0; k < kChannels; k++)
    for (int o = 0; o < kChannels; o++) {
      const int head = k / kSegment;
      double total = 0;
      for (int c = head * kSegment; c < (head + 1) * kSegment; c++)
        total += double(block.project_out[size_t(o) * kChannels + c]) *
                 weights[size_t(c) * kSegment + k % kSegment];
      matrix[size_t(k) * kChannels + o] = float(total);
    }
  return matrix;
}

}  // namespace film
