"""How a forward pass grows with pixels, text tokens and threads: `python -m benchmarks.growth OUT`.

Writes OUT.json and OUT.svg. Points are the least processor time of a few repetitions, all threads
together; threads are compared by the time of day.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

SIZES = ((96, 128), (192, 256), (288, 384), (480, 640), (768, 1024))
TOKENS = (1, 37, 75, 149, 298, 512)
REPETITIONS = 3


def measure(film, height: int, width: int, rows: int) -> tuple[float, float]:
    """Return least (seconds, processor seconds) of a forward pass."""
    import jittor as jt

    draw = np.random.default_rng(0)
    a, b = (jt.array(draw.random((1, 1, height, width), np.float32)) for _ in "ab")
    text = jt.array(draw.standard_normal((1, rows, 768)).astype(np.float32))
    seconds, processor = [], []
    with jt.no_grad():
        for _ in range(REPETITIONS):
            begun, begun_processor = time.perf_counter(), time.process_time()
            film(a, b, text).sync()
            seconds.append(time.perf_counter() - begun)
            processor.append(time.process_time() - begun_processor)
    return min(seconds), min(processor)


def main(out: Path) -> None:
    """Measure, and write both files."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # waiting isn't work
    from film_core.runtime import processor_count, start

    start("cpu")
    from film_core.net import Film

    film = Film(768, kernels="fused")
    measure(film, 32, 32, 2)
    found = {
        "pixels": [[h * w, measure(film, h, w, 149)[1]] for h, w in SIZES],
        "tokens": [[t, measure(film, 288, 384, t)[1]] for t in TOKENS],
        "threads": [],
    }
    for threads in range(1, processor_count() + 1):
        os.environ["FILM_KERNELS_THREADS"] = str(threads)
        found["threads"].append([threads, measure(film, 288, 384, 149)[0]])
    out.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")
    draw_plot(found, out.with_suffix(".svg"))


def draw_plot(found: dict, path: Path) -> None:
    """Draw the three curves side by side."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
    labels = {
        "pixels": ("megapixels (149 tokens)", "processor seconds"),
        "tokens": ("text tokens (288 x 384)", "processor seconds"),
        "threads": ("threads (288 x 384, 149 tokens)", "seconds"),
    }
    for axis, (name, (below, beside)) in zip(axes, labels.items(), strict=True):
        x, y = np.array(found[name], float).T
        if name == "pixels":
            x = x / 1e6
        axis.plot(x, y, "o-", color="#1f6f8b")
        if name != "threads":
            slope, start = np.polyfit(x, y, 1)
            axis.plot(x, slope * x + start, "--", color="#999999", linewidth=1)
            axis.set_title(f"{start:.2f} s + {slope:.3g} s each", fontsize=9)
        axis.set_xlabel(below)
        axis.set_ylabel(beside)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
