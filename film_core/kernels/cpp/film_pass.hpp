// The forward pass of FILM, from two images and the text to the fused image.
#pragma once

#include <functional>

#include "network.hpp"
#include "restormer_block.hpp"
#include "slab.hpp"

namespace film {

// What a pass needs besides its tensors.
struct Setting {
  Control& control;
  SlabStore& store;
};

// What the text doesn't change: everything in front of the first gate of a source.
struct SourceState {
  const float* features = nullptr;  // F of the first stage, a slab
  const float* grid = nullptr;      // the same at the pixels of the text grid
  const float* keys = nullptr;      // project_keys of it
};

// One image size: the slabs' shape, the maps to the text grid, and the passes over all pixels.
class ImagePass {
 public:
  ImagePass(const Network& network, int height, int width, Setting& setting)
      : network_(network), height_(height), width_(width), setting_(setting), grid_(height, width) {}

  size_t slab_size() const { return size_t(height_) * width_ * kSlabChannels; }

  // Work of the steps, in multiply-adds, for progress.
  static double prepare_work(double pixels) { return pixels * 20000 + 1.1e9; }
  static double source_work(double pixels, int rows) {
    return pixels * 64000 + 2 * 1.1e9 + 3.0 * rows * kTokens * kTextWidth;
  }
  static double joint_work(double pixels) { return pixels * 112000; }

  // Features of the first stage of source 0 (A) or 1 (B): features is a slab; grid is written where
  // image and grid don't coincide; keys has 13824 x 256 floats.
  void prepare(const float* image, int source, float* features, float* grid, float* keys) {
    const StageWeights& stage = network_.stages[source][0];
    {
      Slab start(slab_size(), setting_.store);
      parallel_rows([&](int y) {
        convolve_image_row(image, height_, width_, y, 0, width_, stage.conv1.data(), stage.slope1,
                           start.data() + int64_t(y) * width_ * kSlabChannels);
      });
      block(start, stage.block, features);
    }
    if (stopped()) return;
    if (!grid_.identity()) sample(features, grid);
    project_keys(grid_.identity() ? features : grid, grid_, stage.attention, keys,
                 setting_.control);
  }

  // The three stages of a source, from its state to the features in front of the joint blocks.
  // output[stage] receives the attention weights.
  Slab stages(const SourceState& state, int source, const Buffer& text, int rows,
              const AttentionOutput* output) {
    return stages(state, source, text, rows, output, Slab(), Buffer(), Buffer());
  }

  // The same from the image, keeping nothing.
  Slab from_image(const float* image, int source, const Buffer& text, int rows,
                  const AttentionOutput* output) {
    Slab features(slab_size(), setting_.store);
    Buffer grid, keys(size_t(kTokens) * kTextWidth);
    if (!grid_.identity()) grid = Buffer(size_t(kGridPixels) * kSlabChannels);
    prepare(image, source, features.data(), grid.data(), keys.data());
    const SourceState state{features.data(), grid.data(), keys.data()};
    return stages(state, source, text, rows, output, std::move(features), std::move(grid),
                  std::move(keys));
  }

  // The joint blocks: from both sources' features to the fused image (height x width).
  void join(Slab a, Slab b, float* fused) {
    Slab first(slab_size(), setting_.store);
    const Features<64> both{{a.data(), b.data()}, height_, width_};
    restormer_block(both, *network_.joint1, setting_.control, seen<64>(),
                    [&](const Tile& tile, const float* pixels) {
                      const int width = tile.width();
                      for (int y = tile.y0; y < tile.y1; y++, pixels += int64_t(width) * 64) {
                        float* to = first.data() + offset(y, tile.x0);
                        for (int x = 0; x < width; x++)
                          std::memcpy(to + x * 32, network_.conv1_bias.data(), 32 * sizeof(float));
                        multiply_row<64, 32, true>(pixels, network_.conv1.data(), to, width);
                      }
                      touched(tile, 3);
                    });
    b = Slab();
    if (stopped()) return;
    block(first, *network_.joint2, a.data());
    if (stopped()) return;
    const Features<32> last{{a.data()}, height_, width_};
    restormer_block(last, *network_.joint3, setting_.control, seen<32>(),
                    [&](const Tile& tile, const float* pixels) {
                      for (int y = tile.y0; y < tile.y1; y++)
                        for (int x = tile.x0; x < tile.x1; x++, pixels += 32)
                          fused[int64_t(y) * width_ + x] = fused_pixel(pixels);
                      touched(tile, 1);
                    });
  }

 private:
  bool stopped() const { return setting_.control.cancelled(); }
  int64_t offset(int y, int x) const { return (int64_t(y) * width_ + x) * kSlabChannels; }

  float fused_pixel(const float* pixel) const {
    Floats total = load(pixel) * load(network_.conv2.data());
    for (int c = kWidth; c < 32; c += kWidth)
      total += load(pixel + c) * load(network_.conv2.data() + c);
    return 1.0f / (1.0f + std::exp(-(sum(total) + network_.conv2_bias)));
  }

  // What the first pass of a block calls for every tile that it has read.
  template <int kChannels>
  std::function<void(const Tile&)> seen() {
    return [this](const Tile& tile) { touched(tile, kChannels / kSlabChannels); };
  }

  // A tile of so many slabs has been read or written.
  void touched(const Tile& tile, int slabs) {
    setting_.store.touched(double(tile.height()) * tile.width() * kSlabChannels * 4 * slabs);
  }

  // `features`, `grid` and `keys` may be empty; where they hold the state itself, it is
  // overwritten as soon as nobody needs it any more.
  Slab stages(const SourceState& state, int source, const Buffer& text, int rows,
              const AttentionOutput* output, Slab features, Buffer grid, Buffer keys) {
    Slab next(slab_size(), setting_.store);
    const float* current = state.features;
    const float* on_grid = grid_.identity() ? state.features : state.grid;
    const float* current_keys = state.keys;
    for (int s = 0; s < kStages && !stopped(); s++) {
      const StageWeights& stage = network_.stages[source][s];
      const Buffer gate = text_gate(text, rows, on_grid, current_keys, stage.attention, output[s],
                                    setting_.control);
      if (stopped()) break;
      if (s + 1 == kStages) {
        gate_only(current, on_grid, stage.gate, gate, next);
        break;
      }
      const StageWeights& following = network_.stages[source][s + 1];
      gate_and_convolve(current, on_grid, stage.gate, gate, following, next);
      if (!features.data()) features = Slab(slab_size(), setting_.store);
      if (stopped()) break;
      block(next, following.block, features.data());
      current = on_grid = features.data();
      if (!grid_.identity()) {
        if (!grid.data()) grid = Buffer(size_t(kGridPixels) * kSlabChannels);
        sample(features.data(), grid.data());
        on_grid = grid.data();
      }
      if (!keys.data()) keys = Buffer(size_t(kTokens) * kTextWidth);
      project_keys(on_grid, grid_, following.attention, keys.data(), setting_.control);
      current_keys = keys.data();
    }
    return next;
  }

  template <class Row>
  void parallel_rows(Row row) {
    parallel_items(setting_.control, height_, 300.0 * width_, [&](int64_t y) {
      row(int(y));
      touched({0, int(y), int(y) + 1, 0, width_}, 1);
    });
  }

  void block(const Slab& from, const BlockWeights<32>& weights, float* to) {
    const Features<32> x{{from.data()}, height_, width_};
    restormer_block(x, weights, setting_.control, seen<32>(), [&](const Tile& tile, const float* pixels) {
      const int64_t row = int64_t(tile.width()) * kSlabChannels;
      for (int y = tile.y0; y < tile.y1; y++, pixels += row)
        std::memcpy(to + offset(y, tile.x0), pixels, sizeof(float) * size_t(row));
      touched(tile, 2);
    });
  }

  void sample(const float* features, float* grid) {
    parallel_items(setting_.control, kGridHeight, 32.0 * kGridWidth, [&](int64_t row) {
      const float* from = features + offset(grid_.down_row(int(row)), 0);
      float* to = grid + row * kGridWidth * kSlabChannels;
      for (int x = 0; x < kGridWidth; x++)
        std::memcpy(to + x * kSlabChannels, from + int64_t(grid_.down_column(x)) * kSlabChannels,
                    sizeof(float) * kSlabChannels);
    });
  }

  void gate_only(const float* features, const float* on_grid, const GateWeights& weights,
                 const Buffer& gate, Slab& to) {
    const Features<32> x{{features}, height_, width_};
    const TileGrid tiles(1, height_, width_, kTileHeight, kTileWidth);
    parallel_items(
        setting_.control, tiles.count(), 3072.0 * height_ * width_ / tiles.count(),
        [&] { return GateRow(kTileWidth); },
        [&](int64_t i, GateRow& scratch) {
          const Tile tile = tiles[i];
          for (int y = tile.y0; y < tile.y1; y++)
            scratch.run(x, on_grid, grid_, weights, gate.data(), y, tile.x0, tile.x1,
                        to.data() + offset(y, tile.x0));
          touched(tile, 2);
        });
  }

  // The stage's output and the next stage's convA1 in one pass.
  void gate_and_convolve(const float* features, const float* on_grid, const GateWeights& weights,
                         const Buffer& gate, const StageWeights& following, Slab& to) {
    struct Scratch {
      GateRow row{kTileWidth + 2};
      // One pixel more than the bordered tile, for WinogradRows.
      Buffer output{(size_t(kTileHeight + 2) * (kTileWidth + 2) + 1) * kSlabChannels};
      WinogradRows convolution{kTileWidth};
    };
    const Features<32> x{{features}, height_, width_};
    const TileGrid tiles(1, height_, width_, kTileHeight, kTileWidth);
    parallel_items(
        setting_.control, tiles.count(), 12288.0 * height_ * width_ / tiles.count(),
        [] { return Scratch(); },
        [&](int64_t i, Scratch& scratch) {
          const Tile tile = tiles[i];
          const int width = tile.width() + 2;
          const int64_t row = int64_t(width) * kSlabChannels;
          const int from = tile.x0 == 0 ? 1 : 0;
          const int until = tile.x1 == width_ ? width - 1 : width;
          for (int r = 0; r < tile.height() + 2; r++) {
            float* output = scratch.output.data() + r * row;
            const int y = tile.y0 - 1 + r;
            if (y < 0 || y >= height_) {
              clear_row(output, row);
              continue;
            }
            clear_row(output, kSlabChannels);
            clear_row(output + row - kSlabChannels, kSlabChannels);
            scratch.row.run(x, on_grid, grid_, weights, gate.data(), y, tile.x0 - 1 + from,
                            tile.x0 - 1 + until, output + from * kSlabChannels);
          }
          for (int r = 0; r < tile.height(); r += 2) {
            const int rows = tile.height() - r < 2 ? 1 : 2;
            float* const at[2] = {to.data() + offset(tile.y0 + r, tile.x0),
                                  to.data() + offset(tile.y0 + r + rows - 1, tile.x0)};
            scratch.convolution.run(scratch.output.data() + r * row, row, following.conv1.data(),
                                    following.slope1, rows, tile.width(), at);
          }
          touched(tile, 2);
        });
  }

  const Network& network_;
  int height_, width_;
  Setting& setting_;
  Grid grid_;
};

}  // namespace film
