"""What one pair of a batch costs, from files to a picture and its metrics, in processor seconds.

    python -m benchmarks.throughput --pairs 8 --height 288 --width 384

Processor time is all threads' together and hardly depends on what else the machine does, so pairs
for each core and hour can be had from it; the time of day can't, on a busy machine.
"""

import argparse
import json
import os
import time

import numpy as np

from film_core.batch import Item, LocalEngine, Pair
from film_core.batch.engine import Work
from film_core.fusion import load_fuser
from film_core.images import encode_png


def measure(height: int, width: int, pairs: int) -> dict:
    """Return processor and time-of-day seconds of each of `pairs` fusions, the first left out."""
    engine = LocalEngine(load_fuser("film-ivf", "cpu"), "ivf")
    seconds, processor = [], []
    for number in range(pairs + 1):
        begun, begun_processor = time.perf_counter(), time.process_time()
        (fused,) = engine.run([_work(height, width, number)], lambda: False)
        if fused.error is not None:
            raise fused.error
        seconds.append(time.perf_counter() - begun)
        processor.append(time.process_time() - begun_processor)
    least = float(np.median(processor[1:]))
    return {
        "height": height, "width": width,
        "processor_seconds": round(least, 3), "seconds": round(float(np.median(seconds[1:])), 3),
        "pairs_per_core_hour": round(3600 / least), "load": os.getloadavg()[0],
    }  # fmt: skip


def _work(height: int, width: int, number: int) -> Work:
    rows, columns = np.mgrid[0:height, 0:width]
    draw = np.random.default_rng(number)
    files = []
    for _ in "ab":
        tilt = draw.uniform(-1, 1, 3)
        plane = 128 + 60 * np.sin(rows * tilt[0] / 9) + 50 * np.cos(columns * tilt[1] / 7)
        files.append(
            encode_png(np.clip(plane + draw.normal(0, 4, plane.shape), 0, 255).astype("u1"))
        )
    items = [Item(f"{number}-{side}.png", bytes) for side in "ab"]
    return Work(Pair(str(number), *items), *files, None, None)


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--height", type=int, default=288)
    parser.add_argument("--width", type=int, default=384)
    args = parser.parse_args()
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # waiting isn't work
    print(json.dumps(measure(args.height, args.width, args.pairs), indent=1))


if __name__ == "__main__":
    main()
