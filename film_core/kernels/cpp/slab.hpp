// Feature maps as large as the image: in memory, or in an unlinked temporary file.
//
// 32 channels of 24 megapixels are 3 GB. A slab in a file is mapped, used like memory, and every so
// often its pages are handed back to the file, so that the process holds only a few of them. Pages
// that another thread still needs come back by themselves.
#pragma once

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "memory.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace film {

// The temporary folder has no room for a slab.
struct DiskFull : std::runtime_error {
  DiskFull() : std::runtime_error("no room for a temporary file") {}
};

// Where slabs come from: memory, or files in a folder whose mapped pages it limits.
class SlabStore {
 public:
  explicit SlabStore(const std::string& folder) : folder_(folder) {}
  bool in_files() const { return !folder_.empty(); }
  const std::string& folder() const { return folder_; }

  // A work item has touched so many bytes of slabs. Any thread; now and then it gives back the
  // pages of all files.
  void touched(double bytes) {
    if (!in_files()) return;
    double before = held_.load();
    while (!held_.compare_exchange_weak(before, before + bytes)) {
    }
    if (before + bytes < kHeldBytes) return;
    held_ = 0;
    for (const Mapping& mapping : mappings_) madvise(mapping.address, mapping.bytes, MADV_DONTNEED);
  }

 private:
  friend class Slab;
  struct Mapping {
    void* address;
    size_t bytes;
  };
  static constexpr double kHeldBytes = 256e6;

  std::string folder_;
  std::vector<Mapping> mappings_;  // changes only between passes, on the calling thread
  std::atomic<double> held_{0};
};

class Slab {
 public:
  Slab() = default;
  Slab(size_t count, SlabStore& store) : count_(count) {
    if (store.in_files()) {
      map_file(store);
    } else {
      buffer_ = Buffer(count);
      data_ = buffer_.data();
    }
  }
  Slab(Slab&& other) noexcept { swap(other); }
  Slab& operator=(Slab&& other) noexcept {
    Slab old(std::move(other));
    swap(old);
    return *this;
  }
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;
  ~Slab() {
    if (!store_) return;
    munmap(data_, count_ * sizeof(float));
    std::vector<SlabStore::Mapping>& mappings = store_->mappings_;
    for (size_t i = 0; i < mappings.size(); i++)
      if (mappings[i].address == data_) {
        mappings.erase(mappings.begin() + i);
        break;
      }
  }

  float* data() const { return data_; }

 private:
  void map_file(SlabStore& store) {
    const std::string path = store.folder() + "/film-features-XXXXXX";
    std::vector<char> name(path.begin(), path.end());
    name.push_back(0);
    const int file = mkstemp(name.data());
    if (file < 0) throw DiskFull();
    unlink(name.data());
    const off_t bytes = off_t(count_ * sizeof(float));
#if defined(__linux__)
    // Without room set aside a full disk would end the process at the first write.
    const bool room = posix_fallocate(file, 0, bytes) == 0;
#else
    const bool room = ftruncate(file, bytes) == 0;
#endif
    void* address =
        room ? mmap(nullptr, size_t(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
             : MAP_FAILED;
    close(file);
    if (address == MAP_FAILED) throw DiskFull();
    data_ = static_cast<float*>(address);
    store_ = &store;
    store.mappings_.push_back({address, size_t(bytes)});
  }
  void swap(Slab& other) {
    std::swap(buffer_, other.buffer_);
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    std::swap(store_, other.store_);
  }

  Buffer buffer_;
  float* data_ = nullptr;
  size_t count_ = 0;
  SlabStore* store_ = nullptr;  // of a file's mapping; null for memory
};

}  // namespace film
