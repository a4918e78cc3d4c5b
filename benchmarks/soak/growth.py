"""Memory of the whole process tree over many fusions of mixed sizes.

    python -m benchmarks.soak.growth --first 50 --last 500

Prints one JSON object; status 1 where the tree's resident bytes grew by more than 5 % from the
first to the last count of fusions.
"""

import argparse
import base64
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.calls import Caller
from benchmarks.page import Page
from film_core.images import encode_png

SIZES = ((48, 64), (64, 48), (96, 96), (120, 160), (33, 77), (192, 144), (128, 128), (240, 320))
MOST_GROWTH = 0.05


def grow(page: Page, first: int, last: int) -> dict:
    """Return resident bytes after `first` and after `last` fusions, and their ratio less one."""
    caller, marks = Caller(page.address), {}
    begun = time.monotonic()
    for number in range(1, last + 1):
        height, width = SIZES[number % len(SIZES)]
        draw = np.random.default_rng(number)
        a, b = (
            base64.b64encode(encode_png(draw.integers(0, 256, (height, width), np.uint8))).decode()
            for _ in "ab"
        )
        told = (f"A scene called {number}.", "word " * (number % 60))
        caller.call("fuse", a, b, "ivf", *told, "film", "")
        if number in (first, last) or number % 50 == 0:
            marks[number] = page.resident()
            print(number, marks[number], file=sys.stderr, flush=True)
    caller.close()
    grown = marks[last]["tree"] / marks[first]["tree"] - 1
    return {
        "resident": marks, "growth": round(grown, 4),
        "seconds": round(time.monotonic() - begun, 1), "restarts": page.health()["restarts"],
    }  # fmt: skip


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--first", type=int, default=50)
    parser.add_argument("--last", type=int, default=500)
    parser.add_argument("--port", type=int, default=0)
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        Page(Path(folder) / "log", port=args.port) as page,
    ):
        page.wait_ready()
        told = grow(page, args.first, args.last)
    print(json.dumps(told, indent=1))
    return int(told["growth"] > MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
