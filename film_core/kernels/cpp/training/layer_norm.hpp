// Layer normalisation over the C channels of each pixel (biased variance, eps 1e-5).
#pragma once

#include <cmath>

#include "vector.hpp"

namespace film {
namespace training {

template <int C>
FILM_INLINE void pixel_statistics(const float* x, float& mean, float& inverse) {
    Vec total = Vec{};
    for (int c = 0; c < C; c += kLanes) total += load(x + c);
    mean = sum(total) * (1.0f / C);
    Vec square = Vec{};
    for (int c = 0; c < C; c += kLanes) {
        const Vec centred = load(x + c) - mean;
        square += centred * centred;
    }
    inverse = 1.0f / std::sqrt(sum(square) * (1.0f / C) + 1e-5f);
}

template <int C>
inline void layer_norm(const float* x, long pixels, const float* weight, const float* bias,
                       float* out) {
    for (long p = 0; p < pixels; ++p, x += C, out += C) {
        float mean, inverse;
        pixel_statistics<C>(x, mean, inverse);
        for (int c = 0; c < C; c += kLanes)
            store(out + c, (load(x + c) - mean) * inverse * load(weight + c) + load(bias + c));
    }
}

// out = through + (gradient of x from the gradient `dn` of the normalised pixels);
// the gradients of weight and bias are added to theirs.
template <int C>
inline void layer_norm_backward(const float* dn, const float* x, const float* through, long pixels,
                                const float* weight, float* out, float* d_weight, float* d_bias) {
    constexpr int kVectors = C / kLanes;
    Vec dw[kVectors], db[kVectors];
    for (int v = 0; v < kVectors; ++v) dw[v] = db[v] = Vec{};
    for (long p = 0; p < pixels; ++p, dn += C, x += C, through += C, out += C) {
        float mean, inverse;
        pixel_statistics<C>(x, mean, inverse);
        Vec unit[kVectors], inner[kVectors], total = Vec{}, along = Vec{};
        for (int v = 0; v < kVectors; ++v) {
            const Vec d = load(dn + v * kLanes);
            unit[v] = (load(x + v * kLanes) - mean) * inverse;
            dw[v] += d * unit[v];
            db[v] += d;
            inner[v] = d * load(weight + v * kLanes);
            total += inner[v];
            along += inner[v] * unit[v];
        }
        const float mean_inner = sum(total) * (1.0f / C), mean_along = sum(along) * (1.0f / C);
        for (int v = 0; v < kVectors; ++v)
            store(out + v * kLanes, load(through + v * kLanes) +
                                        (inner[v] - mean_inner - unit[v] * mean_along) * inverse);
    }
    for (int v = 0; v < kVectors; ++v) {
        store(d_weight + v * kLanes, load(d_weight + v * kLanes) + dw[v]);
        store(d_bias + v * kLanes, load(d_bias + v * kLanes) + db[v]);
    }
}

}  // namespace training
}  // namespace film
