// Aligned memory that frees itself: small per-thread scratch and image-sized slabs.
//
// A "slab" is a feature map in channels-last order: pixel after pixel, the channels of a pixel side
// by side. Slabs of ordinary images live in anonymous memory; those of very large images live in an
// unlinked temporary file (see slab.hpp), so that they need disk and not memory.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace film {

constexpr size_t kAlignment = 64;

// `count` floats aligned to 64 bytes, not initialised. Throws std::bad_alloc.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t count) : count_(count) {
    const size_t huge_page = size_t(1) << 21;
    size_t bytes = (count * sizeof(float) + kAlignment - 1) / kAlignment * kAlignment;
    if (bytes == 0) bytes = kAlignment;
    if (bytes / sizeof(float) < count) throw std::bad_alloc();
    void* address = nullptr;
    const bool large = bytes >= 2 * huge_page;
    if (posix_memalign(&address, large ? huge_page : kAlignment, bytes)) throw std::bad_alloc();
#if defined(__linux__)
    // First use of 4 KiB pages costs more than some kernels: ask for large ones (only a wish).
    if (large) madvise(address, bytes, MADV_HUGEPAGE);
#endif
    data_ = static_cast<float*>(address);
  }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { std::free(data_); }

  float* data() { return data_; }
  const float* data() const { return data_; }
  size_t size() const { return count_; }
  float& operator[](size_t index) { return data_[index]; }
  float operator[](size_t index) const { return data_[index]; }

 private:
  void swap(Buffer& other) {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
  }
  float* data_ = nullptr;
  size_t count_ = 0;
};

// Round a number of floats up to whole 64-byte lines.
inline size_t aligned(size_t count) { return (count + 15) / 16 * 16; }

}  // namespace film
