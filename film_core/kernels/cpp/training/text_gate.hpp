// The text gate of a stage for training: image features -> keys of the 13824 runs, cross-attention
// of the text tokens to them, mean over the text tokens, division by the L1 norm.
//
// Only the mean over queries of the softmax is needed, w[h][n] = mean over t of p[h][t][n]; the
// values are one weighted sum of runs, and the key bias cancels. Backwards, with a[h][n] the
// gradient of w, the scores receive p (a - sum over m of p a) / T.
//
// Scores and probabilities of all runs would be megabytes for every head, and waiting for them takes
// longer than computing them. So both passes go through the runs once, a block at a time with all
// heads, and keep nothing of a block: the forward pass adds up p x for every text token with the
// largest score so far taken off (and what was added before scaled down when a larger one comes),
// and the sum over m of p a follows from that sum of p x, as a is linear in x. The forward pass
// keeps these sums and the shift and scale of each softmax row.
#pragma once

#include <cmath>
#include <vector>

#include "gate_projection.hpp"
#include "gate_weights.hpp"
#include "gemm.hpp"
#include "image_runs.hpp"
#include "scratch.hpp"

namespace film {
namespace training {

class TextGate {
  public:
    // Floats kept for each image: shift and scale of the softmax rows (8, 2, lanes), and for each
    // of them the mean of the runs that it attends to (8, lanes, 256).
    static long kept(long text_tokens) {
        return kAttentionHeads * padded(text_tokens) * (2 + kRun);
    }

    TextGate(long batch, long height, long width, long text_tokens, const GateWeights& weights)
        : batch_(batch), text_(text_tokens), lanes_(padded(text_tokens)), w_(weights),
          runs_(batch, height, width, weights.slab_weight, weights.slab_bias),
          columns_(runs_.all_columns()) {}

    // features (B, H, W, 32), text (B, T, 256) -> gate (B, 256), kept (B, kept(T)).
    void forward(const float* features, const float* text, float* gate, float* kept_out) {
        Scratch& shared = shared_scratch();
        shared.reserve(common_size() + batch_ * kParts * attended_size() + 256);
        prepare(shared, features, text);
        float* parts = shared.take(batch_ * kParts * attended_size());
        for_each_task(batch_ * kParts, [&](long task) {
            attend(task / kParts, task % kParts, Attended(*this, parts + task * attended_size()));
        });
        for_each_task(batch_ * kAttentionHeads, [&](long task) {
            const long b = task / kAttentionHeads;
            merge(task % kAttentionHeads, parts + b * kParts * attended_size(),
                  kept_out + b * kept(text_));
        });
        for (long b = 0; b < batch_; ++b)
            GateProjection(w_, pooled(kept_out + b * kept(text_)).data()).forward(gate + b * kRun);
    }

    // d_gate (B, 256) -> gradients of features, text and weights.
    void backward(const float* features, const float* text, const float* kept_in,
                  const float* d_gate, float* d_features, float* d_text, const GateGradients& d) {
        Scratch& shared = shared_scratch();
        const long wide = kRun * kWidth256, merged_size = columns_ * kWidth256;
        const long query_size = lanes_ * kWidth256, part_size = query_size + merged_size;
        shared.reserve(common_size() + merged_size +
                       batch_ * (32 * columns_ + kAttentionHeads * lanes_ + (kParts + 1) * part_size) +
                       runs_.backward_size() + 1024);
        prepare(shared, features, text);
        Pull pull;
        pull.straight = shared.take(batch_ * columns_ * 16);
        pull.turned = shared.take(batch_ * columns_ * 16);
        pull.inner = shared.take(batch_ * kAttentionHeads * lanes_);
        float* merged_turned = shared.take(merged_size);           // (256, columns)
        float* parts = shared.take(batch_ * kParts * part_size);   // d_query, d_merged of each part
        float* sums = shared.take(batch_ * part_size);             // and of each image

        clear(d.in_weight, 3 * wide);
        clear(d.in_bias, 3 * kWidth256);
        clear(d.out_weight, wide);
        clear(d.out_bias, kWidth256);
        clear(pull.straight, batch_ * columns_ * 16);
        clear(pull.turned, batch_ * columns_ * 16);
        for (long b = 0; b < batch_; ++b) {
            std::vector<float> d_pooled(kAttentionHeads * kRun, 0.0f);
            const float* kept = kept_in + b * this->kept(text_);
            const std::vector<float> mean = pooled(kept);
            GateProjection(w_, mean.data()).backward(d_gate + b * kRun, d, d_pooled.data());
            pull_backward(b, d_pooled.data(), attended(kept), pull);
        }
        for_each_task(kWidth256, [&](long e) {
            for (long c = 0; c < columns_; ++c)
                merged_turned[e * columns_ + c] = merged_[c * kWidth256 + e];
        });
        for_each_task(batch_ * kParts, [&](long task) {
            const long b = task / kParts;
            float* d_query = parts + task * part_size;
            clear(d_query, part_size);
            attend_backward(b, task % kParts, kept_in + b * kept(text_), pull, merged_turned, d_query,
                            d_query + query_size);
        });
        for (long b = 0; b < batch_; ++b)
            sum_tasks(parts + b * kParts * part_size, kParts, part_size, part_size,
                      sums + b * part_size);
        for_each_task(kAttentionHeads, [&](long h) {
            key_weight_backward(h, sums + query_size, part_size, d.in_weight + wide);
        });
        const float unit = 1.0f / std::sqrt(static_cast<float>(kHeadWidth));
        query_backward(text, sums, part_size, unit, d_text, d);

        runs_.backward(shared, features, d_features, d.slab_weight, d.slab_bias);
    }

  private:
    static constexpr long kParts = 4;  // of an image's runs: tasks of their own, summed in order
    static long padded(long tokens) { return (tokens + 15) / 16 * 16; }

    // Blocks of a part.
    long part_begin(long part) const {
        return part * static_cast<long>(runs_.blocks().size()) / kParts;
    }

    long common_size() const {
        return runs_.gather_size() + 2 * batch_ * lanes_ * kWidth256 +
               columns_ * kWidth256 + kWidth256 * kWidth256 + 512;
    }

    // ---- what both passes compute first: runs, queries, key weights ------------------------------

    void prepare(Scratch& shared, const float* features, const float* text) {
        runs_.gather(shared, features);
        query_ = shared.take(batch_ * lanes_ * kWidth256);
        query_turned_ = shared.take(batch_ * lanes_ * kWidth256);
        merged_ = shared.take(columns_ * kWidth256);  // (columns, 256): key weights of each column
        float* turned = shared.take(kWidth256 * kWidth256);

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
        for (int k = 0; k < 3; ++k)
            for (int j = 0; j < kRun; ++j) {
                float* row = merged_ + runs_.column(k, j) * kWidth256;
                for (int e = 0; e < kWidth256; ++e) row[e] += turned[j * kWidth256 + e];
            }
    }

    // ---- attention to the runs, a part of an image's at a time ---------------------------------

    // What a part of the runs adds up to: for each head and text token the largest score, the sum of
    // exp(score - largest), and the sum of the runs' columns weighted with it.
    struct Attended {
        float *top, *total, *sums;  // (8, lanes), (8, lanes), (8, lanes, columns)
        Attended(const TextGate& gate, float* memory)
            : top(memory), total(memory + kAttentionHeads * gate.lanes_),
              sums(memory + 2 * kAttentionHeads * gate.lanes_) {}
    };
    long attended_size() const { return kAttentionHeads * lanes_ * (2 + columns_); }

    // Means of the attended runs (8, lanes, 256) within what is kept of an image.
    const float* attended(const float* kept) const { return kept + 2 * kAttentionHeads * lanes_; }

    // Keys of a block, (count, 256).
    void block_keys(const RunBlock& block, const float* x, float* keys) const {
        const long padded = runs_.padded(block.kind);
        product(block.count, kWidth256, runs_.columns(block.kind), x, padded, 1,
                merged_ + runs_.first_column(block.kind) * kWidth256, kWidth256, keys, kWidth256, false);
    }

    // Scores of one head, (count, lanes).
    void head_scores(long b, long h, long count, const float* keys, float* scores) const {
        product(count, lanes_, kHeadWidth, keys + h * kHeadWidth, kWidth256, 1,
                query_turned_ + (b * kWidth256 + h * kHeadWidth) * lanes_, lanes_, scores, lanes_,
                false);
    }

    void attend(long b, long part, const Attended& out) const {
        Scratch& scratch = thread_scratch();
        scratch.reserve(ImageRuns::kBlock * (kWidth256 + lanes_) + 64);
        float* keys = scratch.take(ImageRuns::kBlock * kWidth256);
        float* scores = scratch.take(ImageRuns::kBlock * lanes_);
        for (long i = 0; i < kAttentionHeads * lanes_; ++i) out.top[i] = -1e30f;
        clear(out.total, kAttentionHeads * lanes_ * (1 + columns_));
        for (long i = part_begin(part); i < part_begin(part + 1); ++i) {
            const RunBlock& block = runs_.blocks()[i];
            const long count = block.count, padded = runs_.padded(block.kind);
            const float *x = runs_.values(b, block), *counts = runs_.multiplicity(block);
            block_keys(block, x, keys);
            for (long h = 0; h < kAttentionHeads; ++h) {
                float* sums = out.sums + h * lanes_ * columns_;
                head_scores(b, h, count, keys, scores);
                for (long v = 0; v < lanes_; v += kLanes)
                    exponentials(scores + v, count, counts, out.top + h * lanes_ + v,
                                 out.total + h * lanes_ + v, sums + v * columns_);
                product(text_, padded, count, scores, 1, lanes_, x, padded,
                        sums + runs_.first_column(block.kind), columns_, true);
            }
        }
    }

    // Scores of some text tokens become multiplicity * exp(score - top); where that raises their
    // `top`, what was added up with the old one is scaled down.
    void exponentials(float* scores, long count, const float* counts, float* top_at, float* total_at,
                      float* sums) const {
        const Vec old = load(top_at);
        Vec top = old;
        for (long n = 0; n < count; ++n) top = maximum(top, load(scores + n * lanes_));
        float shrink[kLanes];
        store(shrink, exponential(old - top));
        Vec total = load(total_at) * load(shrink);
        for (long n = 0; n < count; ++n) {
            const Vec e = exponential(load(scores + n * lanes_) - top) * counts[n];
            store(scores + n * lanes_, e);
            total += e;
        }
        store(top_at, top);
        store(total_at, total);
        for (int lane = 0; lane < kLanes; ++lane)
            if (shrink[lane] != 1.0f)
                for (long c = 0; c < columns_; ++c) sums[lane * columns_ + c] *= shrink[lane];
    }

    // Adds up the parts of one head: (shift, scale) with p = exp(score - shift) scale, and the mean
    // of the runs that each text token attends to, value by value.
    void merge(long h, const float* parts, float* kept_out) const {
        float *shift = kept_out + 2 * h * lanes_, *scale = shift + lanes_;
        float* mean = kept_out + (2 * kAttentionHeads + h * kRun) * lanes_;
        std::vector<float> sums(columns_);
        for (long t = 0; t < lanes_; ++t, mean += kRun) {
            const long at = h * lanes_ + t, total_at = kAttentionHeads * lanes_ + at;
            const long sums_at = 2 * kAttentionHeads * lanes_ + at * columns_;
            float top = -1e30f, total = 0;
            for (long part = 0; part < kParts; ++part) {
                const float other = parts[part * attended_size() + at];
                top = other > top ? other : top;
            }
            for (long c = 0; c < columns_; ++c) sums[c] = 0;
            for (long part = 0; part < kParts; ++part) {
                const float* from = parts + part * attended_size();
                const float share = std::exp(from[at] - top);
                total += share * from[total_at];
                for (long c = 0; c < columns_; ++c) sums[c] += share * from[sums_at + c];
            }
            shift[t] = top;
            scale[t] = t < text_ ? 1.0f / total : 0.0f;
            for (int j = 0; j < kRun; ++j) {
                float value = 0;
                for (int k = 0; k < 3; ++k)
                    value += sums[runs_.column(k, j)];
                mean[j] = value * scale[t];
            }
        }
    }

    // Mean over the text tokens of the runs that they attend to, (8, 256).
    std::vector<float> pooled(const float* kept) const {
        std::vector<float> mean(kAttentionHeads * kRun, 0.0f);
        for (int h = 0; h < kAttentionHeads; ++h)
            for (long t = 0; t < text_; ++t) {
                const float* from = attended(kept) + (h * lanes_ + t) * kRun;
                for (int j = 0; j < kRun; ++j) mean[h * kRun + j] += from[j];
            }
        for (float& value : mean) value /= static_cast<float>(text_);
        return mean;
    }

    // ---- and back ------------------------------------------------------------------------------

    // How the gate pulls at the columns of a run: the gradient of `pooled`, by column.
    struct Pull {
        float *straight, *turned;  // (B, columns, 16 heads), (B, 16 heads, columns)
        float* inner;              // (B, 8, lanes): sum over the runs of p a
    };

    void pull_backward(long b, const float* d_pooled, const float* means, const Pull& pull) const {
        float *at = pull.straight + b * columns_ * 16, *turned = pull.turned + b * columns_ * 16;
        for (int k = 0; k < 3; ++k)
            for (int h = 0; h < kAttentionHeads; ++h)
                for (int j = 0; j < kRun; ++j) {
                    const long column = runs_.column(k, j);
                    at[column * 16 + h] += d_pooled[h * kRun + j];
                    turned[h * columns_ + column] += d_pooled[h * kRun + j];
                }
        for (long row = 0; row < kAttentionHeads * lanes_; ++row)
            pull.inner[b * kAttentionHeads * lanes_ + row] =
                dot256(means + row * kRun, d_pooled + row / lanes_ * kRun);
    }

    // From the pull to the gradients of queries (lanes, 256) and merged key weights (columns, 256),
    // both added to; the runs of the part are overwritten by their gradient.
    void attend_backward(long b, long part, const float* kept_in, const Pull& pull,
                         const float* merged_turned, float* d_query, float* d_merged) const {
        Scratch& scratch = thread_scratch();
        scratch.reserve(ImageRuns::kBlock * (2 * kWidth256 + lanes_ + 16 + kAttentionHeads) +
                        kAttentionHeads * lanes_ + 256);
        float* keys = scratch.take(ImageRuns::kBlock * kWidth256);
        float* d_keys = scratch.take(ImageRuns::kBlock * kWidth256);
        float* scores = scratch.take(ImageRuns::kBlock * lanes_);
        float* a = scratch.take(ImageRuns::kBlock * 16);  // (count, 16 heads)
        float* weight = scratch.take(ImageRuns::kBlock * kAttentionHeads);
        float* scale = scratch.take(kAttentionHeads * lanes_);
        const float* inner = pull.inner + b * kAttentionHeads * lanes_;
        for (int h = 0; h < kAttentionHeads; ++h)
            for (long t = 0; t < lanes_; ++t)
                scale[h * lanes_ + t] = kept_in[(2 * h + 1) * lanes_ + t] / text_;
        for (long i = part_begin(part); i < part_begin(part + 1); ++i) {
            const RunBlock& block = runs_.blocks()[i];
            const long count = block.count, padded = runs_.padded(block.kind);
            const long column = runs_.first_column(block.kind);
            float* x = runs_.values(b, block);
            product(count, 16, runs_.columns(block.kind), x, padded, 1,
                    pull.straight + (b * columns_ + column) * 16, 16, a, 16, false);
            block_keys(block, x, keys);
            for (long h = 0; h < kAttentionHeads; ++h) {
                head_scores(b, h, count, keys, scores);
                scores_backward(count, runs_.multiplicity(block), a + h,
                                kept_in + 2 * h * lanes_, scale + h * lanes_, inner + h * lanes_,
                                scores, weight + h);
                product(text_, kHeadWidth, count, scores, 1, lanes_, keys + h * kHeadWidth,
                        kWidth256, d_query + h * kHeadWidth, kWidth256, true);
                product(count, kHeadWidth, text_, scores, lanes_, 1,
                        query_ + b * lanes_ * kWidth256 + h * kHeadWidth, kWidth256,
                        d_keys + h * kHeadWidth, kWidth256, false);
            }
            product(runs_.columns(block.kind), kWidth256, count, x, 1, padded, d_keys, kWidth256,
                    d_merged + column * kWidth256, kWidth256, true);
            product(count, padded, kAttentionHeads, weight, kAttentionHeads, 1,
                    pull.turned + b * columns_ * 16 + column, columns_, x, padded, false);
            for (int e = 0; e < kWidth256; e += 64)  // 64 rows of the weights stay in the first cache
                product(count, padded, 64, d_keys + e, kWidth256, 1,
                        merged_turned + e * columns_ + column, columns_, x, padded, true);
        }
    }

    // Scores of a block and head become their gradient p (a - inner) / T; `weight` (count), 8 apart,
    // receives the mean of p over the text tokens.
    void scores_backward(long count, const float* counts, const float* a, const float* shift,
                         const float* scale, const float* inner, float* scores,
                         float* weight) const {
        for (long n = 0; n < count; ++n) {
            Vec total = Vec{};
            for (long v = 0; v < lanes_; v += kLanes) {
                float* at = scores + n * lanes_ + v;
                const Vec p = exponential(load(at) - load(shift + v)) * load(scale + v) * counts[n];
                total += p;
                store(at, p * (a[n * 16] - load(inner + v)));
            }
            weight[n * kAttentionHeads] = sum(total);
        }
    }

    // The same key weight serves its column in all three kinds of runs. `d_merged` (columns, 256) of
    // image b starts b * stride later; rows of the head are added to `out` (256, 256).
    void key_weight_backward(long h, const float* d_merged, long stride, float* out) const {
        std::vector<float> rows(kRun * kHeadWidth, 0.0f);
        for (long b = 0; b < batch_; ++b)
            for (int k = 0; k < 3; ++k)
                for (int j = 0; j < kRun; ++j) {
                    const float* from =
                        d_merged + b * stride + h * kHeadWidth +
                        (runs_.column(k, j)) * kWidth256;
                    for (int e = 0; e < kHeadWidth; ++e) rows[j * kHeadWidth + e] += from[e];
                }
        for (int e = 0; e < kHeadWidth; ++e)
            for (int j = 0; j < kRun; ++j)
                out[(h * kHeadWidth + e) * kRun + j] += rows[j * kHeadWidth + e];
    }

    // `d_scaled` (lanes, 256) of image b, the gradient of the scaled queries, starts b * stride later.
    void query_backward(const float* text, float* d_scaled, long stride, float unit, float* d_text,
                        const GateGradients& d) const {
        for (long b = 0; b < batch_; ++b) {
            float* dq = d_scaled + b * stride;
            const float* t = text + b * text_ * kRun;
            for (long i = 0; i < text_ * kWidth256; ++i) dq[i] *= unit;
            product(text_, kRun, kWidth256, dq, kWidth256, 1, w_.in_weight, kRun,
                    d_text + b * text_ * kRun, kRun, false);
            product(kWidth256, kRun, text_, dq, 1, kWidth256, t, kRun, d.in_weight, kRun, true);
            for (long i = 0; i < text_; ++i)
                for (int e = 0; e < kWidth256; ++e) d.in_bias[e] += dq[i * kWidth256 + e];
        }
    }

    long batch_, text_, lanes_;
    GateWeights w_;
    ImageRuns runs_;
    long columns_;
    float *query_, *query_turned_, *merged_;
};

}  // namespace training
}  // namespace film
