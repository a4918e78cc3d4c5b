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

class Slab {
 public:
  Slab() = default;
  // `folder`: where the file goes, or empty for memory.
  Slab(size_t count, const std::string& folder) : count_(count) {
    if (folder.empty()) {
      buffer_ = Buffer(count);
      data_ = buffer_.data();
    } else {
      map_file(folder);
    }
  }
  Slab(Slab&& other) noexcept { swap(other); }
  Slab& operator=(Slab&& other) noexcept {
    swap(other);
    return *this;
  }
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;
  ~Slab() {
    if (mapped_) munmap(data_, count_ * sizeof(float));
  }

  float* data() const { return data_; }

  // Give the pages of a file back; the values stay.
  void release() const {
    if (mapped_) madvise(data_, count_ * sizeof(float), MADV_DONTNEED);
  }

 private:
  void map_file(const std::string& folder) {
    std::string path = folder + "/film-features-XXXXXX";
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
    mapped_ = true;
  }
  void swap(Slab& other) {
    std::swap(buffer_, other.buffer_);
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    std::swap(mapped_, other.mapped_);
  }

  Buffer buffer_;
  float* data_ = nullptr;
  size_t count_ = 0;
  bool mapped_ = false;
};

}  // namespace film
