// Feature maps as large as the image: in memory, or in an unlinked temporary file.
//
// 32 channels of 24 megapixels are 3 GB. A slab in a file is mapped, used like memory, and every so
// often its pages are handed back to the file, so that the process holds only a few of them. Pages
// that another thread still needs come back by themselves.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "memory.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace film {

// A temporary file can't be had; `reason` is the system's error number.
struct FileFailure : std::runtime_error {
  explicit FileFailure(int reason) : std::runtime_error("no temporary file"), reason(reason) {}
  int reason;
};

// Where slabs come from: memory, or files in a folder whose mapped pages it limits. All slabs of a
// store have the same size, and one that is finished with serves the next who asks.
class SlabStore {
 public:
  explicit SlabStore(const std::string& folder) : folder_(folder) {}
  SlabStore(const SlabStore&) = delete;
  SlabStore& operator=(const SlabStore&) = delete;
  ~SlabStore() {
#if defined(__unix__) || defined(__APPLE__)
    if (files_.empty()) return;
    // Forgetting gigabytes can wait for the disk. Nobody else has to, unless there is no thread.
    try {
      std::thread(forget, files_).detach();
    } catch (...) {
      forget(files_);
    }
#endif
  }

  bool in_files() const { return !folder_.empty(); }

  // A work item has touched so many bytes of slabs. Any thread; now and then it gives back the
  // pages of all files.
  void touched(double bytes) {
    if (!in_files()) return;
    double before = held_.load();
    while (!held_.compare_exchange_weak(before, before + bytes)) {
    }
    if (before + bytes < kHeldBytes) return;
    held_ = 0;
    for (const Mapping& file : files_) madvise(file.address, file.bytes, MADV_DONTNEED);
  }

 private:
  friend class Slab;
  struct Mapping {
    void* address;
    size_t bytes;
  };
  static constexpr double kHeldBytes = 256e6;

#if defined(__unix__) || defined(__APPLE__)
  static void forget(const std::vector<Mapping>& files) {
    for (const Mapping& file : files) munmap(file.address, file.bytes);
  }
#endif

  float* take(size_t count) {
    if (free_.empty()) return in_files() ? map_file(count) : allocate(count);
    float* slab = free_.back();
    free_.pop_back();
    return slab;
  }
  void give_back(float* slab) { free_.push_back(slab); }

  float* allocate(size_t count) {
    buffers_.emplace_back(count);
    return buffers_.back().data();
  }

  float* map_file(size_t count) {
    const std::string path = folder_ + "/film-features-XXXXXX";
    std::vector<char> name(path.begin(), path.end());
    name.push_back(0);
    const int file = mkstemp(name.data());
    if (file < 0) throw FileFailure(errno);
    unlink(name.data());
    const off_t bytes = off_t(count * sizeof(float));
#if defined(__linux__)
    // Without room set aside a full disk would end the process at the first write.
    int reason = posix_fallocate(file, 0, bytes);
#else
    int reason = ftruncate(file, bytes) == 0 ? 0 : errno;
#endif
    void* address = MAP_FAILED;
    if (!reason) {
      address = mmap(nullptr, size_t(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
      if (address == MAP_FAILED) reason = errno;
    }
    close(file);
    if (reason) throw FileFailure(reason);
    files_.push_back({address, size_t(bytes)});
    return static_cast<float*>(address);
  }

  std::string folder_;
  std::vector<Buffer> buffers_;
  std::vector<Mapping> files_;  // changes only between passes, on the calling thread
  std::vector<float*> free_;
  std::atomic<double> held_{0};
};

// Room for a feature map, from a store and back to it.
class Slab {
 public:
  Slab() = default;
  Slab(size_t count, SlabStore& store) : data_(store.take(count)), store_(&store) {}
  Slab(Slab&& other) noexcept { swap(other); }
  Slab& operator=(Slab&& other) noexcept {
    Slab old(std::move(other));
    swap(old);
    return *this;
  }
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;
  ~Slab() {
    if (store_) store_->give_back(data_);
  }

  float* data() const { return data_; }

 private:
  void swap(Slab& other) {
    std::swap(data_, other.data_);
    std::swap(store_, other.store_);
  }

  float* data_ = nullptr;
  SlabStore* store_ = nullptr;
};

}  // namespace film
