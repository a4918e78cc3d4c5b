// What this machine can do at this minute: a bare multiply-add loop on all threads.
#pragma once

#include <chrono>

#include "simd.hpp"
#include "tiles.hpp"

namespace film {

// Multiply-adds in registers for about `seconds`; returns GFLOP/s of all threads together.
inline double measure_peak(double seconds) {
  typedef std::chrono::steady_clock Clock;
  constexpr int kChains = 12, kSteps = 20000;
  Control control;
  const int threads = control.threads();
  std::atomic<int64_t> rounds{0};
  std::atomic<float> sink{0};
  const Clock::time_point start = Clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
#pragma omp parallel num_threads(threads)
  {
    Floats factor = broadcast(0.999f), term = broadcast(0.001f);
    Floats a = factor, b = factor, c = factor, d = factor, e = factor, f = factor;
    Floats g = factor, h = factor, i = factor, j = factor, k = factor, l = factor;
    while (elapsed() < seconds) {
      for (int step = 0; step < kSteps; step++) {
        // Twelve independent chains cover the latency of two multiply-add units.
        a = a * factor + term, b = b * factor + term, c = c * factor + term;
        d = d * factor + term, e = e * factor + term, f = f * factor + term;
        g = g * factor + term, h = h * factor + term, i = i * factor + term;
        j = j * factor + term, k = k * factor + term, l = l * factor + term;
        // The compiler must neither merge the chains nor leave the loop out.
#if FILM_WIDTH >= 8 || defined(__SSE__)
        asm volatile("" : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f));
        asm volatile("" : "+v"(g), "+v"(h), "+v"(i), "+v"(j), "+v"(k), "+v"(l));
#elif defined(__aarch64__)
        asm volatile("" : "+w"(a), "+w"(b), "+w"(c), "+w"(d), "+w"(e), "+w"(f));
        asm volatile("" : "+w"(g), "+w"(h), "+w"(i), "+w"(j), "+w"(k), "+w"(l));
#endif
      }
      rounds++;
    }
    sink = sum(a + b + c + d + e + f + g + h + i + j + k + l);
  }
  return 2.0 * kWidth * kChains * kSteps * double(rounds) / elapsed() / 1e9;
}

}  // namespace film
