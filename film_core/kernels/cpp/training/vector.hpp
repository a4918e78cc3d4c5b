// Vectors at any address, and the activations with their derivatives.
#pragma once

#include "../simd.hpp"

namespace film {
namespace training {

constexpr int kLanes = kWidth;
typedef Floats Vec;
typedef Ints IntVec;

// Rows of an image need not start on a vector boundary; film::load and film::store take any address.
FILM_INLINE Vec splat(float s) { return broadcast(s); }

// exp(x), relative error at most 8e-8 within -87..87, 5e-6 where the processor has no fused
// multiply-add (tests/kernels/test_activations.py measures it): 2^n by the exponent bits, the rest
// by a polynomial (Cephes). Arguments below -87 give a number so small that it adds nothing.
FILM_INLINE Vec exponential(Vec x) {
    x = minimum(maximum(x, splat(-87.0f)), splat(88.0f));
    const Vec magic = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
    Vec n = x * 1.44269504088896341f + magic;
    const IntVec bits = (IntVec)n;
    // -Ofast may not simplify (x + magic) - magic: it goes through the integer instead.
    const IntVec whole = bits - 0x4B400000;
    n = __builtin_convertvector(whole, Vec);
    // ln 2 in two parts, the first exact times n; as expressions -Ofast would merge them again.
    Vec r = multiply_add(n, splat(-0.693359375f), x);
    r = multiply_add(n, splat(2.12194440e-4f), r);
    Vec p = splat(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    return p * (Vec)((whole + 127) << 23);
}

// GELU(x) = x Phi(x) and its derivative Phi(x) + x phi(x); both need exp(-x^2/2), so that one
// exponential serves both. erf: Abramowitz and Stegun 7.1.26, error 1.5e-7.
FILM_INLINE void gelu(Vec x, Vec& value, Vec& slope) {
    const Vec magnitude = maximum(x, -x);
    const Vec bell = exponential(x * x * -0.5f);
    const Vec t = 1.0f / (magnitude * 0.23164188836f + 1.0f);  // p / sqrt(2), p = 0.3275911
    Vec p = splat(1.061405429f);
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    const Vec tail = p * t * bell * 0.5f;  // 1 - Phi(|x|)
    const Vec below = x > 0.0f ? 1.0f - tail : tail;
    value = x * below;
    slope = below + x * bell * 0.39894228040143268f;
}

}  // namespace training
}  // namespace film
