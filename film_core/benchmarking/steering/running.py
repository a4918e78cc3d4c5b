"""Runs the benchmark over the test lists, for either network."""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from film_core.benchmarking.steering.costs import cost_values
from film_core.benchmarking.steering.measuring import measure_pair
from film_core.benchmarking.steering.rows import SteerRow, make_rows
from film_core.checkpoints import weights_for_task, weights_of_network
from film_core.data import find_pairs
from film_core.images import pair as pair_images
from film_core.images import read_image

DATASETS = {"ivf": "RoadScene", "mif": "Harvard", "mef": "MEFB", "mff": "Lytro"}
"""Whose test list each task is measured on."""


def run_steering(
    network: str,
    data: Path,
    tasks: list[str],
    pairs: int,
    size: int,
    longest: int,
    report: Callable[[str], None],
    costs: bool = True,
    device: str = "auto",
) -> list[SteerRow]:
    """Measure and return the rows.

    Args:
        network: ``film`` or ``steer``.
        data: a folder ``Image/<task>/<data set>``.
        tasks: names of tasks.
        pairs: test pairs of each task, spread over its list.
        size: cases of each kind for a pair.
        longest: pixels of the longer side that pairs are reduced to.
        report: told of every pair.
        costs: whether to measure time and memory, for which other programs should rest.
        device: as in `load_fuser`.

    Raises:
        DataError: a data set isn't there.
        UnknownNameError, CheckpointError: there are no such weights.
    """
    from film_core.fusion import load_fuser

    fusers: dict[str, object] = {}
    by_task: dict[str, list[dict]] = {}
    for task in tasks:
        weights = weights_of_network(network, task)
        fuser = fusers.setdefault(weights, None) or load_fuser(weights, device)
        fusers[weights] = fuser
        chosen = _spread(find_pairs(data, DATASETS[task], "test").pairs, pairs)
        loaded = [_load(files, longest) for files in chosen]
        described = [_descriptions(fuser, pair, task) for pair in loaded]
        by_task[task] = []
        for index, pair in enumerate(loaded):
            report(f"{task}: {chosen[index].name} ({index + 1} of {len(loaded)})")
            seed = zlib.crc32(f"{task}/{chosen[index].name}".encode())
            others = described[(index + 1) % len(described)]
            values = measure_pair(fuser, pair, task, seed, size, others)
            if network == "steer":
                values |= _empty_text(fuser, pair, task)
            by_task[task].append(values)
        if network == "steer" and costs and task == tasks[0]:
            report("time and memory beside the exact network")
            film = load_fuser(weights_for_task(task), device, encoder=fuser.encoder)
            by_task[task].append(cost_values(fuser, film))
    return make_rows(by_task)


def _spread(pairs: list, count: int) -> list:
    return [pairs[i] for i in np.unique(np.linspace(0, len(pairs) - 1, count).astype(int))]


def _load(files, longest: int) -> tuple[np.ndarray, np.ndarray]:
    sources = pair_images(read_image(files.a), read_image(files.b))
    scale = min(1.0, longest / max(sources.height, sources.width))
    size = tuple(max(1, round(side * scale)) for side in (sources.width, sources.height))
    images = (sources.a, sources.b)
    return tuple(np.clip(image.resized(*size).luminance, 0, 1) for image in images)


def _descriptions(fuser, pair, task: str) -> tuple[str, str]:
    fuser.set_images(*pair, task)
    return fuser.describe("a"), fuser.describe("b")


def _empty_text(fuser, pair, task: str) -> dict[str, list[float]]:
    """Qabf and VIFF with empty text over those of the exact network's weights on their own."""
    from film_core.fusion import load_fuser
    from film_core.metrics import Sources

    sources = Sources(*(255 * plane for plane in pair))
    exact = load_fuser(weights_for_task(task), encoder=fuser.encoder)
    measured = []
    for one in (fuser, exact):
        one.set_images(*pair, task)
        measured.append(sources.measure(255 * one.render("", "", "")[0], ["Qabf", "VIFF"]))
    ours, theirs = measured
    return {name.lower(): [ours[name] / theirs[name]] for name in ("Qabf", "VIFF")}
