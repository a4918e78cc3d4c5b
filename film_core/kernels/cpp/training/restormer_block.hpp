// The Restormer block (Zamir et al., CVPR 2022) for training: a forward pass that keeps only the
// middle of the block and a few sums, and a backward pass that recomputes the rest.
//
// Images are channels-last (B, H, W, C). Channel attention couples pixels only through the sums
// q k^T and the norms of q and k; so does its gradient, through the sum dy v^T. Everything else
// needs a 3x3 neighbourhood: tasks are bands of rows, worked off in tiles that stay in cache, with a
// halo of one or two pixels.
//
//   y = x + M v,            M = project_out * softmax(temperature * q k^T / (|q| |k|))
//   z = y + W2 (gelu(e1) * e2)
#pragma once

#include <cmath>
#include <vector>

#include "hidden_rows.hpp"
#include "layer_norm.hpp"

namespace film {
namespace training {

constexpr int kHeads = 8;
constexpr long kBandRows = 24;
constexpr long kTileColumns = 44;  // 48 with the halo: whole tiles of the matrix products

struct BlockWeights {
    const float *norm1_weight, *norm1_bias, *temperature, *qkv, *qkv_depthwise, *attention_out,
        *norm2_weight, *norm2_bias, *project_in, *depthwise, *project_out;
};

struct BlockGradients {
    float *norm1_weight, *norm1_bias, *temperature, *qkv, *qkv_depthwise, *attention_out,
        *norm2_weight, *norm2_bias, *project_in, *depthwise, *project_out;
};

// Floats of the sums that the forward pass keeps for each image: q k^T within 16 channels, then
// the squared norms of q and of k.
inline long block_sums(int C) { return C * 16 + 2 * C; }

template <int C>
class RestormerBlock {
  public:
    RestormerBlock(long batch, long height, long width, const BlockWeights& weights)
        : batch_(batch), height_(height), width_(width), w_(weights) {
        bands_ = (height + kBandRows - 1) / kBandRows;
    }

    // x -> middle (y), sums (B, block_sums), out (z).
    void forward(const float* x, float* middle, float* sums, float* out) {
        Scratch& shared = shared_scratch();
        shared.reserve(packed_size() + tasks() * block_sums(C) + batch_ * C * C + 256);
        pack(shared);
        float* parts = shared.take(tasks() * block_sums(C));
        float* mixing = shared.take(batch_ * C * C);
        for_each_task(tasks(), [&](long task) {
            attention_sums(task, x, parts + task * block_sums(C));
        });
        for (long b = 0; b < batch_; ++b) {
            float* own = sums + b * block_sums(C);
            add_bands(parts, b, block_sums(C), own);
            Attention(w_, own).mixing(w_, mixing + b * C * C);
        }
        for_each_task(tasks(), [&](long task) { attention_values(task, x, mixing, middle); });
        for_each_task(tasks(), [&](long task) { feed_forward(task, middle, out); });
    }

    // dz -> dx and the gradients of the weights.
    void backward(const float* x, const float* middle, const float* sums, const float* dz, float* dx,
                  const BlockGradients& d) {
        const long pixels = batch_ * height_ * width_;
        Scratch& shared = shared_scratch();
        shared.reserve(packed_size() + tasks() * gradient_size() + batch_ * C * C +
                       batch_ * kGroups16 * 1024 + pixels * C + gradient_size() + 256);
        pack(shared);
        float* parts = shared.take(tasks() * gradient_size());
        float* mixing = shared.take(batch_ * C * C);
        float* turn = shared.take(batch_ * kGroups16 * 1024);
        float* dy = shared.take(pixels * C);
        float* total = shared.take(gradient_size());
        clear(parts, tasks() * gradient_size());
        for (long b = 0; b < batch_; ++b)
            Attention(w_, sums + b * block_sums(C)).mixing(w_, mixing + b * C * C);
        for_each_task(tasks(), [&](long task) {
            feed_forward_backward(task, middle, dz, dy, Parts(parts + task * gradient_size()));
            mixing_gradient(task, x, dy, Parts(parts + task * gradient_size()).mixing);
        });
        clear(d.temperature, kHeads);
        clear(d.attention_out, C * C);
        std::vector<float> d_mixing(C * C);
        for (long b = 0; b < batch_; ++b) {
            const float* first = Parts(parts + b * bands_ * gradient_size()).mixing;
            for (int i = 0; i < C * C; ++i) {
                float sum = 0;
                for (long band = 0; band < bands_; ++band) sum += first[band * gradient_size() + i];
                d_mixing[i] = sum;
            }
            Attention(w_, sums + b * block_sums(C))
                .backward(w_, d_mixing.data(), d.attention_out, d.temperature,
                          turn + b * kGroups16 * 1024);
        }
        for_each_task(tasks(), [&](long task) {
            attention_backward(task, x, mixing, turn, dy, dx, Parts(parts + task * gradient_size()));
        });
        sum_tasks(parts, tasks(), gradient_size(), gradient_size(), total);
        unpack(Parts(total), d);
    }

  private:
    static constexpr int kGroups16 = C / 16;
    static constexpr int kCrossGroups = C / 32;                   // 32 channels of q and of k each
    static constexpr int kAttentionGroups = kCrossGroups + 1;     // the last one is v: C channels
    static constexpr int kForwardGroups = C / 8;                  // 32 gate pairs each
    static constexpr int kHead = C / kHeads;

    long tasks() const { return batch_ * bands_; }

    // Calls use(tile) for the tiles of a task's band.
    template <class Use>
    void for_each_tile(long task, const Use& use) const {
        const long band = task % bands_;
        for (long left = 0; left < width_; left += kTileColumns) {
            const long right = left + kTileColumns < width_ ? left + kTileColumns : width_;
            use(Tile{height_, width_, band * height_ / bands_, (band + 1) * height_ / bands_, left,
                     right});
        }
    }

    // Offset of a pixel of the task's image.
    long at(long task, long row, long column) const {
        return ((task / bands_ * height_ + row) * width_ + column) * C;
    }

    void add_bands(const float* parts, long b, long size, float* total) const {
        parts += b * bands_ * size;
        std::memcpy(total, parts, size * sizeof(float));
        for (long band = 1; band < bands_; ++band)
            for (long i = 0; i < size; ++i) total[i] += parts[band * size + i];
    }

    // ---- weights, packed by group -------------------------------------------------------------

    static constexpr long kPackedGroup = 2 * C * kGroup + 18 * kGroup;
    static long packed_size() {
        return (kAttentionGroups + kForwardGroups) * kPackedGroup + 8 * C * C + 64;
    }

    static int group_size(int g) { return g == kCrossGroups ? C : kGroup; }

    // The hidden channel that lane `i` of a group stands for. q and k alternate by sixteens.
    static int attention_channel(int g, int i) {
        if (g == kCrossGroups) return 2 * C + i;
        return (i % 32 < 16 ? 0 : C) + g * 32 + i / 32 * 16 + i % 16;
    }
    static int forward_channel(int g, int i) {
        return i < 32 ? g * 32 + i : 4 * C + g * 32 + i - 32;
    }
    static int channel(int g, int i) {
        return g < kAttentionGroups ? attention_channel(g, i) : forward_channel(g - kAttentionGroups, i);
    }

    void pack(Scratch& scratch) {
        packed_ = scratch.take((kAttentionGroups + kForwardGroups) * kPackedGroup);
        for (int g = 0; g < kAttentionGroups + kForwardGroups; ++g) {
            const bool attention = g < kAttentionGroups;
            const float* weight = attention ? w_.qkv : w_.project_in;
            const float* taps = attention ? w_.qkv_depthwise : w_.depthwise;
            const int size = group_size(g);
            float* forward = packed_ + g * kPackedGroup;
            float *backward = forward + C * size, *straight = backward + C * size,
                  *turned = straight + 9 * size;
            for (int i = 0; i < size; ++i) {
                const int from = channel(g, i);
                for (int c = 0; c < C; ++c)
                    forward[c * size + i] = backward[i * C + c] = weight[from * C + c];
                for (int t = 0; t < 9; ++t)
                    straight[t * size + i] = turned[(8 - t) * size + i] = taps[from * 9 + t];
            }
        }
        project_out_ = scratch.take(4 * C * C);         // (4C, C)
        project_out_groups_ = scratch.take(4 * C * C);  // (4C / 32, C, 32)
        for (int o = 0; o < C; ++o)
            for (int k = 0; k < 4 * C; ++k)
                project_out_[k * C + o] = project_out_groups_[(k / 32 * C + o) * 32 + k % 32] =
                    w_.project_out[o * 4 * C + k];
    }

    HiddenGroup group(int g) const {
        const float* p = packed_ + g * kPackedGroup;
        const int size = group_size(g);
        return {p, p + C * size, p + 2 * C * size, p + 2 * C * size + 9 * size};
    }

    // ---- gradients of one task, packed alike ---------------------------------------------------

    static constexpr long kGradientGroup = C * kGroup + 9 * kGroup;
    static constexpr long gradient_size() {
        return (kAttentionGroups + kForwardGroups) * kGradientGroup + 4 * C * C + C * C + 4 * C;
    }
    struct Parts {
        float *groups, *project_out, *mixing, *norm1_weight, *norm1_bias, *norm2_weight, *norm2_bias;
        explicit Parts(float* p) {
            groups = p;
            project_out = p + (kAttentionGroups + kForwardGroups) * kGradientGroup;  // (4C / 32, C, 32)
            mixing = project_out + 4 * C * C;
            norm1_weight = mixing + C * C;
            norm1_bias = norm1_weight + C;
            norm2_weight = norm1_bias + C;
            norm2_bias = norm2_weight + C;
        }
        HiddenGradient group(int g) const {
            return {groups + g * kGradientGroup, groups + g * kGradientGroup + C * group_size(g)};
        }
    };

    void unpack(const Parts& total, const BlockGradients& d) const {
        for (int g = 0; g < kAttentionGroups + kForwardGroups; ++g) {
            const bool attention = g < kAttentionGroups;
            float* weight = attention ? d.qkv : d.project_in;
            float* taps = attention ? d.qkv_depthwise : d.depthwise;
            const HiddenGradient from = total.group(g);
            const int size = group_size(g);
            for (int i = 0; i < size; ++i) {
                const int to = channel(g, i);
                for (int c = 0; c < C; ++c) weight[to * C + c] = from.weight[i * C + c];
                for (int t = 0; t < 9; ++t) taps[to * 9 + t] = from.taps[t * size + i];
            }
        }
        for (int o = 0; o < C; ++o)
            for (int k = 0; k < 4 * C; ++k)
                d.project_out[o * 4 * C + k] = total.project_out[(k / 32 * C + o) * 32 + k % 32];
        for (int c = 0; c < C; ++c) {
            d.norm1_weight[c] = total.norm1_weight[c];
            d.norm1_bias[c] = total.norm1_bias[c];
            d.norm2_weight[c] = total.norm2_weight[c];
            d.norm2_bias[c] = total.norm2_bias[c];
        }
    }

    // ---- the small matrices of one image -------------------------------------------------------

    struct Attention {
        float cosine[C][kHead], weight[C][kHead];  // row: channel of q; column: channel of k in its head
        float inverse_q[C], inverse_k[C];
        bool floored_q[C], floored_k[C];

        Attention(const BlockWeights& w, const float* sums) {
            const float *q2 = sums + C * 16, *k2 = q2 + C;
            for (int i = 0; i < C; ++i) {
                const float nq = std::sqrt(q2[i]), nk = std::sqrt(k2[i]);
                floored_q[i] = nq < 1e-12f;
                floored_k[i] = nk < 1e-12f;
                inverse_q[i] = 1.0f / (floored_q[i] ? 1e-12f : nq);
                inverse_k[i] = 1.0f / (floored_k[i] ? 1e-12f : nk);
            }
            for (int i = 0; i < C; ++i) {
                const int head = i / kHead;
                float logits[kHead], top = -1e30f, total = 0;
                for (int j = 0; j < kHead; ++j) {
                    const int k = head * kHead + j;
                    cosine[i][j] = sums[i * 16 + k % 16] * inverse_q[i] * inverse_k[k];
                    logits[j] = cosine[i][j] * w.temperature[head];
                    top = logits[j] > top ? logits[j] : top;
                }
                for (int j = 0; j < kHead; ++j) total += weight[i][j] = std::exp(logits[j] - top);
                for (int j = 0; j < kHead; ++j) weight[i][j] /= total;
            }
        }

        // M (C, C) = project_out * block-diagonal weights.
        void mixing(const BlockWeights& w, float* m) const {
            for (int o = 0; o < C; ++o)
                for (int j = 0; j < C; ++j) {
                    const int head = j / kHead;
                    float total = 0;
                    for (int i = head * kHead; i < (head + 1) * kHead; ++i)
                        total += w.attention_out[o * C + i] * weight[i][j % kHead];
                    m[o * C + j] = total;
                }
        }

        // From dM: adds to the gradients of project_out and temperature, and gives for each 16
        // channels the matrix `turn` (32, 32) with [dq dk] = [q k] turn at every pixel.
        void backward(const BlockWeights& w, const float* dm, float* d_out, float* d_temperature,
                      float* turn) const {
            for (int o = 0; o < C; ++o)
                for (int i = 0; i < C; ++i) {
                    float total = 0;
                    for (int j = 0; j < kHead; ++j)
                        total += dm[o * C + i / kHead * kHead + j] * weight[i][j];
                    d_out[o * C + i] += total;
                }
            clear(turn, kGroups16 * 1024);
            for (int i = 0; i < C; ++i) {
                const int head = i / kHead;
                float d_weight[kHead], inner = 0;
                for (int j = 0; j < kHead; ++j) {
                    float total = 0;
                    for (int o = 0; o < C; ++o)
                        total += w.attention_out[o * C + i] * dm[o * C + head * kHead + j];
                    d_weight[j] = total;
                    inner += total * weight[i][j];
                }
                float* block = turn + i / 16 * 1024;
                const int qi = i % 16;
                for (int j = 0; j < kHead; ++j) {
                    const int k = head * kHead + j, kj = 16 + k % 16;
                    const float d_logit = weight[i][j] * (d_weight[j] - inner);
                    d_temperature[head] += d_logit * cosine[i][j];
                    const float d_cosine = d_logit * w.temperature[head];
                    const float cross = d_cosine * inverse_q[i] * inverse_k[k];
                    block[kj * 32 + qi] = cross;  // k_j contributes to dq_i
                    block[qi * 32 + kj] = cross;  // q_i contributes to dk_j
                    const float along = d_cosine * cosine[i][j];
                    if (!floored_q[i]) block[qi * 32 + qi] -= along * inverse_q[i] * inverse_q[i];
                    if (!floored_k[k]) block[kj * 32 + kj] -= along * inverse_k[k] * inverse_k[k];
                }
            }
        }
    };

    // ---- passes over one band ------------------------------------------------------------------

    // Layer norm of a tile and `halo` pixels around it; zero outside of the image.
    const float* normalised(Scratch& scratch, long task, const Tile& tile, long halo,
                            const float* from, const float* weight, const float* bias) const {
        const long wide = tile.columns() + 2 * halo;
        float* n = scratch.take((tile.rows() + 2 * halo) * wide * C);
        const long left = tile.left > halo ? tile.left - halo : 0;
        const long right = tile.right + halo < width_ ? tile.right + halo : width_;
        const long skip = left - (tile.left - halo);
        float* row = n;
        for (long r = tile.first - halo; r < tile.last + halo; ++r, row += wide * C) {
            if (r < 0 || r >= height_) {
                clear(row, wide * C);
                continue;
            }
            clear(row, skip * C);
            layer_norm<C>(from + at(task, r, left), right - left, weight, bias, row + skip * C);
            clear(row + (skip + right - left) * C, (wide - skip - right + left) * C);
        }
        return n;
    }
    const float* normalised1(Scratch& scratch, long task, const Tile& tile, long halo,
                             const float* x) const {
        return normalised(scratch, task, tile, halo, x, w_.norm1_weight, w_.norm1_bias);
    }
    const float* normalised2(Scratch& scratch, long task, const Tile& tile, long halo,
                             const float* middle) const {
        return normalised(scratch, task, tile, halo, middle, w_.norm2_weight, w_.norm2_bias);
    }

    Scratch& buffers() const {
        Scratch& scratch = thread_scratch();
        const long rows = height_ / bands_ + 6, columns = kTileColumns;
        scratch.reserve(2 * rows * (columns + 4) * C + 2 * RowBuffers<kGroup>::size(columns) +
                        2 * (columns + 2) * 32 + C * C + 256);
        return scratch;
    }

    void copy_tile(long task, const Tile& tile, const float* from, float* to) const {
        for (long r = tile.first; r < tile.last; ++r)
            std::memcpy(to + at(task, r, tile.left), from + at(task, r, tile.left),
                        tile.columns() * C * sizeof(float));
    }

    // out = through + the gradient of x; dn is the tile's, everything else the image's.
    void norm_backward(long task, const Tile& tile, const float* dn, const float* x,
                       const float* through, const float* weight, float* out, float* d_weight,
                       float* d_bias) const {
        for (long r = tile.first; r < tile.last; ++r) {
            const long row = at(task, r, tile.left);
            layer_norm_backward<C>(dn + (r - tile.first) * tile.columns() * C, x + row, through + row,
                                   tile.columns(), weight, out + row, d_weight, d_bias);
        }
    }

    void attention_sums(long task, const float* x, float* sums) const {
        clear(sums, block_sums(C));
        for_each_tile(task, [&](const Tile& tile) {
            const long columns = tile.columns();
            Scratch& scratch = buffers();
            RowBuffers<kGroup> rows(scratch, columns);
            const float* n = normalised1(scratch, task, tile, 1, x);
            for (int g = 0; g < kCrossGroups; ++g)
                forward_group<C, kGroup>(group(g), tile, n, rows, [&](long, const float* row) {
                    for (int half = 0; half < 2; ++half) {
                        const int first = 32 * g + 16 * half;
                        const float* e = row + 32 * half;
                        product(16, 16, columns, e, 1, kGroup, e + 16, kGroup, sums + first * 16, 16,
                                true);
                        add_squares(e, columns, sums + C * 16 + first);
                        add_squares(e + 16, columns, sums + C * 16 + C + first);
                    }
                });
        });
    }

    // total (16) += the squares of 16 channels over a row.
    static void add_squares(const float* e, long columns, float* total) {
        for (int v = 0; v < 16; v += kLanes) {
            Vec squares = Vec{};
            for (long x = 0; x < columns; ++x) {
                const Vec value = load(e + x * kGroup + v);
                squares += value * value;
            }
            store(total + v, load(total + v) + squares);
        }
    }

    void attention_values(long task, const float* x, const float* mixing, float* middle) const {
        const float* m = mixing + task / bands_ * C * C;
        for_each_tile(task, [&](const Tile& tile) {
            Scratch& scratch = buffers();
            RowBuffers<C> rows(scratch, tile.columns());
            const float* n = normalised1(scratch, task, tile, 1, x);
            float* turned = scratch.take(C * C);  // M transposed
            for (int j = 0; j < C; ++j)
                for (int o = 0; o < C; ++o) turned[j * C + o] = m[o * C + j];
            copy_tile(task, tile, x, middle);
            forward_group<C, C>(group(kCrossGroups), tile, n, rows, [&](long r, const float* e) {
                product(tile.columns(), C, C, e, C, 1, turned, C, middle + at(task, r, tile.left), C,
                        true);
            });
        });
    }

    void feed_forward(long task, const float* middle, float* out) const {
        for_each_tile(task, [&](const Tile& tile) {
            const long columns = tile.columns();
            Scratch& scratch = buffers();
            RowBuffers<kGroup> rows(scratch, columns);
            float* gated = scratch.take(columns * 32);
            const float* n = normalised2(scratch, task, tile, 1, middle);
            copy_tile(task, tile, middle, out);
            for (int g = 0; g < kForwardGroups; ++g)
                forward_group<C, kGroup>(
                    group(kAttentionGroups + g), tile, n, rows, [&](long r, const float* e) {
                        for (long x = 0; x < columns; ++x)
                            for (int v = 0; v < 32; v += kLanes) {
                                Vec value, slope;
                                gelu(load(e + x * kGroup + v), value, slope);
                                store(gated + x * 32 + v, value * load(e + x * kGroup + 32 + v));
                            }
                        product(columns, C, 32, gated, 32, 1, project_out_ + g * 32 * C, C,
                                out + at(task, r, tile.left), C, true);
                    });
        });
    }

    void feed_forward_backward(long task, const float* middle, const float* dz, float* dy,
                               const Parts& parts) const {
        for_each_tile(task, [&](const Tile& tile) {
            const long columns = tile.columns();
            Scratch& scratch = buffers();
            RowBuffers<kGroup> rows(scratch, columns);
            float* gated = scratch.take((columns + 2) * 32);
            float* d_gated = scratch.take((columns + 2) * 32);
            float* dn = scratch.take(tile.rows() * columns * C);
            const float* n = normalised2(scratch, task, tile, 2, middle);
            for (int g = 0; g < kForwardGroups; ++g)
                backward_group<C, kGroup>(
                    group(kAttentionGroups + g), parts.group(kAttentionGroups + g), tile, n, dn,
                    g == 0, true, rows, [&](const Span& span, const float* e, float* de) {
                        const float* dz_row = dz + at(task, span.row, span.from);
                        product(span.count, 32, C, dz_row, C, 1, project_out_groups_ + g * C * 32, 32,
                                d_gated, 32, false);
                        gate_backward(e, d_gated, span.count, gated, de);
                        if (span.counts)
                            product(C, 32, columns, dz_row + span.own * C, 1, C,
                                    gated + span.own * 32, 32, parts.project_out + g * C * 32, 32,
                                    true);
                    });
            norm_backward(task, tile, dn, middle, dz, w_.norm2_weight, dy, parts.norm2_weight,
                          parts.norm2_bias);
        });
    }

    // e = [e1, e2] (pixels, 32 + 32): gated = gelu(e1) e2, and de from the gradient of that.
    static void gate_backward(const float* e, const float* d_gated, long pixels, float* gated,
                              float* de) {
        for (long x = 0; x < pixels; ++x)
            for (int v = 0; v < 32; v += kLanes) {
                Vec value, slope;
                gelu(load(e + x * kGroup + v), value, slope);
                const Vec gate = load(e + x * kGroup + 32 + v), d = load(d_gated + x * 32 + v);
                store(gated + x * 32 + v, value * gate);
                store(de + x * kGroup + v, d * gate * slope);
                store(de + x * kGroup + 32 + v, d * value);
            }
    }

    // dM += dy v^T
    void mixing_gradient(long task, const float* x, const float* dy, float* d_mixing) const {
        for_each_tile(task, [&](const Tile& tile) {
            Scratch& scratch = buffers();
            RowBuffers<C> rows(scratch, tile.columns());
            const float* n = normalised1(scratch, task, tile, 1, x);
            forward_group<C, C>(group(kCrossGroups), tile, n, rows, [&](long r, const float* e) {
                product(C, C, tile.columns(), dy + at(task, r, tile.left), 1, C, e, C, d_mixing, C,
                        true);
            });
        });
    }

    void attention_backward(long task, const float* x, const float* mixing, const float* turn,
                            const float* dy, float* dx, const Parts& parts) const {
        const long b = task / bands_;
        for_each_tile(task, [&](const Tile& tile) {
            Scratch& scratch = buffers();
            RowBuffers<kGroup> rows(scratch, tile.columns());
            RowBuffers<C> value_rows(scratch, tile.columns());
            float* dn = scratch.take(tile.rows() * tile.columns() * C);
            const float* n = normalised1(scratch, task, tile, 2, x);
            backward_group<C, C>(group(kCrossGroups), parts.group(kCrossGroups), tile, n, dn, true,
                                 false, value_rows, [&](const Span& span, const float*, float* de) {
                                     product(span.count, C, C, dy + at(task, span.row, span.from), C,
                                             1, mixing + b * C * C, C, de, C, false);
                                 });
            for (int g = 0; g < kCrossGroups; ++g)
                backward_group<C, kGroup>(
                    group(g), parts.group(g), tile, n, dn, false, true, rows,
                    [&](const Span& span, const float* e, float* de) {
                        for (int half = 0; half < 2; ++half)
                            product(span.count, 32, 32, e + 32 * half, kGroup, 1,
                                    turn + (b * kGroups16 + 2 * g + half) * 1024, 32, de + 32 * half,
                                    kGroup, false);
                    });
            norm_backward(task, tile, dn, x, dy, w_.norm1_weight, dx, parts.norm1_weight,
                          parts.norm1_bias);
        });
    }

    long batch_, height_, width_, bands_;
    BlockWeights w_;
    float* packed_;
    float *project_out_, *project_out_groups_;
};

}  // namespace training
}  // namespace film
