// The runs of an image that the text tokens look at: from its features by a 1x1 convolution (the
// "slab", a plane for each channel) and a gather along the rows of the text grid, and back.
#pragma once

#include <cstring>
#include <vector>

#include "gemm.hpp"
#include "scratch.hpp"
#include "token_grid.hpp"

namespace film {
namespace training {

// Runs that are worked on together: `count` of them, of one kind and so with the same columns.
struct RunBlock {
    int kind;
    long from, count;  // among the tokens of this kind
};

class ImageRuns {
  public:
    static constexpr int kChannels = 32;

    // slab_weight (32, 32), slab_bias (32).
    ImageRuns(long batch, long height, long width, const float* slab_weight, const float* slab_bias)
        : batch_(batch), height_(height), width_(width), slab_weight_(slab_weight),
          slab_bias_(slab_bias), grid_(static_cast<int>(height), static_cast<int>(width)) {
        size_ = columns_ = 0;
        for (int k = 0; k < 3; ++k) {
            const RunKind& kind = grid_.kinds[k];
            first_[k] = size_;
            size_ += kind.tokens() * kind.padded;
            column_first_[k] = columns_;
            columns_ += kind.padded;
            for (long from = 0; from < kind.tokens(); from += kBlock) {
                const long rest = kind.tokens() - from;
                blocks_.push_back({k, from, rest < kBlock ? rest : kBlock});
            }
            for (long n = 0; n < kind.tokens(); ++n)
                counts_.push_back(kind.runs[n % static_cast<long>(kind.runs.size())].multiplicity);
        }
    }

    // ---- what there is to attend to -----------------------------------------------------------

    static constexpr long kBlock = 64;
    const std::vector<RunBlock>& blocks() const { return blocks_; }
    // Values of a run (count, padded); how many of them are columns of the image.
    float* values(long b, const RunBlock& block) const {
        return runs_ + b * size_ + first_[block.kind] + block.from * padded(block.kind);
    }
    long columns(int kind) const { return static_cast<long>(grid_.kinds[kind].columns.size()); }
    long padded(int kind) const { return grid_.kinds[kind].padded; }
    // How often each run of a block occurs.
    const float* multiplicity(const RunBlock& block) const {
        return counts_.data() + grid_.first[block.kind] + block.from;
    }
    // Columns of all kinds lie in one list: its length, where a kind begins in it, and which of them
    // holds value j of a run of that kind.
    long all_columns() const { return columns_; }
    long first_column(int kind) const { return column_first_[kind]; }
    long column(int kind, int j) const { return column_first_[kind] + grid_.kinds[kind].position[j]; }

    // ---- from the features and back -------------------------------------------------------------

    // Floats that gather takes of the scratch, and backward after it.
    long gather_size() const { return batch_ * (kChannels * height_ * width_ + size_) + 64; }
    long backward_size() const { return (batch_ * bands() + 1) * slab_size() + 64; }

    // features (B, H, W, 32).
    void gather(Scratch& shared, const float* features) {
        planes_ = shared.take(batch_ * kChannels * height_ * width_);
        runs_ = shared.take(batch_ * size_);
        for_each_task(batch_ * bands(),
                      [&](long task) { slab(task / bands(), task % bands(), features); });
        for_each_task(batch_ * kChannels, [&](long task) {
            gather_runs(task / kChannels, static_cast<int>(task % kChannels));
        });
    }

    // Once the values of all runs have been overwritten with their gradient.
    void backward(Scratch& shared, const float* features, float* d_features, float* d_slab_weight,
                  float* d_slab_bias) const {
        for_each_task(batch_ * kChannels, [&](long task) {
            scatter_runs(task / kChannels, static_cast<int>(task % kChannels));
        });
        const long tasks = batch_ * bands();
        float* parts = shared.take(tasks * slab_size());
        float* total = shared.take(slab_size());
        for_each_task(tasks, [&](long task) {
            slab_backward(task / bands(), task % bands(), features, d_features,
                          parts + task * slab_size());
        });
        sum_tasks(parts, tasks, slab_size(), slab_size(), total);
        std::memcpy(d_slab_weight, total, kChannels * kChannels * sizeof(float));
        std::memcpy(d_slab_bias, total + kChannels * kChannels, kChannels * sizeof(float));
    }

  private:
    static constexpr long kBandRows = 16;
    static long slab_size() { return kChannels * kChannels + kChannels; }
    long bands() const { return (height_ + kBandRows - 1) / kBandRows; }
    float* plane(long b) const { return planes_ + b * kChannels * height_ * width_; }

    // slab = features * slab_weight + bias, one plane for each channel.
    void slab(long b, long band, const float* features) const {
        Scratch& scratch = thread_scratch();
        scratch.reserve(width_ * kChannels + kChannels * kChannels + 64);
        float* row = scratch.take(width_ * kChannels);
        float* turned = scratch.take(kChannels * kChannels);
        for (int o = 0; o < kChannels; ++o)
            for (int c = 0; c < kChannels; ++c)
                turned[c * kChannels + o] = slab_weight_[o * kChannels + c];
        const long last = (band + 1) * kBandRows < height_ ? (band + 1) * kBandRows : height_;
        for (long r = band * kBandRows; r < last; ++r) {
            product(width_, kChannels, kChannels, features + (b * height_ + r) * width_ * kChannels,
                    kChannels, 1, turned, kChannels, row, kChannels, false);
            for (int c = 0; c < kChannels; ++c) {
                float* out = plane(b) + (c * height_ + r) * width_;
                for (long x = 0; x < width_; ++x) out[x] = row[x * kChannels + c] + slab_bias_[c];
            }
        }
    }

    void gather_runs(long b, int channel) const {
        const float* from = plane(b) + channel * height_ * width_;
        for (int k = 0; k < 3; ++k) {
            const RunKind& kind = grid_.kinds[k];
            const int columns = static_cast<int>(kind.columns.size());
            const long count = static_cast<long>(kind.runs.size());
            float* out = runs_ + b * size_ + first_[k] + channel * count * kind.padded;
            for (long i = 0; i < count; ++i, out += kind.padded) {
                const float* first = from + kind.runs[i].rows[0] * width_;
                const float* second = from + kind.runs[i].rows[1] * width_;
                for (int c = 0; c < kind.split; ++c) out[c] = first[kind.columns[c]];
                for (int c = kind.split; c < columns; ++c) out[c] = second[kind.columns[c]];
                for (int c = columns; c < kind.padded; ++c) out[c] = 0.0f;
            }
        }
    }

    void scatter_runs(long b, int channel) const {
        float* to = plane(b) + channel * height_ * width_;
        clear(to, height_ * width_);
        for (int k = 0; k < 3; ++k) {
            const RunKind& kind = grid_.kinds[k];
            const int columns = static_cast<int>(kind.columns.size());
            const long count = static_cast<long>(kind.runs.size());
            const float* from = runs_ + b * size_ + first_[k] + channel * count * kind.padded;
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
            product(width_, kChannels, kChannels, row, kChannels, 1, slab_weight_, kChannels,
                    d_features + at, kChannels, false);
            product(kChannels, kChannels, width_, row, 1, kChannels, features + at, kChannels, part,
                    kChannels, true);
        }
    }

    long batch_, height_, width_;
    const float *slab_weight_, *slab_bias_;
    TokenGrid grid_;
    std::vector<RunBlock> blocks_;
    std::vector<float> counts_;  // multiplicity of each token
    long first_[3], size_;       // where the values of a kind begin, and all of an image
    long column_first_[3], columns_;
    float *planes_, *runs_;
};

}  // namespace training
}  // namespace film
