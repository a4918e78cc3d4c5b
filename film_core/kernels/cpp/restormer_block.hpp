// A Restormer block in two passes over tiles: the sums of channel attention, then everything else.
#pragma once

#include "channel_attention.hpp"
#include "feed_forward.hpp"

namespace film {

// Tiles whose normalised input and output stay in the second cache (about 0.8 MB together), and
// narrow enough for a ring of rows of the attention to stay in the first.
constexpr int kTileHeight = 64, kTileWidth = 48;
template <int kChannels>
TileGrid block_tiles(int height, int width) {
  return TileGrid(1, height, width, kTileHeight * kSlabChannels / kChannels, kTileWidth);
}

// First pass: project_out times the softmaxed channel attention, packed [in][out]. seen(tile) is
// called for every tile that has been read.
template <int kChannels, class Seen>
Buffer channel_attention(const Features<kChannels>& x, const BlockWeights<kChannels>& block,
                         Control& control, Seen seen) {
  typedef AttentionSums<kChannels> Sums;
  const TileGrid tiles = block_tiles<kChannels>(x.height, x.width);
  Buffer partial(size_t(tiles.count()) * Sums::kPerTile);
  const double work = double(x.height) * x.width * kChannels * (2 * kChannels + 2 * 9);
  parallel_items(
      control, tiles.count(), work / tiles.count(),
      [] {
        return AttentionTile<kChannels>(kTileHeight * kSlabChannels / kChannels, kTileWidth);
      },
      [&](int64_t i, AttentionTile<kChannels>& scratch) {
        const Tile tile = tiles[i];
        scratch.run(x, block, tile, partial.data() + i * Sums::kPerTile);
        seen(tile);
      });
  std::vector<double> sums(Sums::kPerTile, 0.0);
  for (int64_t i = 0; i < tiles.count(); i++)
    for (int s = 0; s < Sums::kPerTile; s++) sums[s] += partial[i * Sums::kPerTile + s];
  return attention_matrix(block, sums);
}

// Second pass on one tile: v, the attention's output, the residual, and the feed-forward on top.
template <int kChannels>
class BlockOutputTile {
 public:
  BlockOutputTile()
      : normalized_(size_t(kTileWidth + 4) * kChannels),
        ring_(size_t(3) * (kTileWidth + 4) * kChannels),
        value_(size_t(kTileWidth + 4) * kChannels),
        attended_(size_t(kTileWidth + 2) * kChannels),
        input_(size_t(kRows + 2) * (kTileWidth + 2) * kChannels),
        output_(size_t(kRows) * kTileWidth * kChannels) {}

  // Returns the block's output on the tile: height x width pixels of kChannels.
  float* run(const Features<kChannels>& x, const BlockWeights<kChannels>& block,
             const Buffer& matrix, const Tile& tile) {
    const int width = tile.width(), height = tile.height();
    const int ring_width = width + 4;
    const int64_t ring_row = int64_t(ring_width) * kChannels;
    for (int r = 0; r < height + 4; r++) {
      AttentionTile<kChannels>::normalized_with_border(
          x, block.norm1_scale.data(), block.norm1_shift.data(), tile.y0 - 2 + r, tile.x0 - 2,
          ring_width, normalized_.data());
      multiply_row<kChannels, kChannels, false>(normalized_.data(), block.value.data(),
                                                ring_.data() + r % 3 * ring_row, ring_width);
      if (r < 2) continue;
      const float* rows[3];
      for (int d = 0; d < 3; d++) rows[d] = ring_.data() + (r - 2 + d) % 3 * ring_row;
      attend_row(x, block, matrix, tile, r - 2, rows);
    }
    feed_forward_.add(input_.data(), block, height, width, output_.data());
    return output_.data();
  }

 private:
  static constexpr int kRows = kTileHeight * kSlabChannels / kChannels;

  // Row `r` of the bordered tile (image row y0 - 1 + r): x + matrix v, then its normalised form.
  void attend_row(const Features<kChannels>& x, const BlockWeights<kChannels>& block,
                  const Buffer& matrix, const Tile& tile, int r, const float* const (&rows)[3]) {
    const int width = tile.width() + 2, y = tile.y0 - 1 + r;
    float* input = input_.data() + int64_t(r) * width * kChannels;
    if (y < 0 || y >= x.height) return clear_row(input, int64_t(width) * kChannels);
    const int from = tile.x0 == 0 ? 1 : 0, until = tile.x1 == x.width ? width - 1 : width;
    depthwise_row<kChannels>(rows, block.value_taps.data(), value_.data(), width);
    float* attended = attended_.data() + int64_t(from) * kChannels;
    copy_pixels(x, y, tile.x0 - 1 + from, tile.x0 - 1 + until, attended);
    multiply_row<kChannels, kChannels, true>(value_.data() + int64_t(from) * kChannels,
                                             matrix.data(), attended, until - from);
    clear_row(input, kChannels);
    clear_row(input + int64_t(width - 1) * kChannels, kChannels);
    normalize_row(joined_row<kChannels>(attended), block.norm2_scale.data(),
                  block.norm2_shift.data(), input + int64_t(from) * kChannels, until - from);
    if (r >= 1 && r <= tile.height())
      std::memcpy(output_.data() + int64_t(r - 1) * tile.width() * kChannels,
                  attended_.data() + kChannels,
                  sizeof(float) * size_t(tile.width()) * kChannels);
  }

  Buffer normalized_, ring_, value_, attended_, input_, output_;
  FeedForwardTile<kChannels> feed_forward_;
};

// The whole block. finish(tile, pixels) receives each tile of the output, kChannels a pixel.
template <int kChannels, class Seen, class Finish>
void restormer_block(const Features<kChannels>& x, const BlockWeights<kChannels>& block,
                     Control& control, Seen seen, Finish finish) {
  const Buffer matrix = channel_attention(x, block, control, seen);
  if (control.cancelled()) return;
  const TileGrid tiles = block_tiles<kChannels>(x.height, x.width);
  const double per_pixel = kChannels * (14.0 * kChannels + 9 * 9);
  const double work = double(x.height) * x.width * per_pixel;
  parallel_items(
      control, tiles.count(), work / tiles.count(),
      [&] { return BlockOutputTile<kChannels>(); },
      [&](int64_t i, BlockOutputTile<kChannels>& scratch) {
        const Tile tile = tiles[i];
        finish(tile, scratch.run(x, block, matrix, tile));
      });
}

}  // namespace film
