"""Measuring: check the images once, run the metrics side by side, return values by name."""

import math
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context

import numpy as np

from film_core.errors import unknown_name
from film_core.metrics.inputs import (
    checked_form,
    checked_fused,
    checked_sources,
    paper_form,
    refuse_too_small,
)
from film_core.metrics.metric import Metric
from film_core.metrics.strips import STOPPED
from film_core.metrics.table import METRICS, find_metric

CHECK_EVERY = 0.25  # seconds from one call of a checkpoint to the next
WORKERS = 2  # numpy leaves the interpreter's lock; more threads than two find little left to do
# Started first, so that the long ones don't end up alone at the end.
LONGEST_FIRST = ("VIFF", "Qabf", "SSIM", "MI")


class Sources:
    """Two source images against which any number of fused ones are measured.

    Args:
        image_a, image_b: (H, W) luminances in 0..255, uint8 or float; the field measures on
            8-bit values.

    Raises:
        MetricError: unequal sizes, wrong range, not grey, not finite.
    """

    def __init__(self, image_a: np.ndarray, image_b: np.ndarray) -> None:
        self.image_a, self.image_b = checked_sources(image_a, image_b)

    def measure(
        self,
        fused: np.ndarray,
        names: Iterable[str] | None = None,
        form: str = "raw",
        checkpoint: Callable[[], None] | None = None,
    ) -> dict[str, float]:
        """Return the metrics of `fused` by name, in table order for `names=None`.

        Args:
            fused: (H, W) in 0..255, uint8 or float, of the sources' size. It is measured as it
                is; only EN and MI, which count grey levels, round it.
            names: metrics to compute; None for all twelve.
            form: "raw" (the fused image as it is) or "paper" (see `paper_form`).
            checkpoint: called a few times a second while measuring; what it raises ends the work.

        Returns:
            Values by name. nan: undefined for these images (`Metric.undefined` says why). With
            `names=None` that includes metrics for which the image is too small.

        Raises:
            MetricError: unequal sizes, wrong range, not grey, not finite; too small for a metric
                asked for by name.
            UnknownNameError: unknown metric or form.
        """
        checked_form(form)
        image = checked_fused(fused, (self.image_a, self.image_b))
        if names is None:
            metrics = list(METRICS.values())
        else:
            metrics = [find_metric(name) for name in names]
            for metric in metrics:
                refuse_too_small(metric, image.shape)
        values = {metric.name: math.nan for metric in metrics}
        if form == "paper":
            if image.min() == image.max():
                return values  # nothing to stretch: no paper form, no value
            image = paper_form(image)
        fitting = [metric for metric in metrics if min(image.shape) >= metric.min_side]
        values.update(self._computed(image, fitting, checkpoint))
        return values

    def local_map(self, name: str, fused: np.ndarray, form: str = "raw") -> np.ndarray:
        """Return where in the picture metric `name` is lost: (H, W) float32, more is worse.

        Raises:
            MetricError: as `measure`, too small, or a flat image in the paper form.
            UnknownNameError: unknown metric or form, or a metric that has no local map.
        """
        checked_form(form)
        metric = find_metric(name)
        if metric.local_map is None:
            raise unknown_name("local map", metric.name, LOCAL_MAPS)
        image = checked_fused(fused, (self.image_a, self.image_b))
        refuse_too_small(metric, image.shape)
        if form == "paper":
            image = paper_form(image)
        return metric.local_map.compute(image, self.image_a, self.image_b)

    def _computed(
        self, fused: np.ndarray, metrics: list[Metric], checkpoint: Callable[[], None] | None
    ) -> dict[str, float]:
        ordered = sorted(metrics, key=lambda metric: metric.name not in LONGEST_FIRST)
        stopped = threading.Event()

        def compute(metric: Metric) -> float:
            STOPPED.set(stopped)
            return metric.compute(fused, self.image_a, self.image_b)

        with ThreadPoolExecutor(WORKERS, thread_name_prefix="metrics") as pool:
            begun = {m.name: pool.submit(copy_context().run, compute, m) for m in ordered}
            try:
                while checkpoint and wait(begun.values(), CHECK_EVERY).not_done:
                    checkpoint()
                return {name: future.result() for name, future in begun.items()}
            except BaseException:
                stopped.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise


LOCAL_MAPS: tuple[str, ...] = tuple(m.name for m in METRICS.values() if m.local_map is not None)


def measure(
    fused: np.ndarray,
    image_a: np.ndarray,
    image_b: np.ndarray,
    names: Iterable[str] | None = None,
    form: str = "raw",
) -> dict[str, float]:
    """Return the metrics of one fused image; see `Sources` and `Sources.measure`."""
    return Sources(image_a, image_b).measure(fused, names, form)


def local_map(
    name: str,
    fused: np.ndarray,
    image_a: np.ndarray,
    image_b: np.ndarray,
    form: str = "raw",
) -> np.ndarray:
    """Return where in the picture metric `name` is lost; see `Sources.local_map`."""
    return Sources(image_a, image_b).local_map(name, fused, form)
