// Feature maps of one image in channels-last order, seen as rows of pixels.
#pragma once

#include "memory.hpp"
#include "simd.hpp"

namespace film {

constexpr int kSlabChannels = 32;

// kChannels channels of a height x width image, stored as kChannels / 32 slabs of 32 channels.
// The 64 channels of the first joint block are the slabs of source A and source B.
template <int kChannels>
struct Features {
  static constexpr int kSlabs = kChannels / kSlabChannels;
  const float* slab[kSlabs];
  int height, width;

  const float* pixel(int part, int y, int x) const {
    return slab[part] + (int64_t(y) * width + x) * kSlabChannels;
  }
};

// Copy pixels x0..x1-1 of row y into `to`, kChannels floats a pixel.
template <int kChannels>
inline void copy_pixels(const Features<kChannels>& from, int y, int x0, int x1, float* to) {
  for (int part = 0; part < Features<kChannels>::kSlabs; part++) {
    const float* pixel = from.pixel(part, y, x0);
    float* out = to + part * kSlabChannels;
    for (int x = x0; x < x1; x++, pixel += kSlabChannels, out += kChannels)
      for (int c = 0; c < kSlabChannels; c += kWidth) store(out + c, load(pixel + c));
  }
}

}  // namespace film
