// Memory that the passes reuse: fresh pages cost more than the sums written into them.
#pragma once

#include <cstdlib>
#include <cstring>
#include <new>

#include "../subnormals.hpp"

namespace film {
namespace training {

// A stack of float arrays. `reserve` may move the memory, so it comes first; `take` never does.
class Scratch {
  public:
    Scratch() : memory_(nullptr), capacity_(0), used_(0) {}
    ~Scratch() { std::free(memory_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    void reserve(long floats) {
        used_ = 0;
        if (floats <= capacity_) return;
        std::free(memory_);
        memory_ = nullptr;
        capacity_ = 0;
        if (posix_memalign(reinterpret_cast<void**>(&memory_), 64, floats * sizeof(float)) != 0)
            throw std::bad_alloc();
        capacity_ = floats;
    }

    float* take(long floats) {
        float* start = memory_ + used_;
        used_ += rounded(floats);
        if (used_ > capacity_) throw std::bad_alloc();
        return start;
    }

    static long rounded(long floats) { return (floats + 15) / 16 * 16; }

  private:
    float* memory_;
    long capacity_;
    long used_;
};

// One for each thread, and one that the threads of a pass share.
inline Scratch& thread_scratch() {
    static thread_local Scratch scratch;
    return scratch;
}

inline Scratch& shared_scratch() {
    static Scratch scratch;
    return scratch;
}

inline void clear(float* p, long floats) { std::memset(p, 0, floats * sizeof(float)); }

// Runs f(task) for every task. Each task writes to its own place and sums of tasks are formed in
// the order of their numbers, so that the result does not depend on the number of threads. Lack of
// memory in a task becomes an exception here: one that leaves a thread would end the process.
template <class Task>
inline void for_each_task(long tasks, const Task& f) {
    bool out_of_memory = false;
#pragma omp parallel reduction(|| : out_of_memory)
    {
        const NoSubnormals flushed;
#pragma omp for schedule(dynamic, 1)
        for (long task = 0; task < tasks; ++task) {
            try {
                f(task);
            } catch (const std::bad_alloc&) {
                out_of_memory = true;
            }
        }
    }
    if (out_of_memory) throw std::bad_alloc();
}

// total[i] = sum over tasks of parts[task * stride + i], in order.
inline void sum_tasks(const float* parts, long tasks, long stride, long count, float* total) {
    const long chunk = 4096;
    for_each_task((count + chunk - 1) / chunk, [&](long part) {
        const long first = part * chunk, last = first + chunk < count ? first + chunk : count;
        std::memcpy(total + first, parts + first, (last - first) * sizeof(float));
        for (long task = 1; task < tasks; ++task)
            for (long i = first; i < last; ++i) total[i] += parts[task * stride + i];
    });
}

}  // namespace training
}  // namespace film
