// Aligned memory that frees itself: small per-thread scratch and image-sized slabs.
//
// A "slab" is a feature map in channels-last order: pixel after pixel, the channels of a pixel side
// by side. Slabs of ordinary images live in anonymous memory; those of very large images live in an
// unlinked temporary file (see slab.hpp), so that they need disk and not memory.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace film {

constexpr size_t kAlignment = 64;

// Large blocks that were freed, waiting for whoever next asks for as many bytes.
//
// The system takes freed pages back and hands out zeroed ones, a fault each; that was 4 % of a pass,
// and two threads wait for each other there. What has waited longest goes back to the system where
// too much would wait.
class FreeBlocks {
 public:
  static constexpr size_t kLeastBytes = size_t(1) << 17, kMostBytes = size_t(1) << 27;
  static constexpr size_t kMostBlocks = 64;

  static FreeBlocks& instance() {
    static FreeBlocks blocks;
    return blocks;
  }
  FreeBlocks() { blocks_.reserve(kMostBlocks); }  // so that giving back can't fail
  ~FreeBlocks() {
    for (const Block& block : blocks_) std::free(block.address);
  }

  // A block of exactly so many bytes, or null.
  void* take(size_t bytes) {
    if (bytes < kLeastBytes) return nullptr;
    std::lock_guard<std::mutex> guard(lock_);
    for (size_t i = blocks_.size(); i-- > 0;)
      if (blocks_[i].bytes == bytes) {
        void* address = blocks_[i].address;
        blocks_.erase(blocks_.begin() + std::ptrdiff_t(i));
        waiting_ -= bytes;
        return address;
      }
    return nullptr;
  }

  void give_back(void* address, size_t bytes) {
    if (bytes < kLeastBytes || bytes > kMostBytes) return std::free(address);
    std::lock_guard<std::mutex> guard(lock_);
    blocks_.push_back({address, bytes});
    waiting_ += bytes;
    while (waiting_ > kMostBytes || blocks_.size() == kMostBlocks) {
      std::free(blocks_.front().address);
      waiting_ -= blocks_.front().bytes;
      blocks_.erase(blocks_.begin());
    }
  }

 private:
  struct Block {
    void* address;
    size_t bytes;
  };
  std::mutex lock_;
  std::vector<Block> blocks_;
  size_t waiting_ = 0;
};

// `count` floats aligned to 64 bytes, not initialised. Throws std::bad_alloc.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t count) : count_(count) {
    const size_t huge_page = size_t(1) << 21;
    size_t bytes = (count * sizeof(float) + kAlignment - 1) / kAlignment * kAlignment;
    if (bytes == 0) bytes = kAlignment;
    if (bytes / sizeof(float) < count) throw std::bad_alloc();
    bytes_ = bytes;
    void* address = FreeBlocks::instance().take(bytes);
    if (address) {
      data_ = static_cast<float*>(address);
      return;
    }
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
  ~Buffer() {
    if (data_) FreeBlocks::instance().give_back(data_, bytes_);
  }

  float* data() { return data_; }
  const float* data() const { return data_; }
  size_t size() const { return count_; }
  float& operator[](size_t index) { return data_[index]; }
  float operator[](size_t index) const { return data_[index]; }

 private:
  void swap(Buffer& other) {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    std::swap(bytes_, other.bytes_);
  }
  float* data_ = nullptr;
  size_t count_ = 0, bytes_ = 0;
};

}  // namespace film
