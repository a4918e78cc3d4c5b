// "1x1 convolution, then 3x3 depthwise convolution": what both halves of a Restormer block begin
// with, row by row, for a group of G = 64 (or 32) hidden channels at a time.
//
// The hidden tensor has three (q, k, v) or eight (feed-forward) times the block's channels. It is
// never formed: rows of a group stream through rings of three rows that stay in cache,
// forwards and, recomputed, backwards.
#pragma once

#include "gemm.hpp"
#include "scratch.hpp"

namespace film {
namespace training {

constexpr int kGroup = 64;  // hidden channels at a time, at most

// A part of an image that stays in cache, and the normalised pixels around it.
struct Tile {
    long height, width;      // of the image
    long first, last;        // its own rows, [first, last)
    long left, right;        // its own columns
    long rows() const { return last - first; }
    long columns() const { return right - left; }
};

// Weights of G hidden channels, in the layouts that the passes read.
struct HiddenGroup {
    const float* forward;     // (C, G): input channel major
    const float* backward;    // (G, C)
    const float* taps;        // (9, G)
    const float* turned;      // (9, G): the taps in reverse order, for the gradient
};

// Gradients of the same, added to.
struct HiddenGradient {
    float* weight;  // (G, C)
    float* taps;    // (9, G)
};

// Pixels whose sums are formed together: a value that is loaded serves three of them.
constexpr int kSpan = FILM_WIDTH == 16 ? 4 : 1;

template <int G, int Pixels>
FILM_INLINE void depthwise_pixels(const float* a, const float* h, const float* b, const Vec* w,
                                  float* out) {
    Vec acc[Pixels];
    const float* rows[3] = {a - G, h - G, b - G};
#pragma GCC unroll 3
    for (int dy = 0; dy < 3; ++dy) {
        Vec in[Pixels + 2];
#pragma GCC unroll 8
        for (int i = 0; i < Pixels + 2; ++i) in[i] = load(rows[dy] + i * G);
#pragma GCC unroll 8
        for (int i = 0; i < Pixels; ++i) {
            const Vec s = in[i] * w[3 * dy] + in[i + 1] * w[3 * dy + 1] + in[i + 2] * w[3 * dy + 2];
            acc[i] = dy == 0 ? s : acc[i] + s;
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < Pixels; ++i) store(out + i * G, acc[i]);
}

// out[x] = sum over the 3x3 taps; rows have one zero pixel before and after.
template <int G>
inline void depthwise_row(const float* above, const float* here, const float* below,
                          const float* taps, long width, float* out) {
    for (int v = 0; v < G; v += kLanes) {
        Vec w[9];
        for (int t = 0; t < 9; ++t) w[t] = load(taps + t * G + v);
        const float *a = above + v, *h = here + v, *b = below + v;
        float* o = out + v;
        long x = 0;
        for (; x + kSpan <= width; x += kSpan) {
            depthwise_pixels<G, kSpan>(a, h, b, w, o);
            a += kSpan * G, h += kSpan * G, b += kSpan * G, o += kSpan * G;
        }
        for (; x < width; ++x) {
            depthwise_pixels<G, 1>(a, h, b, w, o);
            a += G, h += G, b += G, o += G;
        }
    }
}

template <int G, int Pixels>
FILM_INLINE void depthwise_tap_pixels(const float* d, const float* a, const float* h, const float* b,
                                      Vec* w) {
    Vec g[Pixels];
#pragma GCC unroll 8
    for (int i = 0; i < Pixels; ++i) g[i] = load(d + i * G);
    const float* rows[3] = {a - G, h - G, b - G};
#pragma GCC unroll 3
    for (int dy = 0; dy < 3; ++dy) {
        Vec in[Pixels + 2];
#pragma GCC unroll 8
        for (int i = 0; i < Pixels + 2; ++i) in[i] = load(rows[dy] + i * G);
#pragma GCC unroll 8
        for (int i = 0; i < Pixels; ++i) {
            w[3 * dy] += in[i] * g[i];
            w[3 * dy + 1] += in[i + 1] * g[i];
            w[3 * dy + 2] += in[i + 2] * g[i];
        }
    }
}

// d_taps += the gradient of the taps from one row `de` of the gradient of the result.
template <int G>
inline void depthwise_row_taps(const float* de, const float* above, const float* here,
                               const float* below, long width, float* d_taps) {
    for (int v = 0; v < G; v += kLanes) {
        Vec w[9];
        for (int t = 0; t < 9; ++t) w[t] = load(d_taps + t * G + v);
        const float *a = above + v, *h = here + v, *b = below + v, *d = de + v;
        long x = 0;
        for (; x + kSpan <= width; x += kSpan) {
            depthwise_tap_pixels<G, kSpan>(d, a, h, b, w);
            a += kSpan * G, h += kSpan * G, b += kSpan * G, d += kSpan * G;
        }
        for (; x < width; ++x) {
            depthwise_tap_pixels<G, 1>(d, a, h, b, w);
            a += G, h += G, b += G, d += G;
        }
        for (int t = 0; t < 9; ++t) store(d_taps + t * G + v, w[t]);
    }
}

// Three rows of `width` pixels with G channels; row r lives in slot r mod 3.
template <int G>
class Ring {
  public:
    static long size(long width) { return 3 * Scratch::rounded(width * G); }
    Ring(Scratch& scratch, long width)
        : stride_(Scratch::rounded(width * G)), memory_(scratch.take(size(width))) {}
    float* row(long r) const { return memory_ + (r + 3) % 3 * stride_; }

  private:
    long stride_;
    float* memory_;
};

// Buffers of one thread for streaming the rows of a tile, halo of two columns included.
template <int G>
struct RowBuffers {
    Ring<G> hidden, gradient;
    float *mixed, *d_hidden;
    RowBuffers(Scratch& scratch, long columns)
        : hidden(scratch, columns + 4), gradient(scratch, columns + 2),
          mixed(scratch.take((columns + 2) * G)), d_hidden(scratch.take(columns * G)) {}
    static long size(long columns) {
        return Ring<G>::size(columns + 4) + Ring<G>::size(columns + 2) +
               2 * Scratch::rounded((columns + 2) * G);
    }
};

// Calls use(row, e) for every own row: e (columns, G) = the depthwise result.
// `n` holds the normalised pixels with a halo of one, zero outside of the image: without a bias
// their hidden channels are zero as well, as the padding wants them.
template <int C, int G, class Use>
inline void forward_group(const HiddenGroup& group, const Tile& tile, const float* n,
                          RowBuffers<G>& rows, const Use& use) {
    const long wide = tile.columns() + 2;
    auto fill = [&](long r) {
        product(wide, G, C, n + (r - tile.first + 1) * wide * C, C, 1, group.forward, G,
                rows.hidden.row(r), G, false);
    };
    fill(tile.first - 1);
    fill(tile.first);
    for (long r = tile.first; r < tile.last; ++r) {
        fill(r + 1);
        depthwise_row<G>(rows.hidden.row(r - 1) + G, rows.hidden.row(r) + G,
                         rows.hidden.row(r + 1) + G, group.taps, tile.columns(), rows.mixed);
        use(r, rows.mixed);
    }
}

// Pixels of a row whose gradient is wanted: columns [from, from + count) of the image. Those of the
// tile itself start at `own`; `counts` tells whether the row is the tile's own.
struct Span {
    long row, from, count, own;
    bool counts;
};

// Recomputes the rows and sends the gradient back through them. For every row that the own pixels
// depend on, differentiate(span, e, de) must fill de (count, G) from e (count, G); e is only
// computed where `needs_e`. The gradient of the normalised input goes to `dn` (own pixels;
// overwritten where `fresh`, otherwise added to); `n` has a halo of two, zero outside of the image.
template <int C, int G, class Differentiate>
inline void backward_group(const HiddenGroup& group, const HiddenGradient& gradient,
                           const Tile& tile, const float* n, float* dn, bool fresh, bool needs_e,
                           RowBuffers<G>& rows, const Differentiate& differentiate) {
    const long columns = tile.columns(), wide = columns + 4;
    const long skip = tile.left == 0 ? 1 : 0;  // pixels before and after the image
    const long span = columns + 2 - skip - (tile.right == tile.width ? 1 : 0);
    auto fill = [&](long r) {
        product(wide, G, C, n + (r - tile.first + 2) * wide * C, C, 1, group.forward, G,
                rows.hidden.row(r), G, false);
    };
    fill(tile.first - 2);
    fill(tile.first - 1);
    for (long r = tile.first - 1; r <= tile.last; ++r) {
        fill(r + 1);
        float* de = rows.gradient.row(r);
        if (r < 0 || r >= tile.height) {
            clear(de, (columns + 2) * G);
        } else {
            const float *above = rows.hidden.row(r - 1), *here = rows.hidden.row(r),
                        *below = rows.hidden.row(r + 1);
            if (needs_e)
                depthwise_row<G>(above + G, here + G, below + G, group.taps, columns + 2, rows.mixed);
            const bool counts = r >= tile.first && r < tile.last;
            differentiate(Span{r, tile.left - 1 + skip, span, 1 - skip, counts},
                          rows.mixed + skip * G, de + skip * G);
            clear(de, skip * G);
            clear(de + (skip + span) * G, (columns + 2 - skip - span) * G);
            if (counts)
                depthwise_row_taps<G>(de + G, above + 2 * G, here + 2 * G, below + 2 * G, columns,
                                      gradient.taps);
        }
        const long done = r - 1;  // the rows around it are known now
        if (done < tile.first) continue;
        depthwise_row<G>(rows.gradient.row(done - 1) + G, rows.gradient.row(done) + G,
                         rows.gradient.row(done + 1) + G, group.turned, columns, rows.d_hidden);
        product(columns, C, G, rows.d_hidden, G, 1, group.backward, C,
                dn + (done - tile.first) * columns * C, C, !fresh);
        product(G, C, columns, rows.d_hidden, 1, G, n + ((done - tile.first + 2) * wide + 2) * C, C,
                gradient.weight, C, true);
    }
}

}  // namespace training
}  // namespace film
