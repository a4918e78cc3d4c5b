// "1x1 convolution, then 3x3 depthwise convolution": what both halves of a Restormer block begin
// with, row by row, for 32 hidden channels at a time.
//
// The hidden tensor has three (q, k, v) or eight (feed-forward) times the block's channels. It is
// never formed: rows of 32 of its channels stream through rings of three rows that stay in cache,
// forwards and, recomputed, backwards.
#pragma once

#include "gemm.hpp"
#include "scratch.hpp"

namespace film {
namespace training {

constexpr int kGroup = 32;  // hidden channels at a time

struct Strip {
    long height, width;  // of the image
    long first, last;    // rows [first, last) are this task's own
    long low(long halo) const { return first - halo > 0 ? first - halo : 0; }
    long high(long halo) const { return last + halo < height ? last + halo : height; }
};

// Weights of 32 hidden channels, in the layouts that the passes read.
struct HiddenGroup {
    const float* forward;     // (C, 32): input channel major
    const float* backward;    // (32, C)
    const float* taps;        // (9, 32)
    const float* turned;      // (9, 32): the taps in reverse order, for the gradient
};

// Gradients of the same, added to.
struct HiddenGradient {
    float* weight;  // (32, C)
    float* taps;    // (9, 32)
};

// out[x] = sum over the 3x3 taps; rows have one zero pixel before and after.
inline void depthwise_row(const float* above, const float* here, const float* below,
                          const float* taps, long width, float* out) {
    for (int v = 0; v < kGroup; v += kLanes) {
        Vec w[9];
        for (int t = 0; t < 9; ++t) w[t] = load(taps + t * kGroup + v);
        const float *a = above + v, *h = here + v, *b = below + v;
        float* o = out + v;
        for (long x = 0; x < width; ++x) {
            Vec s0 = load(a - kGroup) * w[0], s1 = load(a) * w[1], s2 = load(a + kGroup) * w[2];
            s0 += load(h - kGroup) * w[3];
            s1 += load(h) * w[4];
            s2 += load(h + kGroup) * w[5];
            s0 += load(b - kGroup) * w[6];
            s1 += load(b) * w[7];
            s2 += load(b + kGroup) * w[8];
            store(o, s0 + s1 + s2);
            a += kGroup, h += kGroup, b += kGroup, o += kGroup;
        }
    }
}

// d_taps += the gradient of the taps from one row `de` of the gradient of the result.
inline void depthwise_row_taps(const float* de, const float* above, const float* here,
                               const float* below, long width, float* d_taps) {
    for (int v = 0; v < kGroup; v += kLanes) {
        Vec w[9];
        for (int t = 0; t < 9; ++t) w[t] = load(d_taps + t * kGroup + v);
        const float *a = above + v, *h = here + v, *b = below + v, *d = de + v;
        for (long x = 0; x < width; ++x) {
            const Vec g = load(d);
            w[0] += load(a - kGroup) * g;
            w[1] += load(a) * g;
            w[2] += load(a + kGroup) * g;
            w[3] += load(h - kGroup) * g;
            w[4] += load(h) * g;
            w[5] += load(h + kGroup) * g;
            w[6] += load(b - kGroup) * g;
            w[7] += load(b) * g;
            w[8] += load(b + kGroup) * g;
            a += kGroup, h += kGroup, b += kGroup, d += kGroup;
        }
        for (int t = 0; t < 9; ++t) store(d_taps + t * kGroup + v, w[t]);
    }
}

// Three rows of 32 channels with a zero pixel at either end; row r lives in slot r mod 3.
class Ring {
  public:
    static long size(long width) { return 3 * Scratch::rounded((width + 2) * kGroup); }
    Ring(Scratch& scratch, long width) : width_(width), stride_(size(width) / 3) {
        memory_ = scratch.take(size(width));
    }
    void clear_all() { clear(memory_, 3 * stride_); }
    float* row(long r) { return memory_ + ((r + 3) % 3) * stride_ + kGroup; }
    void clear_row(long r) { clear(row(r), width_ * kGroup); }

  private:
    long width_, stride_;
    float* memory_;
};

// Buffers of one thread for streaming rows of one width.
struct RowBuffers {
    Ring hidden, gradient;
    float *mixed, *d_hidden;
    RowBuffers(Scratch& scratch, long width)
        : hidden(scratch, width), gradient(scratch, width), mixed(scratch.take(width * kGroup)),
          d_hidden(scratch.take(width * kGroup)) {}
    static long size(long width) {
        return 2 * Ring::size(width) + 2 * Scratch::rounded(width * kGroup);
    }
};

// Calls use(row, e) for every own row: e (width, 32) = the depthwise result.
// `n` holds the rows low(1)..high(1) of the normalised input.
template <int C, class Use>
inline void forward_group(const HiddenGroup& group, const Strip& s, const float* n, RowBuffers& rows,
                          const Use& use) {
    const long base = s.low(1);
    auto fill = [&](long r) {
        if (r < 0 || r >= s.height) return rows.hidden.clear_row(r);
        product(s.width, kGroup, C, n + (r - base) * s.width * C, C, 1, group.forward, kGroup,
                rows.hidden.row(r), kGroup, false);
    };
    rows.hidden.clear_all();
    fill(s.first - 1);
    fill(s.first);
    for (long r = s.first; r < s.last; ++r) {
        fill(r + 1);
        depthwise_row(rows.hidden.row(r - 1), rows.hidden.row(r), rows.hidden.row(r + 1), group.taps,
                      s.width, rows.mixed);
        use(r, rows.mixed);
    }
}

// Recomputes the rows and sends the gradient back through them. For every row that the own rows
// depend on, differentiate(row, own, e, de) must fill de (width, 32) from e; e is only computed
// where `needs_e`. The gradient of the normalised input goes to `dn` (own rows; overwritten where
// `fresh`, otherwise added to); `n` holds the rows low(2)..high(2).
template <int C, class Differentiate>
inline void backward_group(const HiddenGroup& group, const HiddenGradient& gradient, const Strip& s,
                           const float* n, float* dn, bool fresh, bool needs_e, RowBuffers& rows,
                           const Differentiate& differentiate) {
    const long base = s.low(2);
    auto fill = [&](long r) {
        if (r < 0 || r >= s.height) return rows.hidden.clear_row(r);
        product(s.width, kGroup, C, n + (r - base) * s.width * C, C, 1, group.forward, kGroup,
                rows.hidden.row(r), kGroup, false);
    };
    rows.hidden.clear_all();
    rows.gradient.clear_all();
    fill(s.first - 2);
    fill(s.first - 1);
    for (long r = s.first - 1; r <= s.last; ++r) {
        fill(r + 1);
        if (r < 0 || r >= s.height) {
            rows.gradient.clear_row(r);
        } else {
            const float *above = rows.hidden.row(r - 1), *here = rows.hidden.row(r),
                        *below = rows.hidden.row(r + 1);
            const bool own = r >= s.first && r < s.last;
            if (needs_e) depthwise_row(above, here, below, group.taps, s.width, rows.mixed);
            float* de = rows.gradient.row(r);
            differentiate(r, own, rows.mixed, de);
            if (own) depthwise_row_taps(de, above, here, below, s.width, gradient.taps);
        }
        const long done = r - 1;  // the rows around it are known now
        if (done < s.first) continue;
        depthwise_row(rows.gradient.row(done - 1), rows.gradient.row(done),
                      rows.gradient.row(done + 1), group.turned, s.width, rows.d_hidden);
        product(s.width, C, kGroup, rows.d_hidden, kGroup, 1, group.backward, C,
                dn + (done - s.first) * s.width * C, C, !fresh);
        product(kGroup, C, s.width, rows.d_hidden, 1, kGroup, n + (done - base) * s.width * C, C,
                gradient.weight, C, true);
    }
}

}  // namespace training
}  // namespace film
