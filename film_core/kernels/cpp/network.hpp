// The whole network's parameters, packed for the kernels.
#pragma once

#include <memory>

#include "block_weights.hpp"
#include "cross_attention.hpp"
#include "dense.hpp"
#include "gate.hpp"
#include "parameters.hpp"
#include "winograd.hpp"

namespace film {

constexpr int kStages = 3, kSources = 2;

// One source's half of a stage.
struct StageWeights {
  Buffer conv1;
  float slope1;
  BlockWeights<32> block;
  CrossAttentionWeights attention;
  GateWeights gate;

  // `inputs`: channels of convA1, 1 in the first stage and 32 later.
  StageWeights(ParameterReader& next, int inputs)
      : conv1(inputs == 1 ? packed_image_taps(next()) : packed_winograd(next())),
        slope1(*next()),
        block(next),
        attention(next),
        gate(attention.to_text_plain.data(), attention.to_text_bias.data(), next) {}
};

struct Network {
  int text_width;
  Buffer text_weight, text_bias;  // packed [text width][256]
  std::vector<StageWeights> stages[kSources];
  std::unique_ptr<BlockWeights<64>> joint1;
  Buffer conv1, conv1_bias;  // packed [64][32]
  std::unique_ptr<BlockWeights<32>> joint2, joint3;
  Buffer conv2;
  float conv2_bias;

  // tensors: 189 pointers in the order of parameters.py.
  Network(const float* const* tensors, int width) : text_width(width) {
    ParameterReader next(tensors);
    text_weight = transposed(next(), kTextWidth, text_width);
    text_bias = copied(next(), kTextWidth);
    for (int stage = 0; stage < kStages; stage++)
      for (int source = 0; source < kSources; source++)
        stages[source].emplace_back(next, stage == 0 ? 1 : 32);
    joint1.reset(new BlockWeights<64>(next));
    conv1 = transposed(next(), 32, 64);
    conv1_bias = copied(next(), 32);
    joint2.reset(new BlockWeights<32>(next));
    joint3.reset(new BlockWeights<32>(next));
    conv2 = copied(next(), 32);
    conv2_bias = *next();
  }
};

}  // namespace film
