// From what the text tokens attend to, on average, to the gate of one image: the value and output
// projections and the division by the L1 norm.
#pragma once

#include <cmath>

#include "gate_weights.hpp"
#include "token_grid.hpp"
#include "vector.hpp"

namespace film {
namespace training {

inline float dot256(const float* a, const float* b) {
    Vec total = Vec{};
    for (int j = 0; j < kRun; j += kLanes) total += load(a + j) * load(b + j);
    return sum(total);
}

class GateProjection {
  public:
    // pooled: the mean over the text tokens of the runs that they attend to, (8, 256).
    GateProjection(const GateWeights& weights, const float* pooled) : w_(weights), pooled_(pooled) {
        const float *value_weight = w_.in_weight + kValueRows * kRun,
                    *value_bias = w_.in_bias + kValueRows;
        for (int e = 0; e < kWidth256; ++e)
            values_[e] =
                dot256(value_weight + e * kRun, pooled + e / kHeadWidth * kRun) + value_bias[e];
        float total = 0;
        for (int o = 0; o < kWidth256; ++o) {
            result_[o] = dot256(w_.out_weight + o * kWidth256, values_) + w_.out_bias[o];
            total += std::fabs(result_[o]);
        }
        floored_ = total < 1e-12f;
        inverse_ = 1.0f / (floored_ ? 1e-12f : total);
    }

    void forward(float* gate) const {
        for (int i = 0; i < kRun; ++i) gate[i] = result_[i] * inverse_;
    }

    // d_gate (256) -> gradients of the value and output projections and of `pooled`, all added to.
    void backward(const float* d_gate, const GateGradients& d, float* d_pooled) const {
        float along = 0, d_result[kWidth256], d_values[kWidth256] = {};
        for (int o = 0; o < kWidth256; ++o) along += d_gate[o] * result_[o] * inverse_;
        if (floored_) along = 0;
        for (int o = 0; o < kWidth256; ++o) {
            const float sign = result_[o] > 0 ? 1.0f : result_[o] < 0 ? -1.0f : 0.0f;
            d_result[o] = (d_gate[o] - sign * along) * inverse_;
            d.out_bias[o] += d_result[o];
            for (int e = 0; e < kWidth256; ++e) {
                d.out_weight[o * kWidth256 + e] += d_result[o] * values_[e];
                d_values[e] += d_result[o] * w_.out_weight[o * kWidth256 + e];
            }
        }
        for (int e = 0; e < kWidth256; ++e) {
            d.in_bias[kValueRows + e] += d_values[e];
            const float* weight = w_.in_weight + (kValueRows + e) * kRun;
            float* d_weight = d.in_weight + (kValueRows + e) * kRun;
            const int h = e / kHeadWidth;
            for (int j = 0; j < kRun; ++j) {
                d_weight[j] += d_values[e] * pooled_[h * kRun + j];
                d_pooled[h * kRun + j] += d_values[e] * weight[j];
            }
        }
    }

  private:
    static constexpr int kValueRows = 2 * kWidth256;  // after the query's and the key's
    GateWeights w_;
    const float* pooled_;
    float values_[kWidth256], result_[kWidth256], inverse_;
    bool floored_;
};

}  // namespace training
}  // namespace film
