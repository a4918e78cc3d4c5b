"""A map lies on the image where the network itself puts the grid's values."""

import shutil
import subprocess

import numpy as np
import pytest

from film_core.fusion.attention import AttentionResult, SourceAttention
from film_core.images.nearest import nearest_indices

GRID = (288, 384)
SIZES = range(16, 701)

PROGRAM = r"""
#include <cstdio>
#include "grid.hpp"
int main() {
  for (int grid : {288, 384})
    for (int size = 16; size <= 700; size++) {
      for (int i = 0; i < size; i++) std::printf("%d ", film::nearest_index(i, grid, size));
      for (int i = 0; i < grid; i++) std::printf("%d ", film::nearest_index(i, size, grid));
    }
}
"""


def test_python_and_the_kernels_copy_the_same_pixels(repository, tmp_path):
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("needs g++")
    (tmp_path / "grid.cpp").write_text(PROGRAM)
    kernels = repository / "film_core" / "kernels" / "cpp"
    command = [compiler, "-Ofast", "-march=native", "-std=c++14", f"-I{kernels}"]
    subprocess.run([*command, "grid.cpp", "-o", "grid"], cwd=tmp_path, check=True)
    told = subprocess.run([tmp_path / "grid"], capture_output=True, text=True, check=True).stdout
    found = np.array(told.split(), np.int32)
    expected = [
        nearest_indices(*sizes)
        for grid in GRID
        for size in SIZES
        for sizes in ((grid, size), (size, grid))
    ]
    assert np.array_equal(found, np.concatenate(expected))


def test_maps_lie_where_the_network_puts_the_grid(jittor):
    from film_core.net.resize import nearest_resize

    draw = np.random.default_rng(0)
    gate = draw.random(256).astype(np.float32)
    nothing = SourceAttention(np.ones((1, 8, 432), "f4"), np.ones((8, 13824), "f4"), gate)
    grid = np.tile(gate * 256, 432).reshape(1, 1, *GRID)
    exact = 0
    for height in SIZES:
        width = 716 - height
        result = AttentionResult((height, width), [{"a": nothing}])
        found = result.gate(1, "a")
        if height in (131, 500):  # each size is compiled
            expected = nearest_resize(jittor.array(grid), (height, width)).numpy()[0, 0]
            assert np.array_equal(found, expected)
        rows, columns = nearest_indices(GRID[0], height), nearest_indices(GRID[1], width)
        assert np.array_equal(found, grid[0, 0][np.ix_(rows, columns)])
        exact += np.array_equal(rows, np.arange(height) * GRID[0] // height)
    assert exact < len(SIZES)  # the rule isn't that of an exact ratio
