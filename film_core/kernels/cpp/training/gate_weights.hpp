// The weights of a stage's text gate, as published, and where their gradients go.
#pragma once

namespace film {
namespace training {

struct GateWeights {
    const float *slab_weight, *slab_bias;  // (32, 32), (32): image features -> slab
    const float *in_weight, *in_bias;      // (768, 256), (768): query, key, value
    const float *out_weight, *out_bias;    // (256, 256), (256)
};

struct GateGradients {
    float *slab_weight, *slab_bias, *in_weight, *in_bias, *out_weight, *out_bias;
};

constexpr int kWidth256 = 256, kAttentionHeads = 8, kHeadWidth = 32;

}  // namespace training
}  // namespace film
