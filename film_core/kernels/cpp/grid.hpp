// The 288 x 384 grid on which text and image meet, and the nearest maps to and from it.
#pragma once

#include <cstdint>
#include <vector>

namespace film {

constexpr int kGridHeight = 288, kGridWidth = 384;
constexpr int kGridPixels = kGridHeight * kGridWidth;
constexpr int kTokenLength = 256;                      // consecutive pixels of one channel
constexpr int kRuns = kGridPixels / kTokenLength;      // 432
constexpr int kTokens = 32 * kRuns;                    // 13824

// PyTorch's rule for `nearest`: floor(index * ratio), ratio = source / destination in float32.
// The volatile variables keep -Ofast from rounding another way.
inline int nearest_index(int index, int source, int destination) {
  volatile float numerator = float(source), denominator = float(destination);
  volatile float ratio = numerator / denominator;
  volatile float position = float(index) * ratio;
  const int found = int(position);
  return found < source ? found : source - 1;
}

class Grid {
 public:
  Grid(int height, int width)
      : identity_(height == kGridHeight && width == kGridWidth),
        down_rows_(table(kGridHeight, height)),
        down_columns_(table(kGridWidth, width)),
        up_rows_(table(height, kGridHeight)),
        up_columns_(table(width, kGridWidth)) {}

  bool identity() const { return identity_; }
  // The image row or column that a grid row or column shows.
  int down_row(int row) const { return down_rows_[row]; }
  int down_column(int column) const { return down_columns_[column]; }
  // The grid row or column whose value an image row or column takes.
  int up_row(int row) const { return up_rows_[row]; }
  int up_column(int column) const { return up_columns_[column]; }

 private:
  static std::vector<int> table(int destination, int source) {
    std::vector<int> indices(destination);
    for (int i = 0; i < destination; i++) indices[i] = nearest_index(i, source, destination);
    return indices;
  }
  bool identity_;
  std::vector<int> down_rows_, down_columns_, up_rows_, up_columns_;
};

}  // namespace film
