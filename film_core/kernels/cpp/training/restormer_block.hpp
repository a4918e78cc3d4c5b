// The Restormer block (Zamir et al., CVPR 2022) for training: a forward pass that keeps only the
// middle of the block and a few sums, and a backward pass that recomputes the rest.
//
// Images are channels-last (B, H, W, C). Channel attention couples pixels only through the sums
// q k^T and the norms of q and k; so does its gradient, through the sum dy v^T. Everything else
// needs a 3x3 neighbourhood, so tasks are strips of rows with a halo of one or two rows.
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
constexpr long kStripRows = 24;

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
        strips_ = (height + kStripRows - 1) / kStripRows;
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
            add_strips(parts, b, block_sums(C), own);
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
            const float* first = Parts(parts + b * strips_ * gradient_size()).mixing;
            for (int i = 0; i < C * C; ++i) {
                float sum = 0;
                for (long s = 0; s < strips_; ++s) sum += first[s * gradient_size() + i];
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
    static constexpr int kGroups16 = C / 16;                      // q, k together
    static constexpr int kAttentionGroups = C / 16 + C / kGroup;  // then v
    static constexpr int kForwardGroups = C / 4;                  // 16 gate pairs each
    static constexpr int kHead = C / kHeads;

    long tasks() const { return batch_ * strips_; }

    Strip strip(long task) const {
        const long s = task % strips_;
        return {height_, width_, s * height_ / strips_, (s + 1) * height_ / strips_};
    }
    long image(long task) const { return task / strips_ * height_ * width_ * C; }

    void add_strips(const float* parts, long b, long size, float* total) const {
        parts += b * strips_ * size;
        std::memcpy(total, parts, size * sizeof(float));
        for (long s = 1; s < strips_; ++s)
            for (long i = 0; i < size; ++i) total[i] += parts[s * size + i];
    }

    // ---- weights, packed by group -------------------------------------------------------------

    static constexpr long kPackedGroup = 2 * C * kGroup + 18 * kGroup;
    static long packed_size() {
        return (kAttentionGroups + kForwardGroups) * kPackedGroup + 4 * C * C + 64;
    }

    // The hidden channel that lane `i` of a group stands for.
    static int attention_channel(int group, int i) {
        if (group < kGroups16) return i < 16 ? group * 16 + i : C + group * 16 + i - 16;
        return 2 * C + (group - kGroups16) * kGroup + i;
    }
    static int forward_channel(int group, int i) {
        return i < 16 ? group * 16 + i : 4 * C + group * 16 + i - 16;
    }

    void pack(Scratch& scratch) {
        packed_ = scratch.take((kAttentionGroups + kForwardGroups) * kPackedGroup);
        for (int g = 0; g < kAttentionGroups + kForwardGroups; ++g) {
            const bool attention = g < kAttentionGroups;
            const float* weight = attention ? w_.qkv : w_.project_in;
            const float* taps = attention ? w_.qkv_depthwise : w_.depthwise;
            float* forward = packed_ + g * kPackedGroup;
            float *backward = forward + C * kGroup, *straight = backward + C * kGroup,
                  *turned = straight + 9 * kGroup;
            for (int i = 0; i < kGroup; ++i) {
                const int channel = attention ? attention_channel(g, i)
                                              : forward_channel(g - kAttentionGroups, i);
                for (int c = 0; c < C; ++c)
                    forward[c * kGroup + i] = backward[i * C + c] = weight[channel * C + c];
                for (int t = 0; t < 9; ++t)
                    straight[t * kGroup + i] = turned[(8 - t) * kGroup + i] = taps[channel * 9 + t];
            }
        }
        project_out_ = scratch.take(4 * C * C);  // (4C, C)
        for (int o = 0; o < C; ++o)
            for (int k = 0; k < 4 * C; ++k) project_out_[k * C + o] = w_.project_out[o * 4 * C + k];
    }

    HiddenGroup group(int g) const {
        const float* p = packed_ + g * kPackedGroup;
        return {p, p + C * kGroup, p + 2 * C * kGroup, p + 2 * C * kGroup + 9 * kGroup};
    }
    HiddenGroup forward_group_weights(int g) const { return group(kAttentionGroups + g); }

    // ---- gradients of one task, packed alike ---------------------------------------------------

    static constexpr long kGradientGroup = C * kGroup + 9 * kGroup;
    static constexpr long gradient_size() {
        return (kAttentionGroups + kForwardGroups) * kGradientGroup + 4 * C * C + C * C + 4 * C;
    }
    struct Parts {
        float *groups, *project_out, *mixing, *norm1_weight, *norm1_bias, *norm2_weight, *norm2_bias;
        explicit Parts(float* p) {
            groups = p;
            project_out = p + (kAttentionGroups + kForwardGroups) * kGradientGroup;  // (4C/16, C, 16)
            mixing = project_out + 4 * C * C;
            norm1_weight = mixing + C * C;
            norm1_bias = norm1_weight + C;
            norm2_weight = norm1_bias + C;
            norm2_bias = norm2_weight + C;
        }
        HiddenGradient group(int g) const {
            return {groups + g * kGradientGroup, groups + g * kGradientGroup + C * kGroup};
        }
    };

    void unpack(const Parts& total, const BlockGradients& d) const {
        for (int g = 0; g < kAttentionGroups + kForwardGroups; ++g) {
            const bool attention = g < kAttentionGroups;
            float* weight = attention ? d.qkv : d.project_in;
            float* taps = attention ? d.qkv_depthwise : d.depthwise;
            const HiddenGradient from = total.group(g);
            for (int i = 0; i < kGroup; ++i) {
                const int channel = attention ? attention_channel(g, i)
                                              : forward_channel(g - kAttentionGroups, i);
                for (int c = 0; c < C; ++c) weight[channel * C + c] = from.weight[i * C + c];
                for (int t = 0; t < 9; ++t) taps[channel * 9 + t] = from.taps[t * kGroup + i];
            }
        }
        for (int g = 0; g < kForwardGroups; ++g)
            for (int o = 0; o < C; ++o)
                for (int i = 0; i < 16; ++i)
                    d.project_out[o * 4 * C + g * 16 + i] =
                        total.project_out[(g * C + o) * 16 + i];
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

    // ---- passes over one strip -----------------------------------------------------------------

    // Rows low(halo)..high(halo) of layer norm `which` of `image`.
    const float* normalised(Scratch& scratch, const Strip& s, int halo, const float* from,
                            bool first_norm) const {
        const long low = s.low(halo), pixels = (s.high(halo) - low) * width_;
        float* n = scratch.take(pixels * C);
        layer_norm<C>(from + low * width_ * C, pixels, first_norm ? w_.norm1_weight : w_.norm2_weight,
                      first_norm ? w_.norm1_bias : w_.norm2_bias, n);
        return n;
    }

    Scratch& buffers() const {
        Scratch& scratch = thread_scratch();
        const long rows = height_ / strips_ + 6;
        scratch.reserve(2 * rows * width_ * C + RowBuffers::size(width_) + 3 * width_ * kGroup +
                        kGroup * C + 256);
        return scratch;
    }

    void attention_sums(long task, const float* x, float* sums) const {
        const Strip s = strip(task);
        Scratch& scratch = buffers();
        RowBuffers rows(scratch, width_);
        const float* n = normalised(scratch, s, 1, x + image(task), true);
        clear(sums, block_sums(C));
        for (int g = 0; g < kGroups16; ++g) {
            float *cross = sums + g * 256, *q2 = sums + C * 16 + g * 16, *k2 = q2 + C;
            forward_group<C>(group(g), s, n, rows, [&](long, const float* e) {
                product(16, 16, width_, e, 1, kGroup, e + 16, kGroup, cross, 16, true);
                for (int v = 0; v < 16; v += kLanes) {
                    Vec q = Vec{}, k = Vec{};
                    for (long x = 0; x < width_; ++x) {
                        const Vec qx = load(e + x * kGroup + v), kx = load(e + x * kGroup + 16 + v);
                        q += qx * qx;
                        k += kx * kx;
                    }
                    store(q2 + v, load(q2 + v) + q);
                    store(k2 + v, load(k2 + v) + k);
                }
            });
        }
    }

    void attention_values(long task, const float* x, const float* mixing, float* middle) const {
        const Strip s = strip(task);
        Scratch& scratch = buffers();
        RowBuffers rows(scratch, width_);
        const float* n = normalised(scratch, s, 1, x + image(task), true);
        const float* m = mixing + task / strips_ * C * C;
        const long offset = image(task) + s.first * width_ * C;
        std::memcpy(middle + offset, x + offset, (s.last - s.first) * width_ * C * sizeof(float));
        float* turned = scratch.take(kGroup * C);  // (32, C): M transposed, for 32 channels of v
        for (int g = 0; g < C / kGroup; ++g) {
            for (int j = 0; j < kGroup; ++j)
                for (int o = 0; o < C; ++o) turned[j * C + o] = m[o * C + g * kGroup + j];
            forward_group<C>(group(kGroups16 + g), s, n, rows, [&](long r, const float* e) {
                product(width_, C, kGroup, e, kGroup, 1, turned, C,
                        middle + image(task) + r * width_ * C, C, true);
            });
        }
    }

    void feed_forward(long task, const float* middle, float* out) const {
        const Strip s = strip(task);
        Scratch& scratch = buffers();
        RowBuffers rows(scratch, width_);
        float* gated = scratch.take(width_ * 16);
        const float* n = normalised(scratch, s, 1, middle + image(task), false);
        const long offset = image(task) + s.first * width_ * C;
        std::memcpy(out + offset, middle + offset, (s.last - s.first) * width_ * C * sizeof(float));
        for (int g = 0; g < kForwardGroups; ++g)
            forward_group<C>(forward_group_weights(g), s, n, rows, [&](long r, const float* e) {
                for (long x = 0; x < width_; ++x)
                    for (int v = 0; v < 16; v += kLanes) {
                        Vec value, slope;
                        gelu(load(e + x * kGroup + v), value, slope);
                        store(gated + x * 16 + v, value * load(e + x * kGroup + 16 + v));
                    }
                product(width_, C, 16, gated, 16, 1, project_out_ + g * 16 * C, C,
                        out + image(task) + r * width_ * C, C, true);
            });
    }

    void feed_forward_backward(long task, const float* middle, const float* dz, float* dy,
                               const Parts& parts) const {
        const Strip s = strip(task);
        Scratch& scratch = buffers();
        RowBuffers rows(scratch, width_);
        float *gated = scratch.take(width_ * 16), *d_gated = scratch.take(width_ * 16);
        float* dn = scratch.take((s.last - s.first) * width_ * C);
        const float* n = normalised(scratch, s, 2, middle + image(task), false);
        for (int g = 0; g < kForwardGroups; ++g) {
            float* d_project = parts.project_out + g * C * 16;
            backward_group<C>(
                forward_group_weights(g), parts.group(kAttentionGroups + g), s, n, dn, g == 0, true,
                rows, [&](long r, bool own, const float* e, float* de) {
                    const float* dz_row = dz + image(task) + r * width_ * C;
                    product(width_, 16, C, dz_row, C, 1, w_.project_out + g * 16, 4 * C, d_gated, 16,
                            false);
                    for (long x = 0; x < width_; ++x)
                        for (int v = 0; v < 16; v += kLanes) {
                            Vec value, slope;
                            gelu(load(e + x * kGroup + v), value, slope);
                            const Vec gate = load(e + x * kGroup + 16 + v);
                            const Vec d = load(d_gated + x * 16 + v);
                            store(gated + x * 16 + v, value * gate);
                            store(de + x * kGroup + v, d * gate * slope);
                            store(de + x * kGroup + 16 + v, d * value);
                        }
                    if (own) product(C, 16, width_, dz_row, 1, C, gated, 16, d_project, 16, true);
                });
        }
        const long offset = image(task) + s.first * width_ * C;
        layer_norm_backward<C>(dn, middle + offset, dz + offset, (s.last - s.first) * width_,
                               w_.norm2_weight, dy + offset, parts.norm2_weight, parts.norm2_bias);
    }

    // dM += dy v^T
    void mixing_gradient(long task, const float* x, const float* dy, float* d_mixing) const {
        const Strip s = strip(task);
        Scratch& scratch = buffers();
        RowBuffers rows(scratch, width_);
        const float* n = normalised(scratch, s, 1, x + image(task), true);
        for (int g = 0; g < C / kGroup; ++g)
            forward_group<C>(group(kGroups16 + g), s, n, rows, [&](long r, const float* e) {
                product(C, kGroup, width_, dy + image(task) + r * width_ * C, 1, C, e, kGroup,
                        d_mixing + g * kGroup, C, true);
            });
    }

    void attention_backward(long task, const float* x, const float* mixing, const float* turn,
                            const float* dy, float* dx, const Parts& parts) const {
        const Strip s = strip(task);
        Scratch& scratch = buffers();
        RowBuffers rows(scratch, width_);
        float* dn = scratch.take((s.last - s.first) * width_ * C);
        const float* n = normalised(scratch, s, 2, x + image(task), true);
        const long b = task / strips_;
        for (int g = 0; g < kAttentionGroups; ++g) {
            const bool values = g >= kGroups16;
            backward_group<C>(group(g), parts.group(g), s, n, dn, g == 0, !values, rows,
                              [&](long r, bool, const float* e, float* de) {
                                  if (values)
                                      product(width_, kGroup, C, dy + image(task) + r * width_ * C,
                                              C, 1, mixing + b * C * C + (g - kGroups16) * kGroup,
                                              C, de, kGroup, false);
                                  else
                                      product(width_, kGroup, kGroup, e, kGroup, 1,
                                              turn + (b * kGroups16 + g) * 1024, kGroup, de, kGroup,
                                              false);
                              });
        }
        const long offset = image(task) + s.first * width_ * C;
        layer_norm_backward<C>(dn, x + offset, dy + offset, (s.last - s.first) * width_,
                               w_.norm1_weight, dx + offset, parts.norm1_weight, parts.norm1_bias);
    }

    long batch_, height_, width_, strips_;
    BlockWeights w_;
    float* packed_;
    float* project_out_;
};

}  // namespace training
}  // namespace film
