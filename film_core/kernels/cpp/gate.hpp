// The text's gate on the image: everything of a stage that follows the cross-attention.
//
// The gate is one number g per pixel of the 288 x 384 grid, the same for all channels. So
//   convA2(g * (image-to-text conv of F)) = g * (M F + m) + b2,  M = W2 Wk, m = W2 bk,
// one 32 x 32 matrix, and the gated tensor is never stored. With t = PReLU of that,
//   convA3([F, t + F]) = (left + right) F + right t + b3,
// so t + F isn't either.
#pragma once

#include "activations.hpp"
#include "features.hpp"
#include "grid.hpp"
#include "parameters.hpp"
#include "pixel_rows.hpp"

namespace film {

struct GateWeights {
  Buffer merged, merged_bias;  // M packed [in][out], m
  Buffer bias2;
  float slope2, slope3;
  Buffer left_and_right, right, bias3;  // packed [in][out]

  // to_text_*: the 1x1 convolution in front of the resize; `next` is at convA2.
  GateWeights(const float* to_text_weight, const float* to_text_bias, ParameterReader& next)
      : merged(size_t(32) * 32), merged_bias(32) {
    const float* weight2 = next();
    bias2 = copied(next(), 32);
    slope2 = *next();
    const float* weight3 = next();
    bias3 = copied(next(), 32);
    slope3 = *next();
    for (int o = 0; o < 32; o++) {
      double bias = 0;
      for (int j = 0; j < 32; j++) bias += double(weight2[o * 32 + j]) * to_text_bias[j];
      merged_bias[o] = float(bias);
      for (int k = 0; k < 32; k++) {
        double total = 0;
        for (int j = 0; j < 32; j++)
          total += double(weight2[o * 32 + j]) * to_text_weight[j * 32 + k];
        merged[k * 32 + o] = float(total);
      }
    }
    left_and_right = Buffer(size_t(32) * 32);
    right = Buffer(size_t(32) * 32);
    for (int o = 0; o < 32; o++)
      for (int k = 0; k < 32; k++) {
        right[k * 32 + o] = weight3[o * 64 + 32 + k];
        left_and_right[k * 32 + o] = weight3[o * 64 + k] + weight3[o * 64 + 32 + k];
      }
  }
};

// The stage's output for pixels x0..x1-1 of row y.
//
// sampled: F at the pixels of the text grid (32 channels), or F itself where image and grid
// coincide. gate: 256 numbers. to: 32 channels a pixel.
class GateRow {
 public:
  explicit GateRow(int pixels)
      : features_(size_t(pixels) * 32), gated_(size_t(pixels) * 32), factor_(pixels) {}

  void run(const Features<32>& features, const float* sampled, const Grid& grid,
           const GateWeights& weights, const float* gate, int y, int x0, int x1, float* to) {
    const int pixels = x1 - x0;
    const float* own = features.pixel(0, y, x0);
    const float* source = own;
    const int64_t grid_row = int64_t(grid.up_row(y)) * kGridWidth;
    for (int p = 0; p < pixels; p++)
      factor_[p] = gate[(grid_row + grid.up_column(x0 + p)) % kTokenLength];
    if (!grid.identity()) {
      for (int p = 0; p < pixels; p++) {
        const float* pixel = sampled + (grid_row + grid.up_column(x0 + p)) * kSlabChannels;
        for (int c = 0; c < 32; c += kWidth) store(features_.data() + p * 32 + c, load(pixel + c));
      }
      source = features_.data();
    }
    multiply_row<32, 32, false>(source, weights.merged.data(), gated_.data(), pixels);
    for (int p = 0; p < pixels; p++) {
      const Floats factor = broadcast(factor_[p]);
      for (int c = 0; c < 32; c += kWidth) {
        float* at = gated_.data() + p * 32 + c;
        const Floats value = factor * (load(at) + load(weights.merged_bias.data() + c)) +
                             load(weights.bias2.data() + c);
        store(at, prelu(value, broadcast(weights.slope2)));
      }
    }
    multiply_row<32, 32, false>(own, weights.left_and_right.data(), to, pixels);
    multiply_row<32, 32, true>(gated_.data(), weights.right.data(), to, pixels);
    for (int p = 0; p < pixels; p++)
      for (int c = 0; c < 32; c += kWidth) {
        float* at = to + p * 32 + c;
        store(at, prelu(load(at) + load(weights.bias3.data() + c), broadcast(weights.slope3)));
      }
  }

 private:
  Buffer features_, gated_, factor_;
};

}  // namespace film
