// The parameters of one Restormer block, packed the way its kernels read them.
#pragma once

#include "memory.hpp"
#include "parameters.hpp"

namespace film {

constexpr int kHeads = 8;
constexpr int kGroup = 16;  // channels that go through a ring of rows together

// Packed weights of a block of kChannels channels.
//
// "Paired" tensors interleave two sets of channels by groups of 16, so that q meets its k, and the
// first half of the hidden channels its gate, in neighbouring vectors: group g holds channels
// 16 g .. 16 g + 15 of the first set, then those of the second.
template <int kChannels>
struct BlockWeights {
  static constexpr int kHidden = 4 * kChannels;

  Buffer norm1_scale, norm1_shift, norm2_scale, norm2_shift;
  Buffer temperature;        // [8]
  Buffer query_key;          // [channels / 16][in][16 of q, 16 of k]
  Buffer query_key_taps;     // [channels / 16][9][16 of q, 16 of k]
  Buffer value;              // [in][out]
  Buffer value_taps;         // [9][channels]
  Buffer project_out;        // [out][in], as it is
  Buffer feed_in;            // [hidden / 16][in][16, 16 of the gate]
  Buffer feed_taps;          // [hidden / 16][9][16, 16]
  Buffer feed_out;           // [hidden / 16][16][out]

  explicit BlockWeights(ParameterReader& next)
      : norm1_scale(copied(next(), kChannels)),
        norm1_shift(copied(next(), kChannels)),
        norm2_scale(),
        temperature(copied(next(), kHeads)) {
    const float* qkv = next();
    query_key = paired(qkv, kChannels, kChannels);
    value = transposed(qkv + 2 * kChannels * kChannels, kChannels, kChannels);
    const float* taps = next();
    query_key_taps = paired(taps, kChannels, 9);
    value_taps = transposed(taps + 2 * kChannels * 9, kChannels, 9);
    project_out = copied(next(), kChannels * kChannels);
    norm2_scale = copied(next(), kChannels);
    norm2_shift = copied(next(), kChannels);
    feed_in = paired(next(), kHidden, kChannels);
    feed_taps = paired(next(), kHidden, 9);
    feed_out = transposed(next(), kChannels, kHidden);
  }

 private:
  // `weights` is [2 * half][inputs]: rows c and half + c meet in group c / 16.
  static Buffer paired(const float* weights, int half, int inputs) {
    Buffer packed(size_t(2) * half * inputs);
    for (int c = 0; c < half; c++)
      for (int k = 0; k < inputs; k++) {
        float* group = packed.data() + (size_t(c / kGroup) * inputs + k) * 2 * kGroup;
        group[c % kGroup] = weights[size_t(c) * inputs + k];
        group[kGroup + c % kGroup] = weights[size_t(half + c) * inputs + k];
      }
    return packed;
  }
};

}  // namespace film
