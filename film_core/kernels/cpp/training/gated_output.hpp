// The end of a stage for training: gate the slab, bring it back to the image, convA2, PReLU, add the
// features, convA3 on both, PReLU.
//
// The gate is one number g for a pixel, so slab and convA2 merge into one matrix:
//   t = g (V f' + v) + b2,   V = W2 Wi, v = W2 bi,   f' = the features where the slab was sampled
//   out = prelu(W3 [f, f + prelu(t)] + b3)
#pragma once

#include <vector>

#include "gemm.hpp"
#include "scratch.hpp"
#include "token_grid.hpp"

namespace film {
namespace training {

struct OutputWeights {
    const float *slab_weight, *slab_bias, *weight2, *bias2, *slope2, *weight3, *bias3, *slope3;
};

struct OutputGradients {
    float *slab_weight, *slab_bias, *weight2, *bias2, *slope2, *weight3, *bias3, *slope3;
};

class GatedOutput {
  public:
    static constexpr int kC = kSlabChannels;

    GatedOutput(long batch, long height, long width, const OutputWeights& weights)
        : batch_(batch), height_(height), width_(width), w_(weights), rows_(height), row_gate_(height),
          columns_(width), column_gate_(width) {
        bands_ = (height + kBandRows - 1) / kBandRows;
        for (long r = 0; r < height; ++r) {
            const int grid = nearest_index(static_cast<int>(r), kGridHeight, static_cast<int>(height));
            rows_[r] = nearest_index(grid, static_cast<int>(height), kGridHeight);
            row_gate_[r] = grid * kGridWidth % kRun;
        }
        for (long x = 0; x < width; ++x) {
            const int grid = nearest_index(static_cast<int>(x), kGridWidth, static_cast<int>(width));
            columns_[x] = nearest_index(grid, static_cast<int>(width), kGridWidth);
            column_gate_[x] = grid % kRun;
        }
        for (int o = 0; o < kC; ++o) {
            float bias = 0;
            for (int k = 0; k < kC; ++k) bias += w_.weight2[o * kC + k] * w_.slab_bias[k];
            merged_bias_[o] = bias;
            for (int c = 0; c < kC; ++c) {
                float total = 0;
                for (int k = 0; k < kC; ++k)
                    total += w_.weight2[o * kC + k] * w_.slab_weight[k * kC + c];
                merged_[o * kC + c] = merged_turned_[c * kC + o] = total;
            }
            for (int c = 0; c < 2 * kC; ++c) weight3_turned_[c * kC + o] = w_.weight3[o * 2 * kC + c];
        }
    }

    // features (B, H, W, 32), gate (B, 256) -> out (B, H, W, 32)
    void forward(const float* features, const float* gate, float* out) const {
        for_each_task(batch_ * bands_, [&](long task) {
            Row row(thread_scratch(), width_);
            for (long r = low(task); r < high(task); ++r) {
                recompute(task / bands_, r, features, gate, row);
                float* to = out + at(task / bands_, r);
                const float slope = *w_.slope3;
                for (long i = 0; i < width_ * kC; ++i) {
                    const float o = row.last[i];
                    to[i] = o > 0 ? o : o * slope;
                }
            }
        });
    }

    // d_out -> d_features, d_gate (B, 256) and the gradients of the weights
    void backward(const float* features, const float* gate, const float* d_out, float* d_features,
                  float* d_gate, const OutputGradients& d) const {
        Scratch& shared = shared_scratch();
        shared.reserve(batch_ * bands_ * (Part::kSize + kRun) + Part::kSize +
                       batch_ * height_ * width_ * kC + 256);
        float* parts = shared.take(batch_ * bands_ * Part::kSize);
        float* gates = shared.take(batch_ * bands_ * kRun);
        float* total = shared.take(Part::kSize);
        float* d_sampled = shared.take(batch_ * height_ * width_ * kC);
        for_each_task(batch_ * bands_, [&](long task) {
            Row row(thread_scratch(), width_);
            Part part(parts + task * Part::kSize);
            clear(parts + task * Part::kSize, Part::kSize);
            clear(gates + task * kRun, kRun);
            for (long r = low(task); r < high(task); ++r) {
                recompute(task / bands_, r, features, gate, row);
                row_backward(r, d_out + at(task / bands_, r), row, d_features + at(task / bands_, r),
                             d_sampled + at(task / bands_, r), gates + task * kRun, part);
            }
        });
        for (long b = 0; b < batch_; ++b)
            sum_tasks(gates + b * bands_ * kRun, bands_, kRun, kRun, d_gate + b * kRun);
        // Each pixel collects what was sampled from it; both maps never decrease.
        for_each_task(batch_ * height_, [&](long task) {
            const long b = task / height_, source = task % height_;
            float* to = d_features + at(b, source);
            for (long r = first_of(source); r < height_ && rows_[r] == source; ++r)
                for (long x = 0; x < width_; ++x) {
                    const float* from = d_sampled + at(b, r) + x * kC;
                    float* pixel = to + columns_[x] * kC;
                    for (int c = 0; c < kC; ++c) pixel[c] += from[c];
                }
        });
        sum_tasks(parts, batch_ * bands_, Part::kSize, Part::kSize, total);
        finish(Part(total), d);
    }

  private:
    static constexpr long kBandRows = 16;

    // Everything that one row of pixels needs, forwards and backwards.
    struct Row {
        float *sampled, *mixed, *before2, *joined, *last, *gate, *d_last, *d_joined, *d_mixed;
        Row(Scratch& scratch, long width) {
            scratch.reserve((10 * kC + 1) * width + 256);
            sampled = scratch.take(width * kC);   // f'
            mixed = scratch.take(width * kC);     // V f' + v
            before2 = scratch.take(width * kC);   // t
            joined = scratch.take(2 * width * kC);  // [f, f + prelu(t)]
            last = scratch.take(width * kC);      // before the last PReLU
            gate = scratch.take(width);
            d_last = scratch.take(width * kC);
            d_joined = scratch.take(2 * width * kC);
            d_mixed = scratch.take(width * kC);
        }
    };

    struct Part {
        static constexpr long kSize = kC * kC + kC + kC + 2 * kC * kC + kC + 2;
        float *merged, *merged_bias, *bias2, *weight3, *bias3, *slopes;
        explicit Part(float* p) {
            merged = p;
            merged_bias = merged + kC * kC;
            bias2 = merged_bias + kC;
            weight3 = bias2 + kC;
            bias3 = weight3 + 2 * kC * kC;
            slopes = bias3 + kC;
        }
    };

    long low(long task) const { return task % bands_ * height_ / bands_; }
    long high(long task) const { return (task % bands_ + 1) * height_ / bands_; }
    long at(long b, long r) const { return (b * height_ + r) * width_ * kC; }
    long first_of(long source) const {
        long r = source * height_ / (height_ + 1);
        while (r > 0 && rows_[r - 1] >= source) --r;
        while (r < height_ && rows_[r] < source) ++r;
        return r;
    }

    void recompute(long b, long r, const float* features, const float* gate, const Row& row) const {
        const float *own = features + at(b, r), *source = features + at(b, rows_[r]);
        for (long x = 0; x < width_; ++x) {
            row.gate[x] = gate[b * kRun + (row_gate_[r] + column_gate_[x]) % kRun];
            std::memcpy(row.sampled + x * kC, source + columns_[x] * kC, kC * sizeof(float));
        }
        product(width_, kC, kC, row.sampled, kC, 1, merged_turned_, kC, row.mixed, kC, false);
        const float slope = *w_.slope2;
        for (long x = 0; x < width_; ++x)
            for (int c = 0; c < kC; c += kLanes) {
                const Vec m = load(row.mixed + x * kC + c) + load(merged_bias_ + c);
                const Vec t = m * row.gate[x] + load(w_.bias2 + c);
                const Vec f = load(own + x * kC + c);
                store(row.mixed + x * kC + c, m);
                store(row.before2 + x * kC + c, t);
                store(row.joined + x * 2 * kC + c, f);
                store(row.joined + x * 2 * kC + kC + c, f + (t > 0.0f ? t : t * slope));
            }
        for (long x = 0; x < width_; ++x) std::memcpy(row.last + x * kC, w_.bias3, kC * sizeof(float));
        product(width_, kC, 2 * kC, row.joined, 2 * kC, 1, weight3_turned_, kC, row.last, kC, true);
    }

    void row_backward(long r, const float* d_out, const Row& row, float* d_features,
                      float* d_sampled, float* d_gate, const Part& part) const {
        const float slope2 = *w_.slope2, slope3 = *w_.slope3;
        Vec bent = Vec{};
        for (int c = 0; c < kC; c += kLanes) {
            Vec bias = Vec{};
            for (long x = 0; x < width_; ++x) {
                const Vec o = load(row.last + x * kC + c), d = load(d_out + x * kC + c);
                bent += d * (o > 0.0f ? Vec{} : o);
                const Vec inner = o > 0.0f ? d : d * slope3;
                bias += inner;
                store(row.d_last + x * kC + c, inner);
            }
            store(part.bias3 + c, load(part.bias3 + c) + bias);
        }
        part.slopes[1] += sum(bent);
        product(kC, 2 * kC, width_, row.d_last, 1, kC, row.joined, 2 * kC, part.weight3, 2 * kC, true);
        product(width_, 2 * kC, kC, row.d_last, kC, 1, w_.weight3, 2 * kC, row.d_joined, 2 * kC, false);
        bent = Vec{};
        for (long x = 0; x < width_; ++x) {
            Vec along = Vec{};
            for (int c = 0; c < kC; c += kLanes) {
                const Vec t = load(row.before2 + x * kC + c);
                const Vec d = load(row.d_joined + x * 2 * kC + kC + c);
                bent += d * (t > 0.0f ? Vec{} : t);
                const Vec dt = t > 0.0f ? d : d * slope2;
                along += dt * load(row.mixed + x * kC + c);
                store(part.bias2 + c, load(part.bias2 + c) + dt);
                const Vec dm = dt * row.gate[x];
                store(row.d_mixed + x * kC + c, dm);
                store(part.merged_bias + c, load(part.merged_bias + c) + dm);
                store(d_features + x * kC + c, load(row.d_joined + x * 2 * kC + c) + d);
            }
            d_gate[(row_gate_[r] + column_gate_[x]) % kRun] += sum(along);
        }
        part.slopes[0] += sum(bent);
        product(kC, kC, width_, row.d_mixed, 1, kC, row.sampled, kC, part.merged, kC, true);
        product(width_, kC, kC, row.d_mixed, kC, 1, merged_, kC, d_sampled, kC, false);
    }

    // From the gradients of the merged matrix to those of its two factors.
    void finish(const Part& total, const OutputGradients& d) const {
        std::memcpy(d.bias2, total.bias2, kC * sizeof(float));
        std::memcpy(d.weight3, total.weight3, 2 * kC * kC * sizeof(float));
        std::memcpy(d.bias3, total.bias3, kC * sizeof(float));
        *d.slope2 = total.slopes[0];
        *d.slope3 = total.slopes[1];
        for (int a = 0; a < kC; ++a) {
            float bias = 0;
            for (int o = 0; o < kC; ++o) bias += w_.weight2[o * kC + a] * total.merged_bias[o];
            d.slab_bias[a] = bias;
            for (int c = 0; c < kC; ++c) {
                float slab = 0, second = total.merged_bias[a] * w_.slab_bias[c];
                for (int k = 0; k < kC; ++k) {
                    slab += w_.weight2[k * kC + a] * total.merged[k * kC + c];
                    second += total.merged[a * kC + k] * w_.slab_weight[c * kC + k];
                }
                d.slab_weight[a * kC + c] = slab;
                d.weight2[a * kC + c] = second;
            }
        }
    }

    long batch_, height_, width_, bands_;
    OutputWeights w_;
    std::vector<int> rows_, row_gate_, columns_, column_gate_;
    float merged_[kC * kC], merged_turned_[kC * kC], merged_bias_[kC], weight3_turned_[2 * kC * kC];
};

}  // namespace training
}  // namespace film
