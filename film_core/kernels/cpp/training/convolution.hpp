// Dense 3x3 convolution to 32 channels with PReLU, for training (channels-last, padding 1, no bias).
//
// In a channels-last row with a zero pixel at either end, the three taps of a kernel row are
// consecutive numbers: a row of the result is three matrix products with overlapping rows.
#pragma once

#include <vector>

#include "gemm.hpp"
#include "scratch.hpp"

namespace film {
namespace training {

class Convolution3x3 {
  public:
    static constexpr int kOut = 32;

    // weight (32, in, 3, 3), slope (1); `in` is 1 or 32.
    Convolution3x3(long batch, long height, long width, int in, const float* weight,
                   const float* slope)
        : batch_(batch), height_(height), width_(width), in_(in), slope_(*slope) {
        bands_ = (height + kBandRows - 1) / kBandRows;
        const int taps = 3 * in;
        forward_.resize(3 * taps * kOut);
        backward_.resize(3 * 3 * kOut * in);
        for (int o = 0; o < kOut; ++o)
            for (int c = 0; c < in; ++c)
                for (int dy = 0; dy < 3; ++dy)
                    for (int dx = 0; dx < 3; ++dx) {
                        const float w = weight[((o * in + c) * 3 + dy) * 3 + dx];
                        forward_[(dy * taps + dx * in + c) * kOut + o] = w;
                        backward_[(((2 - dy) * 3 + 2 - dx) * kOut + o) * in + c] = w;
                    }
    }

    // x (B, H, W, in) -> out (B, H, W, 32)
    void forward(const float* x, float* out) const {
        for_each_task(batch_ * bands_, [&](long task) {
            const long b = task / bands_, first = low(task % bands_), last = high(task % bands_);
            Scratch& scratch = thread_scratch();
            scratch.reserve(ring_size(in_) + 64);
            Rows rows(scratch, width_, in_);
            load_row(rows, x, b, first - 1);
            load_row(rows, x, b, first);
            for (long r = first; r < last; ++r) {
                load_row(rows, x, b, r + 1);
                float* row = out + (b * height_ + r) * width_ * kOut;
                convolve(rows, r, row);
                for (long i = 0; i < width_ * kOut; ++i) row[i] = row[i] > 0 ? row[i] : row[i] * slope_;
            }
        });
    }

    // d_out -> dx, d_weight (32, in, 3, 3), d_slope (1)
    void backward(const float* x, const float* d_out, float* dx, float* d_weight,
                  float* d_slope) const {
        const long taps = 3 * in_, size = 3 * taps * kOut + 1;
        Scratch& shared = shared_scratch();
        shared.reserve((batch_ * bands_ + 1) * size + 128);
        float* parts = shared.take(batch_ * bands_ * size);
        float* total = shared.take(size);
        for_each_task(batch_ * bands_, [&](long task) {
            const long b = task / bands_, first = low(task % bands_), last = high(task % bands_);
            float* part = parts + task * size;
            clear(part, size);
            Scratch& scratch = thread_scratch();
            scratch.reserve(ring_size(in_) + ring_size(kOut) + width_ * kOut + 128);
            Rows rows(scratch, width_, in_), gradient(scratch, width_, kOut);
            float* before = scratch.take(width_ * kOut);
            load_row(rows, x, b, first - 2);
            load_row(rows, x, b, first - 1);
            for (long r = first - 1; r <= last; ++r) {
                load_row(rows, x, b, r + 1);
                float* d = gradient.row(r);
                if (r < 0 || r >= height_) {
                    clear(d, width_ * kOut);
                } else {
                    const bool own = r >= first && r < last;
                    convolve(rows, r, before);
                    const float* from = d_out + (b * height_ + r) * width_ * kOut;
                    float bent = 0;
                    for (long i = 0; i < width_ * kOut; ++i) {
                        const float below = before[i] > 0 ? 0.0f : before[i];
                        bent += from[i] * below;
                        d[i] = before[i] > 0 ? from[i] : from[i] * slope_;
                    }
                    if (own) {
                        part[size - 1] += bent;
                        for (long dy = 0; dy < 3; ++dy)
                            product(taps, kOut, width_, rows.row(r + dy - 1) - in_, 1, in_, d, kOut,
                                    part + dy * taps * kOut, kOut, true);
                    }
                }
                const long done = r - 1;
                if (done < first) continue;
                for (long dy = 0; dy < 3; ++dy)
                    product(width_, in_, 3 * kOut, gradient.row(done + dy - 1) - kOut, kOut, 1,
                            backward_.data() + dy * 3 * kOut * in_, in_,
                            dx + (b * height_ + done) * width_ * in_, in_, dy > 0);
            }
        });
        sum_tasks(parts, batch_ * bands_, size, size, total);
        for (int o = 0; o < kOut; ++o)
            for (int c = 0; c < in_; ++c)
                for (int dy = 0; dy < 3; ++dy)
                    for (int dx_tap = 0; dx_tap < 3; ++dx_tap)
                        d_weight[((o * in_ + c) * 3 + dy) * 3 + dx_tap] =
                            total[(dy * taps + dx_tap * in_ + c) * kOut + o];
        *d_slope = total[size - 1];
    }

  private:
    static constexpr long kBandRows = 24;
    long low(long band) const { return band * height_ / bands_; }
    long high(long band) const { return (band + 1) * height_ / bands_; }

    // Three rows with a zero pixel at either end; row r lives in slot r mod 3.
    struct Rows {
        Rows(Scratch& scratch, long width, int channels) : channels_(channels) {
            stride_ = Scratch::rounded((width + 2) * channels);
            memory_ = scratch.take(3 * stride_);
            clear(memory_, 3 * stride_);
        }
        float* row(long r) const { return memory_ + ((r + 3) % 3) * stride_ + channels_; }
        int channels_;
        long stride_;
        float* memory_;
    };
    long ring_size(int channels) const { return 3 * Scratch::rounded((width_ + 2) * channels); }

    void load_row(const Rows& rows, const float* x, long b, long r) const {
        if (r < 0 || r >= height_)
            clear(rows.row(r), width_ * in_);
        else
            std::memcpy(rows.row(r), x + (b * height_ + r) * width_ * in_,
                        width_ * in_ * sizeof(float));
    }

    void convolve(const Rows& rows, long r, float* out) const {
        const long taps = 3 * in_;
        for (long dy = 0; dy < 3; ++dy)
            product(width_, kOut, taps, rows.row(r + dy - 1) - in_, in_, 1,
                    forward_.data() + dy * taps * kOut, kOut, out, kOut, dy > 0);
    }

    long batch_, height_, width_, bands_;
    int in_;
    float slope_;
    std::vector<float> forward_, backward_;
};

}  // namespace training
}  // namespace film
