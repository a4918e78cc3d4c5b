// The text gate of a stage for training: image features -> keys of the 13824 runs, cross-attention
// of the text tokens to them, mean over the text tokens, division by the L1 norm.
//
// Only the mean over queries of the softmax is needed, w[h][n] = mean over t of p[h][t][n]; the
// values are one weighted sum of runs, and the key bias cancels. Backwards, with a[h][n] the
// gradient of w, the scores receive p (a - sum over m of p a) / T. Keys and probabilities are
// recomputed: the forward pass keeps the shift and scale of each softmax row and 8 x 256 numbers.
#pragma once

#include <cmath>
#include <vector>

#include "gemm.hpp"
#include "scratch.hpp"
#include "token_grid.hpp"

namespace film {
namespace training {

struct GateWeights {
    const float *slab_weight, *slab_bias;  // (32, 32), (32): image features -> slab
    const float *in_weight, *in_bias;      // (768, 256), (768): query, key, value
    const float *out_weight, *out_bias;    // (256, 256), (256)
};

struct GateGradients {
    float *slab_weight, *slab_bias, *in_weight, *in_bias, *out_weight, *out_bias;
};

class TextGate {
  public:
    static constexpr int kWidth256 = 256, kAttentionHeads = 8, kHeadWidth = 32, kChannels = 32;

    // Floats kept for each image: shift and scale of the softmax rows, pooled runs.
    static long kept(long text_tokens) {
        return 2 * kAttentionHeads * padded(text_tokens) + kAttentionHeads * kRun;
    }

    TextGate(long batch, long height, long width, long text_tokens, const GateWeights& weights)
        : batch_(batch), height_(height), width_(width), text_(text_tokens),
          lanes_(padded(text_tokens)), w_(weights),
          grid_(static_cast<int>(height), static_cast<int>(width)) {
        runs_size_ = columns_ = 0;
        for (int k = 0; k < 3; ++k) {
            const RunKind& kind = grid_.kinds[k];
            runs_first_[k] = runs_size_;
            runs_size_ += kind.tokens() * kind.padded;
            column_first_[k] = columns_;
            columns_ += kind.padded;
            for (long from = 0; from < kind.tokens(); from += kBlock) {
                const long to = from + kBlock < kind.tokens() ? from + kBlock : kind.tokens();
                blocks_.push_back({k, from, to});
            }
            for (long n = 0; n < kind.tokens(); ++n)
                counts_.push_back(kind.runs[n % static_cast<long>(kind.runs.size())].multiplicity);
        }
    }

    // features (B, H, W, 32), text (B, T, 256) -> gate (B, 256), kept (B, kept(T)).
    void forward(const float* features, const float* text, float* gate, float* kept_out) {
        Scratch& shared = shared_scratch();
        const long pool_size = kAttentionHeads * columns_;
        shared.reserve(common_size() + batch_ * pool_size + 256);
        prepare(shared, features, text);
        float* pools = shared.take(batch_ * pool_size);
        clear(pools, batch_ * pool_size);
        for_each_task(batch_ * kAttentionHeads, [&](long task) {
            const long b = task / kAttentionHeads, h = task % kAttentionHeads;
            float* shift = kept_out + b * kept(text_) + h * 2 * lanes_;
            probabilities(b, h, shift, shift + lanes_);
        });
        for_each_task(batch_ * 3, [&](long task) {
            const long b = task / 3, k = task % 3;
            const RunKind& kind = grid_.kinds[k];
            for (const Block& block : blocks_)
                if (block.kind == k)
                    product(kAttentionHeads, kind.padded, block.to - block.from, mean(b, block),
                            grid_.tokens, 1, runs(b, block), kind.padded,
                            pools + b * pool_size + column_first_[k], columns_, true);
        });
        for (long b = 0; b < batch_; ++b) {
            float* pooled = kept_out + b * kept(text_) + 2 * kAttentionHeads * lanes_;
            for (int h = 0; h < kAttentionHeads; ++h)
                for (int j = 0; j < kRun; ++j) {
                    float total = 0;
                    for (int k = 0; k < 3; ++k)
                        total += pools[b * pool_size + h * columns_ + column_first_[k] +
                                       grid_.kinds[k].position[j]];
                    pooled[h * kRun + j] = total;
                }
            const Projection p(w_, pooled);
            for (int i = 0; i < kRun; ++i) gate[b * kRun + i] = p.result[i] * p.inverse;
        }
    }

    // d_gate (B, 256) -> gradients of features, text and weights.
    void backward(const float* features, const float* text, const float* kept_in,
                  const float* d_gate, float* d_features, float* d_text, const GateGradients& d) {
        Scratch& shared = shared_scratch();
        const long bands = (height_ + kBandRows - 1) / kBandRows;
        const long slab_size = kChannels * kChannels + kChannels;
        const long wide = kRun * kWidth256, merged_size = columns_ * kWidth256;
        shared.reserve(common_size() +
                       batch_ * (32 * columns_ + grid_.tokens * (16 + kWidth256) +
                                 lanes_ * kWidth256 + merged_size) +
                       merged_size + batch_ * bands * slab_size + slab_size + 1024);
        prepare(shared, features, text);
        float* pull = shared.take(batch_ * columns_ * 16);         // (columns, 16 heads)
        float* pull_turned = shared.take(batch_ * columns_ * 16);  // (16 heads, columns)
        float* d_mean = shared.take(batch_ * grid_.tokens * 16);
        float* d_query = shared.take(batch_ * lanes_ * kWidth256);
        float* d_keys = shared.take(batch_ * grid_.tokens * kWidth256);  // (B, 8, tokens, 32)
        float* d_merged = shared.take(batch_ * merged_size);             // (B, 8, columns, 32)
        float* merged_turned = shared.take(merged_size);                 // (8, 32, columns)

        clear(d.in_weight, 3 * wide);
        clear(d.in_bias, 3 * kWidth256);
        clear(d.out_weight, wide);
        clear(d.out_bias, kWidth256);
        clear(pull, batch_ * columns_ * 16);
        clear(pull_turned, batch_ * columns_ * 16);
        clear(d_merged, batch_ * merged_size);
        for (long b = 0; b < batch_; ++b) {
            std::vector<float> d_pooled(kAttentionHeads * kRun, 0.0f);
            projection_backward(kept_in + b * kept(text_) + 2 * kAttentionHeads * lanes_,
                                d_gate + b * kRun, d, d_pooled.data());
            float *at = pull + b * columns_ * 16, *turned = pull_turned + b * columns_ * 16;
            for (int k = 0; k < 3; ++k)
                for (int h = 0; h < kAttentionHeads; ++h)
                    for (int j = 0; j < kRun; ++j) {
                        const long column = column_first_[k] + grid_.kinds[k].position[j];
                        at[column * 16 + h] += d_pooled[h * kRun + j];
                        turned[h * columns_ + column] += d_pooled[h * kRun + j];
                    }
        }
        for_each_task(kWidth256, [&](long row) {
            const float* from = merged_ + row / kHeadWidth * columns_ * kHeadWidth + row % kHeadWidth;
            for (long c = 0; c < columns_; ++c)
                merged_turned[row * columns_ + c] = from[c * kHeadWidth];
        });
        const long blocks = static_cast<long>(blocks_.size());
        for_each_task(batch_ * blocks, [&](long task) {
            const long b = task / blocks;
            const Block& block = blocks_[task % blocks];
            const long padded = grid_.kinds[block.kind].padded;
            product(block.to - block.from, 16, padded, runs(b, block), padded, 1,
                    pull + (b * columns_ + column_first_[block.kind]) * 16, 16,
                    d_mean + (b * grid_.tokens + first(block)) * 16, 16, false);
        });
        for_each_task(batch_ * kAttentionHeads, [&](long task) {
            const long b = task / kAttentionHeads, h = task % kAttentionHeads;
            scores_backward(b, h, kept_in + b * kept(text_) + h * 2 * lanes_,
                            d_mean + b * grid_.tokens * 16, d_query + b * lanes_ * kWidth256,
                            d_keys + task * grid_.tokens * kHeadWidth,
                            d_merged + task * columns_ * kHeadWidth);
        });
        for_each_task(batch_ * blocks, [&](long task) {
            const long b = task / blocks;
            runs_backward(b, blocks_[task % blocks], d_keys + b * grid_.tokens * kWidth256,
                          merged_turned, pull_turned + b * columns_ * 16);
        });
        // The same key weight serves its column in all three kinds of runs.
        for_each_task(kWidth256, [&](long e) {
            float* out = d.in_weight + wide + e * kRun;
            for (long b = 0; b < batch_; ++b) {
                const float* from = d_merged + b * merged_size +
                                    e / kHeadWidth * columns_ * kHeadWidth + e % kHeadWidth;
                for (int k = 0; k < 3; ++k)
                    for (int j = 0; j < kRun; ++j)
                        out[j] += from[(column_first_[k] + grid_.kinds[k].position[j]) * kHeadWidth];
            }
        });
        query_backward(text, d_query, d_text, d);

        for_each_task(batch_ * kChannels, [&](long task) {
            scatter_runs(task / kChannels, static_cast<int>(task % kChannels));
        });
        float* parts = shared.take(batch_ * bands * slab_size);
        float* total = shared.take(slab_size);
        for_each_task(batch_ * bands, [&](long task) {
            slab_backward(task / bands, task % bands, features, d_features, parts + task * slab_size);
        });
        sum_tasks(parts, batch_ * bands, slab_size, slab_size, total);
        std::memcpy(d.slab_weight, total, kChannels * kChannels * sizeof(float));
        std::memcpy(d.slab_bias, total + kChannels * kChannels, kChannels * sizeof(float));
    }

  private:
    static constexpr long kBlock = 64, kBandRows = 16;
    struct Block {
        int kind;
        long from, to;  // tokens of this kind
    };

    static long padded(long tokens) { return (tokens + 15) / 16 * 16; }

    long first(const Block& block) const { return grid_.first[block.kind] + block.from; }
    float* runs(long b, const Block& block) const {
        return runs_ + b * runs_size_ + runs_first_[block.kind] +
               block.from * grid_.kinds[block.kind].padded;
    }
    float* mean(long b, const Block& block) const {
        return mean_ + b * kAttentionHeads * grid_.tokens + first(block);
    }
    float* plane(long b) const { return planes_ + b * kChannels * height_ * width_; }

    long common_size() const {
        return batch_ * (kChannels * height_ * width_ + runs_size_ +
                         grid_.tokens * kAttentionHeads + 2 * lanes_ * kWidth256) +
               columns_ * kWidth256 + kWidth256 * kWidth256 + 512;
    }

    // ---- what both passes compute first: slab, runs, queries, key weights -----------------------

    void prepare(Scratch& shared, const float* features, const float* text) {
        planes_ = shared.take(batch_ * kChannels * height_ * width_);
        runs_ = shared.take(batch_ * runs_size_);
        mean_ = shared.take(batch_ * kAttentionHeads * grid_.tokens);
        query_ = shared.take(batch_ * lanes_ * kWidth256);
        query_turned_ = shared.take(batch_ * lanes_ * kWidth256);
        merged_ = shared.take(columns_ * kWidth256);  // (8, columns, 32)
        float* turned = shared.take(kWidth256 * kWidth256);

        const long bands = (height_ + kBandRows - 1) / kBandRows;
        for_each_task(batch_ * bands, [&](long task) { slab(task / bands, task % bands, features); });
        for_each_task(batch_ * kChannels, [&](long task) {
            gather_runs(task / kChannels, static_cast<int>(task % kChannels));
        });

        for (int e = 0; e < kWidth256; ++e)
            for (int j = 0; j < kRun; ++j) turned[j * kWidth256 + e] = w_.in_weight[e * kRun + j];
        const float scale = 1.0f / std::sqrt(static_cast<float>(kHeadWidth));
        for (long b = 0; b < batch_; ++b) {
            float* q = query_ + b * lanes_ * kWidth256;
            clear(q, lanes_ * kWidth256);
            product(text_, kWidth256, kRun, text + b * text_ * kRun, kRun, 1, turned, kWidth256, q,
                    kWidth256, false);
            for (long t = 0; t < text_; ++t)
                for (int e = 0; e < kWidth256; ++e) {
                    const float value = (q[t * kWidth256 + e] + w_.in_bias[e]) * scale;
                    q[t * kWidth256 + e] = value;
                }
            float* t = query_turned_ + b * lanes_ * kWidth256;  // (256, lanes)
            for (int e = 0; e < kWidth256; ++e)
                for (long i = 0; i < lanes_; ++i) t[e * lanes_ + i] = q[i * kWidth256 + e];
        }

        clear(merged_, columns_ * kWidth256);
        const float* key_weight = w_.in_weight + kWidth256 * kRun;
        for (int j = 0; j < kRun; ++j)
            for (int e = 0; e < kWidth256; ++e) turned[j * kWidth256 + e] = key_weight[e * kRun + j];
        for (int h = 0; h < kAttentionHeads; ++h)
            for (int k = 0; k < 3; ++k)
                for (int j = 0; j < kRun; ++j) {
                    float* row = merged_ + (h * columns_ + column_first_[k] +
                                            grid_.kinds[k].position[j]) * kHeadWidth;
                    const float* from = turned + j * kWidth256 + h * kHeadWidth;
                    for (int e = 0; e < kHeadWidth; ++e) row[e] += from[e];
                }
    }

    // slab = features * slab_weight + bias, one plane for each channel.
    void slab(long b, long band, const float* features) const {
        Scratch& scratch = thread_scratch();
        scratch.reserve(width_ * kChannels + kChannels * kChannels + 64);
        float* row = scratch.take(width_ * kChannels);
        float* turned = scratch.take(kChannels * kChannels);
        for (int o = 0; o < kChannels; ++o)
            for (int c = 0; c < kChannels; ++c)
                turned[c * kChannels + o] = w_.slab_weight[o * kChannels + c];
        const long last = (band + 1) * kBandRows < height_ ? (band + 1) * kBandRows : height_;
        for (long r = band * kBandRows; r < last; ++r) {
            product(width_, kChannels, kChannels, features + (b * height_ + r) * width_ * kChannels,
                    kChannels, 1, turned, kChannels, row, kChannels, false);
            for (int c = 0; c < kChannels; ++c) {
                float* out = plane(b) + (c * height_ + r) * width_;
                for (long x = 0; x < width_; ++x) out[x] = row[x * kChannels + c] + w_.slab_bias[c];
            }
        }
    }

    void gather_runs(long b, int channel) const {
        const float* from = plane(b) + channel * height_ * width_;
        for (int k = 0; k < 3; ++k) {
            const RunKind& kind = grid_.kinds[k];
            const int columns = static_cast<int>(kind.columns.size());
            const long count = static_cast<long>(kind.runs.size());
            float* out = runs_ + b * runs_size_ + runs_first_[k] + channel * count * kind.padded;
            for (long i = 0; i < count; ++i, out += kind.padded) {
                const float* first = from + kind.runs[i].rows[0] * width_;
                const float* second = from + kind.runs[i].rows[1] * width_;
                for (int c = 0; c < kind.split; ++c) out[c] = first[kind.columns[c]];
                for (int c = kind.split; c < columns; ++c) out[c] = second[kind.columns[c]];
                for (int c = columns; c < kind.padded; ++c) out[c] = 0.0f;
            }
        }
    }

    // ---- softmax over the runs, for one image and head ------------------------------------------

    // keys (count, 32) and scores (count, lanes) of one block.
    void block_scores(long b, long h, const Block& block, float* keys, float* scores) const {
        const long count = block.to - block.from, padded = grid_.kinds[block.kind].padded;
        product(count, kHeadWidth, padded, runs(b, block), padded, 1,
                merged_ + (h * columns_ + column_first_[block.kind]) * kHeadWidth, kHeadWidth, keys,
                kHeadWidth, false);
        product(count, lanes_, kHeadWidth, keys, kHeadWidth, 1,
                query_turned_ + (b * kWidth256 + h * kHeadWidth) * lanes_, lanes_, scores, lanes_,
                false);
    }

    // Mean over the text tokens of the softmax, and (shift, scale) with p = exp(score - shift) scale.
    void probabilities(long b, long h, float* shift, float* scale) const {
        Scratch& scratch = thread_scratch();
        const long blocks = static_cast<long>(blocks_.size());
        scratch.reserve((grid_.tokens + blocks) * lanes_ + kBlock * kHeadWidth + 64);
        float* p = scratch.take(grid_.tokens * lanes_);
        float* shifts = scratch.take(blocks * lanes_);  // the maximum so far, at each block
        float* keys = scratch.take(kBlock * kHeadWidth);
        for (long t = 0; t < lanes_; ++t) shift[t] = -1e30f, scale[t] = 0.0f;
        for (long i = 0; i < blocks; ++i) {
            const Block& block = blocks_[i];
            const long count = block.to - block.from;
            float* scores = p + first(block) * lanes_;
            block_scores(b, h, block, keys, scores);
            const float* counts = counts_.data() + first(block);
            for (long v = 0; v < lanes_; v += kLanes) {
                const Vec old = load(shift + v);
                Vec top = old;
                for (long n = 0; n < count; ++n) top = maximum(top, load(scores + n * lanes_ + v));
                Vec total = load(scale + v) * exponential(old - top);
                for (long n = 0; n < count; ++n) {
                    float* at = scores + n * lanes_ + v;
                    const Vec e = exponential(load(at) - top) * counts[n];
                    store(at, e);
                    total += e;
                }
                store(shift + v, top);
                store(scale + v, total);
                store(shifts + i * lanes_ + v, top);
            }
        }
        for (long t = 0; t < lanes_; ++t) scale[t] = t < text_ ? 1.0f / scale[t] : 0.0f;
        const float share = 1.0f / text_;
        for (long i = 0; i < blocks; ++i) {
            const Block& block = blocks_[i];
            float* factor = shifts + i * lanes_;
            for (long v = 0; v < lanes_; v += kLanes)
                store(factor + v, exponential(load(factor + v) - load(shift + v)) * load(scale + v) *
                                      share);
            float* out = mean(b, block) + h * grid_.tokens;
            const float* at = p + first(block) * lanes_;
            for (long n = 0; n < block.to - block.from; ++n, at += lanes_) {
                Vec total = Vec{};
                for (long v = 0; v < lanes_; v += kLanes) total += load(at + v) * load(factor + v);
                out[n] = sum(total);
            }
        }
    }

    // From the gradient of the mean to those of the queries, keys and merged key weights.
    void scores_backward(long b, long h, const float* shift, const float* d_mean, float* d_query,
                         float* d_keys, float* d_merged) const {
        Scratch& scratch = thread_scratch();
        scratch.reserve(grid_.tokens * lanes_ + 2 * lanes_ + lanes_ * kHeadWidth * 2 + 256);
        float* p = scratch.take(grid_.tokens * lanes_);
        float* inner = scratch.take(lanes_);   // sum over the runs of p * d_mean
        float* factor = scratch.take(lanes_);
        float* dq = scratch.take(lanes_ * kHeadWidth);
        float* query = scratch.take(lanes_ * kHeadWidth);
        const float share = 1.0f / text_;
        for (long t = 0; t < lanes_; ++t) {
            factor[t] = shift[lanes_ + t] * share;
            std::memcpy(query + t * kHeadWidth, query_ + (b * lanes_ + t) * kWidth256 + h * kHeadWidth,
                        kHeadWidth * sizeof(float));
        }
        clear(inner, lanes_);
        clear(dq, lanes_ * kHeadWidth);
        for (const Block& block : blocks_) {
            float* scores = p + first(block) * lanes_;
            block_scores(b, h, block, d_keys + first(block) * kHeadWidth, scores);
            const float *counts = counts_.data() + first(block), *a = d_mean + first(block) * 16 + h;
            float* out = mean(b, block) + h * grid_.tokens;
            for (long n = 0; n < block.to - block.from; ++n) {
                Vec total = Vec{};
                for (long v = 0; v < lanes_; v += kLanes) {
                    float* at = scores + n * lanes_ + v;
                    const Vec e = exponential(load(at) - load(shift + v)) * load(factor + v) *
                                  counts[n];
                    store(at, e);
                    total += e;
                    store(inner + v, load(inner + v) + e * a[n * 16]);
                }
                out[n] = sum(total);
            }
        }
        // inner holds (1/T) sum p a; the formula wants the sum itself.
        for (long t = 0; t < lanes_; ++t) inner[t] *= static_cast<float>(text_);
        for (const Block& block : blocks_) {
            const long count = block.to - block.from, padded = grid_.kinds[block.kind].padded;
            float *ds = p + first(block) * lanes_, *k = d_keys + first(block) * kHeadWidth;
            const float* a = d_mean + first(block) * 16 + h;
            for (long n = 0; n < count; ++n)
                for (long v = 0; v < lanes_; v += kLanes) {
                    float* at = ds + n * lanes_ + v;
                    store(at, load(at) * (a[n * 16] - load(inner + v)));
                }
            product(lanes_, kHeadWidth, count, ds, 1, lanes_, k, kHeadWidth, dq, kHeadWidth, true);
            product(count, kHeadWidth, lanes_, ds, lanes_, 1, query, kHeadWidth, k, kHeadWidth, false);
            product(padded, kHeadWidth, count, runs(b, block), 1, padded, k, kHeadWidth,
                    d_merged + column_first_[block.kind] * kHeadWidth, kHeadWidth, true);
        }
        const float unit = 1.0f / std::sqrt(static_cast<float>(kHeadWidth));
        for (long t = 0; t < lanes_; ++t)
            for (int e = 0; e < kHeadWidth; ++e)
                d_query[t * kWidth256 + h * kHeadWidth + e] = dq[t * kHeadWidth + e] * unit;
    }

    // ---- back from the keys to the runs and the slab --------------------------------------------

    // The runs of one block are overwritten by their gradient.
    void runs_backward(long b, const Block& block, const float* d_keys, const float* merged_turned,
                       const float* pull_turned) const {
        const long count = block.to - block.from, padded = grid_.kinds[block.kind].padded;
        float* x = runs(b, block);
        product(count, padded, kAttentionHeads, mean(b, block), 1, grid_.tokens,
                pull_turned + column_first_[block.kind], columns_, x, padded, false);
        for (int h = 0; h < kAttentionHeads; ++h)
            product(count, padded, kHeadWidth,
                    d_keys + (h * grid_.tokens + first(block)) * kHeadWidth, kHeadWidth, 1,
                    merged_turned + h * kHeadWidth * columns_ + column_first_[block.kind], columns_,
                    x, padded, true);
    }

    void scatter_runs(long b, int channel) const {
        float* to = plane(b) + channel * height_ * width_;
        clear(to, height_ * width_);
        for (int k = 0; k < 3; ++k) {
            const RunKind& kind = grid_.kinds[k];
            const int columns = static_cast<int>(kind.columns.size());
            const long count = static_cast<long>(kind.runs.size());
            const float* from = runs_ + b * runs_size_ + runs_first_[k] + channel * count * kind.padded;
            for (long i = 0; i < count; ++i, from += kind.padded) {
                float* first = to + kind.runs[i].rows[0] * width_;
                float* second = to + kind.runs[i].rows[1] * width_;
                for (int c = 0; c < kind.split; ++c) first[kind.columns[c]] += from[c];
                for (int c = kind.split; c < columns; ++c) second[kind.columns[c]] += from[c];
            }
        }
    }

    void slab_backward(long b, long band, const float* features, float* d_features,
                       float* part) const {
        Scratch& scratch = thread_scratch();
        scratch.reserve(width_ * kChannels + 64);
        float* row = scratch.take(width_ * kChannels);
        clear(part, kChannels * kChannels + kChannels);
        const long last = (band + 1) * kBandRows < height_ ? (band + 1) * kBandRows : height_;
        for (long r = band * kBandRows; r < last; ++r) {
            for (int c = 0; c < kChannels; ++c) {
                const float* from = plane(b) + (c * height_ + r) * width_;
                float total = 0;
                for (long x = 0; x < width_; ++x) {
                    row[x * kChannels + c] = from[x];
                    total += from[x];
                }
                part[kChannels * kChannels + c] += total;
            }
            const long at = (b * height_ + r) * width_ * kChannels;
            product(width_, kChannels, kChannels, row, kChannels, 1, w_.slab_weight, kChannels,
                    d_features + at, kChannels, false);
            product(kChannels, kChannels, width_, row, 1, kChannels, features + at, kChannels, part,
                    kChannels, true);
        }
    }

    void query_backward(const float* text, const float* d_query, float* d_text,
                        const GateGradients& d) const {
        for (long b = 0; b < batch_; ++b) {
            const float* dq = d_query + b * lanes_ * kWidth256;
            const float* t = text + b * text_ * kRun;
            product(text_, kRun, kWidth256, dq, kWidth256, 1, w_.in_weight, kRun,
                    d_text + b * text_ * kRun, kRun, false);
            product(kWidth256, kRun, text_, dq, 1, kWidth256, t, kRun, d.in_weight, kRun, true);
            for (long i = 0; i < text_; ++i)
                for (int e = 0; e < kWidth256; ++e) d.in_bias[e] += dq[i * kWidth256 + e];
        }
    }

    // ---- the value and output projections of one image ------------------------------------------

    struct Projection {
        float values[kWidth256], result[kWidth256], inverse;
        bool floored;
        Projection(const GateWeights& w, const float* pooled) {
            const float *value_weight = w.in_weight + 2 * kWidth256 * kRun,
                        *value_bias = w.in_bias + 2 * kWidth256;
            for (int e = 0; e < kWidth256; ++e)
                values[e] = dot(value_weight + e * kRun, pooled + e / kHeadWidth * kRun) + value_bias[e];
            float total = 0;
            for (int o = 0; o < kWidth256; ++o) {
                result[o] = dot(w.out_weight + o * kWidth256, values) + w.out_bias[o];
                total += std::fabs(result[o]);
            }
            floored = total < 1e-12f;
            inverse = 1.0f / (floored ? 1e-12f : total);
        }
        static float dot(const float* a, const float* b) {
            Vec total = Vec{};
            for (int j = 0; j < kRun; j += kLanes) total += load(a + j) * load(b + j);
            return sum(total);
        }
    };

    void projection_backward(const float* pooled, const float* d_gate, const GateGradients& d,
                             float* d_pooled) const {
        const Projection p(w_, pooled);
        float along = 0, d_result[kWidth256], d_values[kWidth256] = {};
        for (int o = 0; o < kWidth256; ++o) along += d_gate[o] * p.result[o] * p.inverse;
        if (p.floored) along = 0;
        for (int o = 0; o < kWidth256; ++o) {
            const float sign = p.result[o] > 0 ? 1.0f : p.result[o] < 0 ? -1.0f : 0.0f;
            d_result[o] = (d_gate[o] - sign * along) * p.inverse;
            d.out_bias[o] += d_result[o];
            for (int e = 0; e < kWidth256; ++e) {
                d.out_weight[o * kWidth256 + e] += d_result[o] * p.values[e];
                d_values[e] += d_result[o] * w_.out_weight[o * kWidth256 + e];
            }
        }
        const long value_rows = 2 * kWidth256;
        for (int e = 0; e < kWidth256; ++e) {
            d.in_bias[value_rows + e] += d_values[e];
            const float* weight = w_.in_weight + (value_rows + e) * kRun;
            float* d_weight = d.in_weight + (value_rows + e) * kRun;
            const int h = e / kHeadWidth;
            for (int j = 0; j < kRun; ++j) {
                d_weight[j] += d_values[e] * pooled[h * kRun + j];
                d_pooled[h * kRun + j] += d_values[e] * weight[j];
            }
        }
    }

    long batch_, height_, width_, text_, lanes_;
    GateWeights w_;
    TokenGrid grid_;
    std::vector<Block> blocks_;
    std::vector<float> counts_;  // multiplicity of each token
    long runs_first_[3], column_first_[3], runs_size_, columns_;
    float *planes_, *runs_, *mean_, *query_, *query_turned_, *merged_;
};

}  // namespace training
}  // namespace film
