// The kernels as a plain program, for the sanitizers: no Python, no Jittor, random weights.
//
// Every mode at sizes that leave remainders everywhere; it checks that results are finite, lie in
// (0, 1), and that an edit from the kept state equals a whole pass bit by bit. See
// benchmarks/sanitize.sh.
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>

#include "entry.hpp"

namespace {

using film::kRuns;
using film::kTextHeads;
using film::kTextWidth;
using film::kTokens;

constexpr int kTextInputs = 48;

struct Weights {
  std::vector<std::vector<float>> values;
  std::vector<const float*> pointers;
  std::mt19937 draw{7};

  void add(int count, float scale, float middle = 0) {
    std::normal_distribution<float> normal(middle, scale);
    values.emplace_back(count);
    for (float& value : values.back()) value = normal(draw);
  }
  void block(int c) {
    add(c, 0.1f, 1), add(c, 0.1f), add(8, 0.1f, 1);
    add(3 * c * c, 0.2f), add(27 * c, 0.3f), add(c * c, 0.2f);
    add(c, 0.1f, 1), add(c, 0.1f);
    add(8 * c * c, 0.2f), add(72 * c, 0.3f), add(4 * c * c, 0.1f);
  }
  // In the order of film_core/kernels/parameters.py.
  Weights() {
    add(256 * kTextInputs, 0.1f), add(256, 0.1f);
    for (int stage = 0; stage < 3; stage++)
      for (int source = 0; source < 2; source++) {
        add(32 * (stage ? 32 : 1) * 9, 0.1f), add(1, 0.1f, 0.2f);
        block(32);
        add(1024, 0.2f), add(32, 0.1f);
        add(768 * 256, 0.06f), add(768, 0.1f), add(256 * 256, 0.06f), add(256, 0.1f);
        add(1024, 2.0f), add(32, 0.1f), add(1, 0.1f, 0.2f);
        add(2048, 0.1f), add(32, 0.1f), add(1, 0.1f, 0.2f);
      }
    block(64);
    add(2048, 0.1f), add(32, 0.1f);
    block(32), block(32);
    add(32, 0.1f), add(1, 0.1f);
    for (const auto& tensor : values) pointers.push_back(tensor.data());
  }
};

struct Maps {
  std::vector<std::vector<float>> values;
  film::MapTensors tensors[3][2];

  Maps(int batch, int rows) {
    for (auto& stage : tensors)
      for (auto& source : stage) {
        float* parts[4];
        const size_t sizes[4] = {size_t(kTextHeads) * kTokens, size_t(rows) * kTextHeads * kRuns,
                                 size_t(rows) * kTextHeads * kTokens, size_t(kTextWidth)};
        for (int i = 0; i < 4; i++) {
          values.emplace_back(size_t(batch) * sizes[i]);
          parts[i] = values.back().data();
        }
        source = {parts[0], parts[1], parts[2], parts[3]};
      }
  }
};

int failures = 0;

void expect(bool right, const char* what, int height, int width, int rows) {
  if (right) return;
  std::printf("WRONG at %d x %d, %d rows: %s\n", height, width, rows, what);
  failures++;
}

int beats = 0, reason = 0;
int cancel_at_second(double) { return ++beats >= 2; }

void check(const Weights& weights, int batch, int height, int width, int rows, int threads) {
  const size_t pixels = size_t(height) * width;
  std::mt19937 draw(height * 1000 + width);
  std::uniform_real_distribution<float> uniform(0, 1);
  std::vector<float> a(batch * pixels), b(a), text(size_t(batch) * rows * kTextInputs);
  for (auto* values : {&a, &b, &text})
    for (float& value : *values) value = uniform(draw);
  std::vector<float> fused(a.size(), -1), edited(a.size(), -2), filed(a.size(), -3);
  Maps maps(batch, rows);
  // Jittor's memory is aligned to 32 bytes, not to 64.
  constexpr size_t kOff = 8;
  film::Buffer features(2 * batch * pixels * 32 + kOff);
  film::Buffer grid(size_t(2) * batch * film::kGridPixels * 32 + kOff);
  film::Buffer keys(size_t(2) * batch * kTokens * kTextWidth + kOff);
  const film::StateTensors state{features.data() + kOff, grid.data() + kOff, keys.data() + kOff};
  film::Request request{film::kForward, threads, 0, 0, batch, height, width, rows, kTextInputs,
                        1, 1};
  const auto run = [&](film::Mode mode, std::vector<float>& result) {
    request.mode = mode;
    return film::run(request, weights.pointers.data(), a.data(), b.data(), text.data(), state,
                     result.data(), maps.tensors, &reason);
  };
  expect(run(film::kForward, fused) == film::kDone, "forward status", height, width, rows);
  expect(run(film::kPrepare, edited) == film::kDone, "prepare status", height, width, rows);
  expect(run(film::kEdit, edited) == film::kDone, "edit status", height, width, rows);
  request.folder = reinterpret_cast<int64_t>("/tmp");
  expect(run(film::kForward, filed) == film::kDone, "file status", height, width, rows);
  request.folder = reinterpret_cast<int64_t>("/absent");
  expect(run(film::kForward, filed) == film::kNoFile && reason == ENOENT, "absent folder", height,
         width, rows);
  request.folder = 0;
  for (size_t i = 0; i < fused.size(); i++) {
    expect(fused[i] > 0 && fused[i] < 1, "range", height, width, rows);
    if (failures > 5) return;
  }
  expect(fused == edited, "edit differs from the whole pass", height, width, rows);
  double total = 0;
  for (int n = 0; n < kTokens; n++) total += maps.tensors[2][1].mean[n];
  expect(std::fabs(total - 1) < 1e-4, "attention doesn't sum to 1", height, width, rows);
  std::printf("%4d x %-4d batch %d, %3d rows, %d threads: done\n", height, width, batch, rows,
              threads);
}

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // what is done shows at once
  const Weights weights;
  check(weights, 1, 1, 1, 1, 1);
  check(weights, 2, 17, 23, 13, 2);
  check(weights, 1, 65, 49, 3, 2);
  check(weights, 1, 66, 131, 25, 3);
  check(weights, 1, 288, 384, 2, 2);
  check(weights, 1, 16, 401, 12, 4);
  // Cancelling in the middle.
  std::vector<float> image(400 * 400, 0.5f), text(40 * kTextInputs, 0.1f), fused(image.size());
  Maps maps(1, 40);
  film::Request request{film::kForward, 2, reinterpret_cast<int64_t>(&cancel_at_second), 0, 1, 400,
                        400, 40, kTextInputs, 0, 0};
  const film::Status status = film::run(request, weights.pointers.data(), image.data(),
                                        image.data(), text.data(), {}, fused.data(), maps.tensors,
                                        &reason);
  expect(status == film::kCancelled, "cancelling", 400, 400, 40);
  std::printf(failures ? "FAILED\n" : "all right\n");
  return failures != 0;
}
