"""The approximations of exp and GELU, and the sanitizer driver's build, as plain C++."""

import shutil
import subprocess

import pytest

PROGRAM = r"""
#include <cmath>
#include <cstdio>
#include "activations.hpp"
int main() {
  double gelu_error = 0, exp_error = 0;
  for (int i = -1200000; i <= 1200000; i++) {
    const float x = i * 1e-5f;
    alignas(64) float found[film::kWidth];
    film::store(found, film::gelu(film::broadcast(x)));
    const double exact = 0.5 * double(x) * (1 + std::erf(double(x) / std::sqrt(2.0)));
    gelu_error = std::fmax(gelu_error, std::fabs(found[0] - exact));
    if (x > 0) continue;
    const float y = 7 * x;
    film::store(found, film::exp_negative(film::broadcast(y)));
    const double power = std::exp(double(y));
    exp_error = std::fmax(exp_error, (std::fabs(found[0] / power - 1) - SLOPE * -y));
  }
  std::printf("%g %g", gelu_error, exp_error);
}
"""


TRAINING = r"""
#include <cmath>
#include <cstdio>
#include "training/vector.hpp"
int main() {
  double error = 0;
  for (int i = -870000; i <= 870000; i++) {
    float found[film::kWidth];
    const float x = i * 1e-4f;
    film::store(found, film::training::exponential(film::broadcast(x)));
    error = std::fmax(error, std::fabs(found[0] / std::exp(double(x)) - 1));
  }
  std::printf("%g", error);
}
"""


def measured(text, repository, folder, flags):
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("needs g++")
    source, program = folder / "activations.cpp", folder / "activations"
    source.write_text(text)
    kernels = repository / "film_core" / "kernels" / "cpp"
    command = [compiler, "-Ofast", "-std=c++14", "-w", *flags, f"-I{kernels}"]
    subprocess.run([*command, str(source), "-o", str(program)], check=True)
    told = subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout
    return map(float, told.split())


# Without a fused multiply-add, x log2(e) is rounded once more, which is 6e-8 of |x|, and so is each
# of the polynomial's five steps.
@pytest.mark.parametrize(
    ("flags", "exp_limit"),
    [
        (["-march=native", "-DSLOPE=2e-8"], 4e-7),
        (["-march=native", "-mno-avx512f", "-DSLOPE=2e-8"], 4e-7),
        (["-DFILM_ISA_PORTABLE", "-DSLOPE=6e-8"], 1e-6),
    ],
)
def test_exp_and_gelu_are_as_exact_as_they_say(repository, tmp_path, flags, exp_limit):
    gelu_error, exp_error = measured(PROGRAM, repository, tmp_path, flags)
    assert gelu_error < 1e-6  # half a unit in the last place of 12 is 5e-7
    assert exp_error < exp_limit


@pytest.mark.parametrize(
    ("flags", "limit"),
    [
        (["-march=native"], 8e-8),
        (["-march=native", "-mno-avx512f"], 8e-8),
        (["-DFILM_ISA_PORTABLE"], 5e-6),
    ],
)
def test_the_exponential_of_training_is_as_exact_as_it_says(repository, tmp_path, flags, limit):
    (error,) = measured(TRAINING, repository, tmp_path, flags)
    assert error < limit
