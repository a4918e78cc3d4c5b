"""Fuse one large pair and say what it took: `python -m benchmarks.large_image 4000x6000`.

Prints seconds, the process's largest resident memory before the pair is read and in the end, and
the longest time in which nothing was reported.
"""

import itertools
import sys
import time

import numpy as np

from film_core.fusion import load_fuser


def waves(height: int, width: int, across: float, down: float) -> np.ndarray:
    """Return a smooth grey picture, (height, width) uint8."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.rint(127 + 80 * np.sin(x / across) + 40 * np.cos(y / down)).astype(np.uint8)


def peak_mb() -> int:
    """Return the largest resident size of this process so far, in MB (Linux)."""
    with open("/proc/self/status") as file:
        lines = dict(line.split(":", 1) for line in file)
    return int(lines["VmHWM"].split()[0]) // 1024


def main(size: str) -> None:
    """Fuse a pair of `size`, given as HEIGHTxWIDTH."""
    height, width = map(int, size.split("x"))
    fuser = load_fuser("film-ivf", device="cpu")
    fuser.set_images(waves(64, 64, 37, 53), waves(64, 64, 61, 41), "ivf")
    fuser.fuse("A wall.", "A door.", attention=False, compare=False)  # what is compiled, is now
    before = peak_mb()
    fuser.set_images(waves(height, width, 37, 53), waves(height, width, 61, 41), "ivf")
    told = [("", time.monotonic())]
    result = fuser.fuse(
        "A wall.", "A door.", attention=False, compare=False,
        progress=lambda stage, done, detail: told.append((stage, time.monotonic())),
    )  # fmt: skip
    silent = max((after[1] - one[1], one[0]) for one, after in itertools.pairwise(told))
    print(f"{size}: {result.timings['total']:.0f} s, {result.timings['fuse']:.0f} of them fusing")
    print(
        f"peak {before} MB before, {peak_mb()} MB in the end: {peak_mb() - before} MB for the pair"
    )
    print(f"longest silence {silent[0]:.2f} s, after '{silent[1]}'")


if __name__ == "__main__":
    main(sys.argv[1])
