// Numbers too small for a full mantissa count as zero, in every thread alike.
//
// -Ofast links code that sets this for the thread which loads the operator, and for no other: a
// result would depend on which thread an item falls to, and such numbers cost a hundred cycles each.
#pragma once

#include <cstdint>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace film {

// While it lives, subnormal numbers are zero on this thread.
class NoSubnormals {
 public:
  NoSubnormals() : before_(read()) { write(before_ | kZero); }
  ~NoSubnormals() { write(before_); }
  NoSubnormals(const NoSubnormals&) = delete;
  NoSubnormals& operator=(const NoSubnormals&) = delete;

 private:
  // The compiler doesn't know that arithmetic reads this register: nothing may cross the line.
#if defined(__SSE__)
  typedef uint32_t Word;
  static constexpr Word kZero = 0x8040;  // results (FTZ) and operands (DAZ)
  static Word read() { return _mm_getcsr(); }
  static void write(Word word) {
    asm volatile("" ::: "memory");
    _mm_setcsr(word);
    asm volatile("" ::: "memory");
  }
#elif defined(__aarch64__)
  typedef uint64_t Word;
  static constexpr Word kZero = Word(1) << 24;  // FZ
  static Word read() {
    Word word;
    asm volatile("mrs %0, fpcr" : "=r"(word));
    return word;
  }
  static void write(Word word) { asm volatile("msr fpcr, %0" ::"r"(word) : "memory"); }
#else
  typedef uint32_t Word;
  static constexpr Word kZero = 0;
  static Word read() { return 0; }
  static void write(Word) {}
#endif

  const Word before_;
};

}  // namespace film
