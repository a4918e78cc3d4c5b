// The network's 189 tensors, in the order in which film_core/kernels/parameters.py lists them.
#pragma once

#include <cstring>

#include "memory.hpp"

namespace film {

// Hands out the tensors one after the other; whoever packs them knows their shapes.
class ParameterReader {
 public:
  explicit ParameterReader(const float* const* tensors) : tensors_(tensors) {}
  const float* operator()() { return tensors_[next_++]; }

 private:
  const float* const* tensors_;
  int next_ = 0;
};

inline Buffer copied(const float* values, size_t count) {
  Buffer copy(count);
  std::memcpy(copy.data(), values, count * sizeof(float));
  return copy;
}

// [rows][columns] -> [columns][rows]: a 1x1 convolution's weight as multiply_row reads it.
inline Buffer transposed(const float* matrix, int rows, int columns) {
  Buffer result(size_t(rows) * columns);
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < columns; c++)
      result[size_t(c) * rows + r] = matrix[size_t(r) * columns + c];
  return result;
}

}  // namespace film
