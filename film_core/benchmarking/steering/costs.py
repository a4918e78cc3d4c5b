"""Time and memory of a steered fusion beside those of the exact network alone."""

import os
import threading
import time
from collections.abc import Callable

import numpy as np

from film_core.benchmarking.serving import resident_mb

SIZE = (288, 384)
REPETITIONS = 3
INSTRUCTION = "Brighten the left half a little and sharpen the people in the lower part strongly."


def cost_values(fuser, film) -> dict[str, list[float]]:
    """Return {"time": [ratio], "memory": [ratio]} of a whole pass, from images to picture.

    Processor time of all threads, the shortest of three: other programs disturb it less than the
    time of day. Memory is the process's resident peak, the same interpreter in both.

    Args:
        fuser: of a steering network.
        film: of the exact network, with the same weights.
    """
    draw = np.random.default_rng(0)
    pair = [draw.random(SIZE, np.float32) for _ in range(2)]

    measured = []
    for one in (film, fuser):

        def work(one=one) -> None:
            one.set_images(*pair, "ivf")
            one.render("", "", INSTRUCTION)

        work()  # compiles, warms caches
        runs = [_measured(work) for _ in range(REPETITIONS)]
        measured.append((min(run[0] for run in runs), max(run[1] for run in runs)))
    (time_exact, memory_exact), (time_steered, memory_steered) = measured
    return {"time": [time_steered / time_exact], "memory": [memory_steered / memory_exact]}


def _measured(work: Callable[[], None]) -> tuple[float, float]:
    """Return processor seconds and the peak of resident memory, MB."""
    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            peak[0] = max(peak[0], resident_mb(os.getpid()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    begun = time.process_time()
    work()
    seconds = time.process_time() - begun
    done.set()
    watcher.join()
    return seconds, peak[0]
