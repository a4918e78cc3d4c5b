// Small matrix products, the work horse of every pass: C (M x N) = A (M x K) * B (K x N).
//
// B and C are row-major with N contiguous; A is read one number at a time and broadcast, so its
// two strides are free: `a_row` between rows of the product, `a_k` along the summed index. That
// makes "A times B" and "A transposed times B" the same code, and overlapping rows (the taps of
// a 3x3 convolution along a channels-last row) cost no copy.
// A tile of some rows x 1..4 vectors stays in registers over the whole sum.
#pragma once

#include "vector.hpp"

namespace film {
namespace training {

// Rows of a tile of 1, 2, 3 or 4 vectors: the more of both, the fewer loads for a multiply-add.
#if FILM_WIDTH == 16
constexpr int kTileRows[] = {0, 16, 12, 8, 6};
constexpr int kTileVectors = 4;
#else
constexpr int kTileRows[] = {0, 8, 4};  // sixteen registers
constexpr int kTileVectors = 2;
#endif

template <int Rows, int Vectors>
inline void product_tile(long K, const float* a, long a_row, long a_k, const float* b, long ldb,
                         float* c, long ldc, bool add) {
    Vec acc[Rows][Vectors];
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < Vectors; ++j) acc[i][j] = Vec{};
    for (long k = 0; k < K; ++k) {
        Vec row[Vectors];
#pragma GCC unroll 4
        for (int j = 0; j < Vectors; ++j) row[j] = load(b + j * kLanes);
#pragma GCC unroll 16
        for (int i = 0; i < Rows; ++i) {
            const Vec s = splat(a[i * a_row]);
#pragma GCC unroll 4
            for (int j = 0; j < Vectors; ++j) acc[i][j] += s * row[j];
        }
        a += a_k;
        b += ldb;
    }
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < Vectors; ++j) {
            float* at = c + i * ldc + j * kLanes;
            store(at, add ? load(at) + acc[i][j] : acc[i][j]);
        }
}

template <int Vectors>
inline void product_columns(long M, long K, const float* a, long a_row, long a_k, const float* b,
                            long ldb, float* c, long ldc, bool add) {
    constexpr int kRows = kTileRows[Vectors];
    long m = 0;
    // Strides known to the compiler turn the address arithmetic into constants.
    if (a_row == 1) {
        for (; m + kRows <= M; m += kRows)
            product_tile<kRows, Vectors>(K, a + m, 1, a_k, b, ldb, c + m * ldc, ldc, add);
    } else if (a_row == 32 && a_k == 1) {
        for (; m + kRows <= M; m += kRows)
            product_tile<kRows, Vectors>(K, a + m * 32, 32, 1, b, ldb, c + m * ldc, ldc, add);
    } else if (a_row == 64 && a_k == 1) {
        for (; m + kRows <= M; m += kRows)
            product_tile<kRows, Vectors>(K, a + m * 64, 64, 1, b, ldb, c + m * ldc, ldc, add);
    } else {
        for (; m + kRows <= M; m += kRows)
            product_tile<kRows, Vectors>(K, a + m * a_row, a_row, a_k, b, ldb, c + m * ldc, ldc, add);
    }
    if (kRows > 8)
        for (; m + 8 <= M; m += 8)
            product_tile<8, Vectors>(K, a + m * a_row, a_row, a_k, b, ldb, c + m * ldc, ldc, add);
    for (; m + 4 <= M; m += 4)
        product_tile<4, Vectors>(K, a + m * a_row, a_row, a_k, b, ldb, c + m * ldc, ldc, add);
    for (; m < M; ++m)
        product_tile<1, Vectors>(K, a + m * a_row, a_row, a_k, b, ldb, c + m * ldc, ldc, add);
}

// C = A B, or C += A B where `add`.
inline void product(long M, long N, long K, const float* a, long a_row, long a_k, const float* b,
                    long ldb, float* c, long ldc, bool add) {
    long n = 0;
    while (N - n >= kLanes) {
        const long vectors = (N - n) / kLanes;
        const bool three = vectors == 3 || vectors == 5 || vectors == 6;
        if (kTileVectors == 4 && three) {
            product_columns<kTileVectors - 1>(M, K, a, a_row, a_k, b + n, ldb, c + n, ldc, add);
            n += 3 * kLanes;
        } else if (kTileVectors == 4 && vectors >= 4) {
            product_columns<kTileVectors>(M, K, a, a_row, a_k, b + n, ldb, c + n, ldc, add);
            n += 4 * kLanes;
        } else if (vectors >= 2) {
            product_columns<2>(M, K, a, a_row, a_k, b + n, ldb, c + n, ldc, add);
            n += 2 * kLanes;
        } else {
            product_columns<1>(M, K, a, a_row, a_k, b + n, ldb, c + n, ldc, add);
            n += kLanes;
        }
    }
    for (; n < N; ++n)  // fewer columns than a vector has lanes
        for (long m = 0; m < M; ++m) {
            float total = add ? c[m * ldc + n] : 0.0f;
            for (long k = 0; k < K; ++k) total += a[m * a_row + k * a_k] * b[k * ldb + n];
            c[m * ldc + n] = total;
        }
}

}  // namespace training
}  // namespace film
