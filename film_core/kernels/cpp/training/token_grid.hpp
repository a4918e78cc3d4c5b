// The text tokens look at an image through 13824 runs of 256 values: 32 channels of a 288 x 384
// nearest resize, each read in rows. Two rows hold three runs, so there are three kinds:
//
//   kind 0: columns 0..255 of an even row        kind 2: columns 128..383 of an odd row
//   kind 1: columns 256..383 of an even row, then 0..127 of the odd row below
//
// A smaller image repeats values. Positions of a run that show the same pixel share one key weight
// (their sum), and runs that show the same pixels share one key with a multiplicity; both are
// exact. A 96 x 128 crop has 86 columns instead of 256 and 336 runs a channel instead of 432.
#pragma once

#include <vector>

#include "../grid.hpp"

namespace film {
namespace training {

constexpr int kRun = kTokenLength, kSlabChannels = 32;

struct RunKind {
    struct Run {
        int rows[2];         // image rows of the two halves
        float multiplicity;  // how many runs of a channel show the same
    };
    int split;                 // columns before it come from rows[0], the others from rows[1]
    std::vector<int> columns;  // image columns, in order of first appearance
    int padded;                // columns, rounded up to 16
    int position[kRun];        // value of the run -> index in `columns`
    std::vector<Run> runs;

    long tokens() const { return static_cast<long>(runs.size()) * kSlabChannels; }
};

struct TokenGrid {
    RunKind kinds[3];
    long first[3];  // first token of each kind
    long tokens;

    TokenGrid(int height, int width) {
        tokens = 0;
        for (int k = 0; k < 3; ++k) {
            RunKind& kind = kinds[k];
            kind.split = 0;
            for (int j = 0; j < kRun; ++j) {
                const int at = (k * kRun + j) % kGridWidth;
                const bool second = k == 1 && j >= kGridWidth - kRun;
                const int column = nearest_index(at, width, kGridWidth);
                const int begin = second ? kind.split : 0;
                const int size = static_cast<int>(kind.columns.size());
                // Columns never decrease within a half, so only the last one can repeat.
                if (size > begin && kind.columns[size - 1] == column) {
                    kind.position[j] = size - 1;
                } else {
                    kind.position[j] = size;
                    kind.columns.push_back(column);
                }
                if (!second) kind.split = static_cast<int>(kind.columns.size());
            }
            kind.padded = static_cast<int>(kind.columns.size() + 15) / 16 * 16;
            for (int pair = 0; pair < kGridHeight / 2; ++pair) {
                const int even = nearest_index(2 * pair, height, kGridHeight);
                const int odd = nearest_index(2 * pair + 1, height, kGridHeight);
                const int a = k == 2 ? odd : even, b = k == 0 ? even : odd;
                if (!kind.runs.empty() && kind.runs.back().rows[0] == a &&
                    kind.runs.back().rows[1] == b)
                    kind.runs.back().multiplicity += 1.0f;
                else
                    kind.runs.push_back({{a, b}, 1.0f});
            }
            first[k] = tokens;
            tokens += kind.tokens();
        }
    }
};

}  // namespace training
}  // namespace film
