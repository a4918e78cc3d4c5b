// Runs every training kernel on odd sizes and prints a fingerprint of each result, for comparing
// instruction sets and for the sanitizers:
//
//   g++ -std=c++14 -O1 -g -fsanitize=address,undefined -fopenmp -march=native
//       -I film_core/kernels/cpp/training tests/kernels/cpp/backward_driver.cpp -o driver && ./driver
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "convolution.hpp"
#include "gated_output.hpp"
#include "restormer_block.hpp"
#include "text_gate.hpp"

using namespace film::training;

namespace {

uint32_t state = 1;

// Uniform in [-scale, scale], the same on every machine. Exactly as long as asked for, so that
// reading past the end is seen.
std::vector<float> draw(long count, float scale) {
    std::vector<float> values(count);
    for (float& value : values) {
        state = state * 1664525u + 1013904223u;
        value = scale * (static_cast<float>(state >> 8) / 8388608.0f - 1.0f);
    }
    return values;
}

void print(const char* name, const std::vector<float>& values) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < values.size(); ++i) {
        sum += values[i] * std::cos(0.37 * static_cast<double>(i));
        squares += static_cast<double>(values[i]) * values[i];
    }
    std::printf("%s %.9g %.9g\n", name, sum, std::sqrt(squares));
}

// Weights (drawn) and gradients of the same sizes, seen through a struct of pointers.
struct Tensors {
    std::vector<std::vector<float>> values, gradients;
    Tensors(const std::vector<long>& sizes, const std::vector<float>& scales) {
        for (size_t i = 0; i < sizes.size(); ++i) {
            values.push_back(draw(sizes[i], scales[i]));
            gradients.emplace_back(sizes[i]);
        }
    }
    template <class Pointers>
    Pointers weights() const {
        Pointers all;
        for (size_t i = 0; i < values.size(); ++i)
            reinterpret_cast<const float**>(&all)[i] = values[i].data();
        return all;
    }
    template <class Pointers>
    Pointers outputs() {
        Pointers all;
        for (size_t i = 0; i < gradients.size(); ++i)
            reinterpret_cast<float**>(&all)[i] = gradients[i].data();
        return all;
    }
    void print_all(const char* name) const {
        for (const auto& gradient : gradients) print(name, gradient);
    }
};

template <int C>
void block(long batch, long height, long width) {
    const long size = batch * height * width * C;
    Tensors t({C, C, 8, 3 * C * C, 27 * C, C * C, C, C, 8 * C * C, 72 * C, 4 * C * C},
              {1, 1, 3, .3f, .5f, .3f, 1, 1, .3f, .5f, .2f});
    const std::vector<float> x = draw(size, 2), dz = draw(size, 1);
    std::vector<float> middle(size), out(size), dx(size), sums(batch * block_sums(C));
    RestormerBlock<C> kernel(batch, height, width, t.weights<BlockWeights>());
    kernel.forward(x.data(), middle.data(), sums.data(), out.data());
    kernel.backward(x.data(), middle.data(), sums.data(), dz.data(), dx.data(),
                    t.outputs<BlockGradients>());
    print("block out", out);
    print("block dx", dx);
    t.print_all("block dw");
}

void gate(long batch, long height, long width, long tokens) {
    Tensors t({1024, 32, 768 * 256, 768, 65536, 256}, {.3f, .3f, .1f, .1f, .1f, .1f});
    const long size = batch * height * width * 32;
    const std::vector<float> features = draw(size, 2), text = draw(batch * tokens * 256, 1),
                             d_gate = draw(batch * 256, 1);
    std::vector<float> result(batch * 256), kept(batch * TextGate::kept(tokens)), d_features(size),
        d_text(text.size());
    TextGate kernel(batch, height, width, tokens, t.weights<GateWeights>());
    kernel.forward(features.data(), text.data(), result.data(), kept.data());
    kernel.backward(features.data(), text.data(), kept.data(), d_gate.data(), d_features.data(),
                    d_text.data(), t.outputs<GateGradients>());
    print("gate", result);
    print("gate d_features", d_features);
    print("gate d_text", d_text);
    t.print_all("gate dw");
}

void convolution(long batch, long height, long width, int in) {
    Tensors t({32 * 9 * in, 1}, {.3f, .5f});
    const std::vector<float> x = draw(batch * height * width * in, 1),
                             d = draw(batch * height * width * 32, 1);
    std::vector<float> out(d.size()), dx(x.size());
    const Convolution3x3 kernel(batch, height, width, in, t.values[0].data(), t.values[1].data());
    kernel.forward(x.data(), out.data());
    kernel.backward(x.data(), d.data(), dx.data(), t.gradients[0].data(), t.gradients[1].data());
    print("convolution", out);
    print("convolution dx", dx);
    t.print_all("convolution dw");
}

void output(long batch, long height, long width) {
    Tensors t({1024, 32, 1024, 32, 1, 2048, 32, 1}, {.3f, .3f, .3f, .3f, .5f, .3f, .3f, .5f});
    const long size = batch * height * width * 32;
    const std::vector<float> features = draw(size, 1), gates = draw(batch * 256, 1),
                             d = draw(size, 1);
    std::vector<float> out(size), d_features(size), d_gate(batch * 256);
    const GatedOutput kernel(batch, height, width, t.weights<OutputWeights>());
    kernel.forward(features.data(), gates.data(), out.data());
    kernel.backward(features.data(), gates.data(), d.data(), d_features.data(), d_gate.data(),
                    t.outputs<OutputGradients>());
    print("output", out);
    print("output d_features", d_features);
    print("output d_gate", d_gate);
    t.print_all("output dw");
}

}  // namespace

int main() {
    block<32>(1, 1, 1);
    block<32>(2, 26, 47);
    block<64>(1, 25, 89);
    gate(2, 7, 13, 3);
    gate(1, 40, 401, 17);
    convolution(1, 1, 1, 1);
    convolution(2, 27, 5, 1);
    convolution(2, 26, 19, 32);
    output(1, 1, 1);
    output(2, 19, 33);
    output(1, 40, 401);
}
