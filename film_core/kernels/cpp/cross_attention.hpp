// Text-to-image cross-attention, reduced to its mean over the queries.
//
// FILM averages the attention's output over the text tokens and the value projection is linear, so
//   mean over t of softmax(q_t K^T) V  =  (sum over n of w[n] x_n) Wv^T + bv,
// where w is the mean of the softmax over t: T x 13824 x 256 products become 13824 x 256. The key
// bias adds the same number to a whole softmax row and cancels.
//
// A key token is 256 consecutive pixels of one channel, so in channels-last order the 32 tokens of
// a run of 256 pixels lie side by side: vectors run over them, weights and queries are broadcast.
// Scores keep that order: score n' = run * 32 + channel, while the published token number is
// channel * 432 + run.
#pragma once

#include <cmath>
#include <vector>

#include "activations.hpp"
#include "features.hpp"
#include "grid.hpp"
#include "parameters.hpp"
#include "pixel_rows.hpp"
#include "tiles.hpp"

namespace film {

constexpr int kTextWidth = 256, kTextHeads = 8, kHeadWidth = 32;

struct CrossAttentionWeights {
  Buffer to_text, to_text_bias;  // the 1x1 convolution, packed [in][out]
  Buffer to_text_plain;          // the same, [out][in]
  Buffer query, query_bias;      // packed [in][out], divided by sqrt(32)
  Buffer key;                    // [out][in]
  Buffer value, value_bias;      // [out][in]
  Buffer out, out_bias;          // [out][in]

  // `next` is at the 1x1 convolution, then in_proj, out_proj.
  explicit CrossAttentionWeights(ParameterReader& next) {
    const float* conv = next();
    to_text = transposed(conv, 32, 32);
    to_text_plain = copied(conv, 32 * 32);
    to_text_bias = copied(next(), 32);
    const float* in_weight = next();
    const float* in_bias = next();
    query = transposed(in_weight, kTextWidth, kTextWidth);
    query_bias = copied(in_bias, kTextWidth);
    const float scale = 1.0f / std::sqrt(float(kHeadWidth));
    for (size_t i = 0; i < query.size(); i++) query[i] *= scale;
    for (size_t i = 0; i < query_bias.size(); i++) query_bias[i] *= scale;
    key = copied(in_weight + kTextWidth * kTextWidth, kTextWidth * kTextWidth);
    value = copied(in_weight + 2 * kTextWidth * kTextWidth, kTextWidth * kTextWidth);
    value_bias = copied(in_bias + 2 * kTextWidth, kTextWidth);
    out = copied(next(), kTextWidth * kTextWidth);
    out_bias = copied(next(), kTextWidth);
  }
};

// Key weights for runs of pixels of which several are copies of one image column.
//
// Where the image is narrower than the grid, neighbouring grid columns repeat a column of the image.
// Their weights add up first, and a run has that many values less. Runs start at column 0, 256 or
// 128 of the grid: three kinds.
class KeyWeights {
 public:
  static constexpr int kKinds = 3;

  KeyWeights(const Buffer& key, const Grid& grid) {
    for (int kind = 0; kind < kKinds; kind++) {
      std::vector<int>& first = first_[kind];  // grid positions, within a run, of distinct values
      std::vector<int> group(kTokenLength);
      for (int j = 0; j < kTokenLength; j++) {
        const int column = (kind * kTokenLength + j) % kGridWidth;
        const bool same =
            j > 0 && column > 0 && grid.down_column(column) == grid.down_column(column - 1);
        if (!same) first.push_back(j);
        group[j] = int(first.size()) - 1;
      }
      const int count = int(first.size());
      Buffer& weights = weights_[kind];
      weights = Buffer(size_t(kTextWidth) * count);
      std::memset(weights.data(), 0, sizeof(float) * weights.size());
      for (int d = 0; d < kTextWidth; d++)
        for (int j = 0; j < kTokenLength; j++)
          weights[size_t(d) * count + group[j]] += key[size_t(d) * kTokenLength + j];
    }
  }

  // For run number `run`: which of its positions have a value of their own, and their weights,
  // [256][positions().size()].
  const std::vector<int>& positions(int64_t run) const { return first_[run % kKinds]; }
  const float* weights(int64_t run) const { return weights_[run % kKinds].data(); }

 private:
  std::vector<int> first_[kKinds];
  Buffer weights_[kKinds];
};

// keys[head][run][32 of the head][32 channels] of `pixels`, the features on the grid (32 channels a
// pixel, in front of the image-to-text convolution).
inline void project_keys(const float* pixels, const Grid& grid,
                         const CrossAttentionWeights& weights, float* keys, Control& control) {
  const KeyWeights merged(weights.key, grid);
  struct Scratch {
    Buffer distinct{size_t(kTokenLength) * 32}, image{size_t(kTokenLength) * 32};
  };
  parallel_items(
      control, kRuns, double(kTokenLength) * 32 * kTextWidth, [] { return Scratch(); },
      [&](int64_t run, Scratch& scratch) {
        const std::vector<int>& positions = merged.positions(run);
        const int count = int(positions.size());
        const float* values = pixels + run * kTokenLength * 32;
        if (count < kTokenLength) {
          for (int i = 0; i < count; i++)
            std::memcpy(scratch.distinct.data() + i * 32, values + positions[i] * 32,
                        32 * sizeof(float));
          values = scratch.distinct.data();
        }
        float* image = scratch.image.data();
        multiply_row<32, 32, false>(values, weights.to_text.data(), image, count);
        for (int j = 0; j < count; j++)
          for (int c = 0; c < 32; c += kWidth)
            store(image + j * 32 + c,
                  load(image + j * 32 + c) + load(weights.to_text_bias.data() + c));
        // Seen from multiply_row, key features are the pixels and the run's values the weights.
        for (int head = 0; head < kTextHeads; head++) {
          float* to = keys + (int64_t(head) * kRuns + run) * kHeadWidth * 32;
          const float* key = merged.weights(run) + int64_t(head) * kHeadWidth * count;
          if (count == kTokenLength)
            multiply_row<kTokenLength, 32, false>(key, image, to, kHeadWidth);
          else
            multiply_any_row(count, key, image, to, kHeadWidth);
        }
      });
}

// y (rows, 256) = x (rows, inputs) weights + bias; weights packed [inputs][256].
inline Buffer project_text(const float* x, int rows, int inputs, const Buffer& weights,
                           const Buffer& bias, Control& control) {
  constexpr int kRowsAtOnce = 16;
  Buffer y(size_t(rows) * kTextWidth);
  parallel_items(control, (rows + kRowsAtOnce - 1) / kRowsAtOnce,
                 double(kRowsAtOnce) * inputs * kTextWidth, [&](int64_t item) {
                   const int64_t first = item * kRowsAtOnce;
                   const int count = int(rows - first < kRowsAtOnce ? rows - first : kRowsAtOnce);
                   float* to = y.data() + first * kTextWidth;
                   for (int r = 0; r < count; r++)
                     std::memcpy(to + r * kTextWidth, bias.data(), sizeof(float) * kTextWidth);
                   multiply_text_rows(inputs, kTextWidth, x + first * inputs, weights.data(), to,
                                      count);
                 });
  return y;
}

// Where the attention weights go that somebody wants to look at; null pointers are skipped.
struct AttentionOutput {
  float* mean = nullptr;     // (8, 13824), mean over the text tokens
  float* spatial = nullptr;  // (T, 8, 432), sum over the 32 channels
  float* tokens = nullptr;   // (T, 8, 13824)
  float* gate = nullptr;     // (256)
};

constexpr int kTextRows = 12;     // text tokens that are scored together
constexpr int kRowParts = 4;      // independent parts of a head's rows, for the threads

// Scores of up to 12 text tokens against all key tokens of a head, then their softmax.
class SoftmaxRows {
 public:
  SoftmaxRows() : scores_(size_t(kTextRows) * kTokens) {}

  // queries: `rows` x 256 at the head's first feature. mean: kTokens sums, added to with `share`.
  template <int kRows>
  void run(const float* queries, const float* keys, float share, float* mean) {
    Floats best[kRows];
    for (int r = 0; r < kRows; r++) best[r] = broadcast(-3.0e38f);
    for (int run = 0; run < kRuns; run++) score_run<kRows>(queries, keys, run, best);
    for (int r = 0; r < kRows; r++) {
      float* row = scores_.data() + int64_t(r) * kTokens;
      const Floats top = broadcast(largest(best[r]));
      Floats total[2] = {zeros(), zeros()};
      for (int n = 0; n < kTokens; n += 2 * kWidth)
        for (int v = 0; v < 2; v++) {
          const Floats weight = exp_negative(load(row + n + v * kWidth) - top);
          total[v] += weight;
          store(row + n + v * kWidth, weight);
        }
      scale_[r] = 1.0f / sum(total[0] + total[1]);
    }
    for (int n = 0; n < kTokens; n += kWidth) {
      Floats value = load(mean + n);
#pragma GCC unroll 12
      for (int r = 0; r < kRows; r++)
        value = multiply_add(load(scores_.data() + int64_t(r) * kTokens + n),
                             broadcast(scale_[r] * share), value);
      store(mean + n, value);
    }
  }

  void run(int rows, const float* queries, const float* keys, float share, float* mean) {
    switch (rows) {
      case 1: return run<1>(queries, keys, share, mean);
      case 2: return run<2>(queries, keys, share, mean);
      case 3: return run<3>(queries, keys, share, mean);
      case 4: return run<4>(queries, keys, share, mean);
      case 5: return run<5>(queries, keys, share, mean);
      case 6: return run<6>(queries, keys, share, mean);
      case 7: return run<7>(queries, keys, share, mean);
      case 8: return run<8>(queries, keys, share, mean);
      case 9: return run<9>(queries, keys, share, mean);
      case 10: return run<10>(queries, keys, share, mean);
      case 11: return run<11>(queries, keys, share, mean);
      default: return run<12>(queries, keys, share, mean);
    }
  }

  // Copy row `r` of the last run out: its sums over channels, and all of it.
  void report(int r, float* spatial, float* tokens) const {
    const float* row = scores_.data() + int64_t(r) * kTokens;
    for (int run = 0; run < kRuns; run++) {
      if (spatial) {
        Floats total = load(row + run * 32);
        for (int c = kWidth; c < 32; c += kWidth) total += load(row + run * 32 + c);
        spatial[run] = sum(total) * scale_[r];
      }
      if (tokens)
        for (int c = 0; c < 32; c++) tokens[c * kRuns + run] = row[run * 32 + c] * scale_[r];
    }
  }

 private:
  template <int kRows>
  FILM_INLINE void score_run(const float* queries, const float* keys, int run, Floats* best) {
    // As many rows as registers hold beside two key vectors; narrower vectors take them in turns.
    constexpr int kTogether = kWidth == 16 ? kRows : (kRows > 6 ? 6 : kRows);
    const float* key_run = keys + int64_t(run) * kHeadWidth * 32;
#pragma GCC unroll 12
    for (int r0 = 0; r0 < kRows; r0 += kTogether)
      for (int c = 0; c < 32; c += 2 * kWidth) {
        Floats total[kTogether][2];
#pragma GCC unroll 12
        for (int r = 0; r < kTogether; r++) total[r][0] = total[r][1] = zeros();
        for (int d = 0; d < kHeadWidth; d++) {
          if (r0 == 0) {
            // Keys stream from beyond the second cache: ask for them two runs ahead.
            __builtin_prefetch(key_run + 2 * kHeadWidth * 32 + d * 32 + c);
            if (kWidth == 16) __builtin_prefetch(key_run + 2 * kHeadWidth * 32 + d * 32 + 16);
          }
          const Floats first = load(key_run + d * 32 + c);
          const Floats second = load(key_run + d * 32 + c + kWidth);
#pragma GCC unroll 12
          for (int r = 0; r < kTogether; r++) {
            if (r0 + r >= kRows) break;
            const Floats query = broadcast(queries[(r0 + r) * kTextWidth + d]);
            total[r][0] = multiply_add(query, first, total[r][0]);
            total[r][1] = multiply_add(query, second, total[r][1]);
          }
        }
#pragma GCC unroll 12
        for (int r = 0; r < kTogether; r++) {
          if (r0 + r >= kRows) break;
          float* to = scores_.data() + int64_t(r0 + r) * kTokens + run * 32 + c;
          store(to, total[r][0]);
          store(to + kWidth, total[r][1]);
          best[r0 + r] = maximum(best[r0 + r], maximum(total[r][0], total[r][1]));
        }
      }
  }

  Buffer scores_;
  float scale_[kTextRows];
};

// Mean over the text tokens of the attention weights: (8, 13824) in the order run * 32 + channel.
inline Buffer mean_attention(const Buffer& queries, int rows, const float* keys,
                             const AttentionOutput& output, Control& control) {
  const int blocks = (rows + kTextRows - 1) / kTextRows;
  Buffer partial(size_t(kTextHeads) * kRowParts * kTokens);
  parallel_items(
      control, kTextHeads * kRowParts,
      double(rows) * kTokens * kTextWidth / (kTextHeads * kRowParts), [] { return SoftmaxRows(); },
      [&](int64_t item, SoftmaxRows& softmax) {
        const int head = int(item) / kRowParts, part = int(item) % kRowParts;
        float* mean = partial.data() + item * kTokens;
        std::memset(mean, 0, sizeof(float) * kTokens);
        for (int b = blocks * part / kRowParts; b < blocks * (part + 1) / kRowParts; b++) {
          if (control.cancelled()) return;
          const int first = b * kTextRows;
          const int count = rows - first < kTextRows ? rows - first : kTextRows;
          softmax.run(count, queries.data() + int64_t(first) * kTextWidth + head * kHeadWidth,
                      keys + int64_t(head) * kTokens * kHeadWidth, 1.0f / rows, mean);
          for (int r = 0; r < count; r++) {
            const int64_t row = int64_t(first + r) * kTextHeads + head;
            if (output.spatial || output.tokens)
              softmax.report(r, output.spatial ? output.spatial + row * kRuns : nullptr,
                             output.tokens ? output.tokens + row * kTokens : nullptr);
          }
        }
      });
  Buffer mean(size_t(kTextHeads) * kTokens);
  for (int head = 0; head < kTextHeads; head++)
    for (int n = 0; n < kTokens; n += kWidth) {
      Floats total = zeros();
      for (int part = 0; part < kRowParts; part++)
        total += load(partial.data() + (int64_t(head) * kRowParts + part) * kTokens + n);
      store(mean.data() + int64_t(head) * kTokens + n, total);
    }
  if (output.mean)
    for (int head = 0; head < kTextHeads; head++)
      for (int n = 0; n < kTokens; n++)
        output.mean[int64_t(head) * kTokens + n % 32 * kRuns + n / 32] = mean[head * kTokens + n];
  return mean;
}

// (8, 256): for every head the sum over key tokens of weight times token.
inline Buffer weighted_tokens(const Buffer& mean, const float* pixels,
                              const CrossAttentionWeights& weights, Control& control) {
  constexpr int kPositions = 16;  // positions within a run that an item takes
  constexpr int kRunsAtOnce = 8;
  // The convolution in front of the tokens, applied to the weights instead of the pixels.
  Buffer projected(size_t(kTextHeads) * kTokens);
  multiply_row<32, 32, false>(mean.data(), weights.to_text_plain.data(), projected.data(),
                              kTextHeads * kRuns);
  Buffer sums(size_t(kTextHeads) * kTokenLength);
  parallel_items(
      control, kTokenLength / kPositions, double(kTokens) * kPositions * kTextHeads,
      [] { return Buffer(kPositions * kTextHeads * 32); },
      [&](int64_t item, Buffer& totals) {
        clear_row(totals.data(), int64_t(totals.size()));
        for (int run0 = 0; run0 < kRuns; run0 += kRunsAtOnce)
          for (int j = 0; j < kPositions; j++)
            for (int c = 0; c < 32; c += kWidth) {
              float* at = totals.data() + j * kTextHeads * 32 + c;
              Floats total[kTextHeads];
#pragma GCC unroll 8
              for (int h = 0; h < kTextHeads; h++) total[h] = load(at + h * 32);
              for (int run = run0; run < run0 + kRunsAtOnce; run++) {
                const int64_t pixel = int64_t(run) * kTokenLength + item * kPositions + j;
                const Floats value = load(pixels + pixel * 32 + c);
#pragma GCC unroll 8
                for (int h = 0; h < kTextHeads; h++)
                  total[h] = multiply_add(
                      value, load(projected.data() + int64_t(h) * kTokens + run * 32 + c),
                      total[h]);
              }
#pragma GCC unroll 8
              for (int h = 0; h < kTextHeads; h++) store(at + h * 32, total[h]);
            }
        for (int j = 0; j < kPositions; j++)
          for (int h = 0; h < kTextHeads; h++) {
            const float* at = totals.data() + (j * kTextHeads + h) * 32;
            Floats total = load(at);
            for (int c = kWidth; c < 32; c += kWidth) total += load(at + c);
            sums[int64_t(h) * kTokenLength + item * kPositions + j] = sum(total);
          }
      });
  for (int h = 0; h < kTextHeads; h++) {
    double bias = 0;
    for (int n = 0; n < kTokens; n++)
      bias += double(mean[int64_t(h) * kTokens + n]) * weights.to_text_bias[n % 32];
    for (int j = 0; j < kTokenLength; j++) sums[h * kTokenLength + j] += float(bias);
  }
  return sums;
}

// The gate: 256 numbers, the mean over text tokens of the attention's output divided by the sum of
// its absolute values (floored at 1e-12).
//
// text: (rows, 256) projected text. pixels, keys: the features on the grid and project_keys of them.
inline Buffer text_gate(const Buffer& text, int rows, const float* pixels, const float* keys,
                        const CrossAttentionWeights& weights, const AttentionOutput& output,
                        Control& control) {
  const Buffer queries =
      project_text(text.data(), rows, kTextWidth, weights.query, weights.query_bias, control);
  const Buffer mean = mean_attention(queries, rows, keys, output, control);
  const Buffer tokens = weighted_tokens(mean, pixels, weights, control);
  std::vector<double> values(kTextWidth);
  for (int d = 0; d < kTextWidth; d++) {
    const float* token = tokens.data() + d / kHeadWidth * kTokenLength;
    double total = weights.value_bias[d];
    for (int j = 0; j < kTokenLength; j++)
      total += double(weights.value[d * kTextWidth + j]) * token[j];
    values[d] = total;
  }
  std::vector<double> gate(kTextWidth);
  double length = 0;
  for (int d = 0; d < kTextWidth; d++) {
    double total = weights.out_bias[d];
    for (int j = 0; j < kTextWidth; j++) total += weights.out[d * kTextWidth + j] * values[j];
    gate[d] = total;
    length += std::fabs(total);
  }
  Buffer result(kTextWidth);
  for (int d = 0; d < kTextWidth; d++)
    result[d] = float(gate[d] / (length > 1e-12 ? length : 1e-12));
  if (output.gate) std::memcpy(output.gate, result.data(), sizeof(float) * kTextWidth);
  return result;
}

}  // namespace film
