#!/bin/sh
# Build the kernels, those for training too, as plain programs with AddressSanitizer and
# UndefinedBehaviorSanitizer, for every instruction set that this processor has, and run them.
# Usage: benchmarks/sanitize.sh [SET ...]
set -eu
cd "$(dirname "$0")/.."
build="$(mktemp -d)"
trap 'rm -rf "$build"' EXIT
for set in ${@:-avx512 avx2 portable}; do
  case "$set" in
    avx512) flags="-march=native -DFILM_ISA_AVX512"; needs=avx512dq ;;
    avx2) flags="-march=native -mno-avx512f -DFILM_ISA_AVX2"; needs=avx2 ;;
    portable) flags="-march=native -mno-avx -DFILM_ISA_PORTABLE"; needs="" ;;
    *) echo "sanitize.sh: no instruction set named $set" >&2; exit 2 ;;
  esac
  if [ -n "$needs" ] && ! grep -qw "$needs" /proc/cpuinfo; then
    echo "$set: this processor has none"
    continue
  fi
  echo "$set"
  for driver in driver backward_driver; do
    case "$driver" in
      driver) headers=film_core/kernels/cpp ;;
      backward_driver) headers=film_core/kernels/cpp/training ;;
    esac
    # shellcheck disable=SC2086
    ${CXX:-g++} -O2 -g -std=c++14 -fopenmp $flags -w -fno-omit-frame-pointer \
      -fsanitize=address,undefined -fno-sanitize-recover=all \
      "-I$headers" "tests/kernels/cpp/$driver.cpp" -o "$build/$driver"
    ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 "$build/$driver" \
      > "$build/output"  # a pipe would hide how it ended
    echo "$driver: nothing found"
  done
done
