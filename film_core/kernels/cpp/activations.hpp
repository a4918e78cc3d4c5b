// exp and the exact (erf) GELU for whole vectors, without a branch.
#pragma once

#include "simd.hpp"

namespace film {

// e^x for x <= 0, relative error at most 4e-7 + 2e-8 |x| (1e-6 + 6e-8 |x| where the processor has
// no fused multiply-add); below -87 it stays at 1.6e-38.
FILM_INLINE Floats exp_negative(Floats x) {
  const Floats factor = broadcast(1.44269504f);
  x = maximum(x, broadcast(-87.0f));
  const Ints whole = nearest(x * factor);
  const Floats part = multiply_add(x, factor, -to_floats(whole));  // within -0.5..0.5, rounded once
  Floats power = broadcast(0.00134004322f);
  power = power * part + broadcast(0.00967603710f);
  power = power * part + broadcast(0.0555032721f);
  power = power * part + broadcast(0.240221074f);
  power = power * part + broadcast(0.693147207f);
  power = power * part + broadcast(1.00000008f);
  return from_bits(bits(power) + (whole << 23));  // times 2^whole: added to the exponent
}

#if FILM_WIDTH == 8

// GELU(x) = x/2 + x erf(x / sqrt 2) / 2, half of the error function as m P(m^2) / Q(m^2) of m, x held
// within +-5.35, where that is exactly 1/2 and stays there. With vectors of eight it costs half of
// what the table below does, as a lookup takes two permutes and a blend there. Largest absolute
// error 4.5e-7 for |x| < 3, 1e-6 to 12 (a weighted rational fit in float64;
// tests/kernels/test_activations.py measures it).
constexpr float kGeluEnd = 5.35f;

FILM_INLINE Floats gelu(Floats x) {
  const Floats m = maximum(minimum(x, broadcast(kGeluEnd)), broadcast(-kGeluEnd));
  const Floats square = m * m;
  Floats p = broadcast(2.72044218e-08f);
  p = multiply_add(p, square, broadcast(6.08174969e-06f));
  p = multiply_add(p, square, broadcast(0.000119433207f));
  p = multiply_add(p, square, broadcast(0.00438435562f));
  p = multiply_add(p, square, broadcast(0.0289514903f));
  p = multiply_add(p, square, broadcast(0.398942709f));
  Floats q = broadcast(1.30638875e-06f);
  q = multiply_add(q, square, broadcast(5.80700216e-05f));
  q = multiply_add(q, square, broadcast(0.00160773634f));
  q = multiply_add(q, square, broadcast(0.0258580837f));
  q = multiply_add(q, square, broadcast(0.239241421f));
  q = multiply_add(q, square, broadcast(1.0f));
  return multiply_add(x, quotient(m * p, q), x * broadcast(0.5f));
}

#else

// GELU(x) = x/2 + e(|x|), e(a) = a/2 erf(a / sqrt 2): 16 polynomials of degree 4, one for each
// 0.36 of a; the last is a/2 itself. Largest absolute error 4e-7 (a Chebyshev fit in float64;
// tests/kernels/test_activations.py measures it).
constexpr float kGeluStep = 0.36f;
alignas(64) static const float kGeluTable[5][16] = {
    {
      0.0f, 0.0506077856f, 0.190251231f, 0.388723284f, 0.612095416f, 0.835325301f, 1.04676545f,
      1.24521327f, 1.43427348f, 1.61806369f, 1.79942727f, 1.9798516f, 2.15996623f, 2.33999324f,
      2.51999879f, 2.70000005f
    },
    {
      -5.38866061e-06f, 0.0990530029f, 0.174908772f, 0.216138139f, 0.226359785f, 0.218230098f,
      0.204563156f, 0.193012118f, 0.185822919f, 0.182229087f, 0.18073535f, 0.180210024f,
      0.180052087f, 0.180011243f, 0.180002123f, 0.180000007f
    },
    {
      0.0517434366f, 0.0454244725f, 0.0296514947f, 0.012060591f, -0.000698084128f, -0.00638626562f,
      -0.0067166416f, -0.00471096998f, -0.00257188384f, -0.00115016336f, -0.000431398628f,
      -0.00013748245f, -3.75258351e-05f, -8.81915093e-06f, -1.79121912e-06f, 0.0f
    },
    {
      -0.000101205893f, -0.00434306264f, -0.00627330877f, -0.00540093891f, -0.00299122371f,
      -0.000721189484f, 0.000521289534f, 0.000802394119f, 0.000606169982f, 0.000332099298f,
      0.000144382764f, 5.1672454e-05f, 1.55149755e-05f, 3.95280085e-06f, 8.60842704e-07f, 0.0f
    },
    {
      -0.00102957012f, -0.000491467537f, 0.00018480522f, 0.000574318343f, 0.0005596134f,
      0.000317660713f, 8.01193601e-05f, -4.33033492e-05f, -6.70627269e-05f, -4.74538283e-05f,
      -2.39626916e-05f, -9.5209316e-06f, -3.09619986e-06f, -8.4113708e-07f, -1.9324149e-07f, 0.0f
    }};

FILM_INLINE Floats gelu(Floats x) {
  const Floats position = absolute(x) * broadcast(1.0f / kGeluStep);
  const Ints segment = truncate(minimum(position, broadcast(15.0f)));
  const Floats part = position - to_floats(segment);
  Floats even = lookup16(kGeluTable[4], segment);
  even = even * part + lookup16(kGeluTable[3], segment);
  even = even * part + lookup16(kGeluTable[2], segment);
  even = even * part + lookup16(kGeluTable[1], segment);
  even = even * part + lookup16(kGeluTable[0], segment);
  return x * broadcast(0.5f) + even;
}

#endif

// PReLU with one slope for all channels.
FILM_INLINE Floats prelu(Floats x, Floats slope) {
  return maximum(x, zeros()) + slope * minimum(x, zeros());
}

}  // namespace film
