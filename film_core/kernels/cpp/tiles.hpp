// Cutting an image into tiles, and running work items on all threads with a result that doesn't
// depend on how many there are.
//
// Rule for every kernel here: an item writes only its own output (a tile of pixels, or its own
// partial sum), and partial sums are added afterwards in the order of the items. Then the result is
// the same to the last bit for any number of threads and any schedule.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>

#include "subnormals.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace film {

// Rows y0..y1-1 and columns x0..x1-1 of image number `image`.
struct Tile {
  int image, y0, y1, x0, x1;
  int height() const { return y1 - y0; }
  int width() const { return x1 - x0; }
};

// Tiles of nearly equal size, at most tile_height x tile_width, row after row of tiles.
class TileGrid {
 public:
  TileGrid(int images, int height, int width, int tile_height, int tile_width)
      : images_(images),
        height_(height),
        width_(width),
        rows_((height + tile_height - 1) / tile_height),
        columns_((width + tile_width - 1) / tile_width) {}

  int64_t count() const { return int64_t(images_) * rows_ * columns_; }

  Tile operator[](int64_t index) const {
    const int column = int(index % columns_);
    const int row = int(index / columns_ % rows_);
    return {int(index / columns_ / rows_), edge(row, rows_, height_),
            edge(row + 1, rows_, height_), edge(column, columns_, width_),
            edge(column + 1, columns_, width_)};
  }

 private:
  static int edge(int i, int n, int length) { return int(int64_t(length) * i / n); }
  int images_, height_, width_, rows_, columns_;
};

// Called about ten times a second with the part done (0..1); a return value other than 0 cancels.
typedef int (*Heartbeat)(double done);

// Who is told about progress, who may cancel, and how many threads work.
class Control {
 public:
  explicit Control(int threads = 0, Heartbeat heartbeat = nullptr)
      : heartbeat_(heartbeat), last_(Clock::now()) {
#ifdef _OPENMP
    threads_ = threads > 0 ? threads : omp_get_max_threads();
#else
    threads_ = 1;
#endif
  }

  int threads() const { return threads_; }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  // The work that remains is counted in any unit the caller likes.
  void expect(double work) { expected_ = work; }
  void advance(double work) {
    double seen = done_.load(std::memory_order_relaxed);
    while (!done_.compare_exchange_weak(seen, seen + work, std::memory_order_relaxed)) {
    }
  }

  // Only for the thread that called the kernel: the callback may need its interpreter lock.
  void beat() {
    if (!heartbeat_) return;
    const Clock::time_point now = Clock::now();
    if (now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    const double done = expected_ > 0 ? done_.load() / expected_ : 0;
    if (heartbeat_(done < 1 ? done : 1)) cancelled_.store(true);
  }

 private:
  typedef std::chrono::steady_clock Clock;
  int threads_ = 1;
  Heartbeat heartbeat_;
  Clock::time_point last_;
  std::atomic<bool> cancelled_{false};
  std::atomic<double> done_{0};
  double expected_ = 0;
};

// Run body(item) for item = 0..count-1 on the threads of `control`, which is told that each item
// is `work` done. Every thread calls make() once for its scratch and hands it to its bodies:
// body(item, scratch). Stops early where cancelled. An exception of a body is thrown again here.
template <class Make, class Body>
void parallel_items(Control& control, int64_t count, double work, Make make, Body body) {
  std::exception_ptr failure;
  std::mutex failure_lock;
  std::atomic<int64_t> next{0};
  std::atomic<bool> stop{false};
#pragma omp parallel num_threads(control.threads()) if (count > 1)
  {
    const NoSubnormals flushed;
#ifdef _OPENMP
    const bool caller = omp_get_thread_num() == 0;
#else
    const bool caller = true;
#endif
    try {
      auto scratch = make();
      while (!stop && !control.cancelled()) {
        const int64_t item = next++;
        if (item >= count) break;
        body(item, scratch);
        control.advance(work);
        if (caller) control.beat();
      }
    } catch (...) {
      stop = true;
      std::lock_guard<std::mutex> guard(failure_lock);
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

// The same without scratch: body(item).
template <class Body>
void parallel_items(Control& control, int64_t count, double work, Body body) {
  parallel_items(control, count, work, [] { return 0; },
                 [&](int64_t item, int) { body(item); });
}

}  // namespace film
