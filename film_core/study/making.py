"""Computes one row: fuse under a text, or under random numbers, and compare with the base."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from film_core.fusion import Fuser
from film_core.images import compose
from film_core.metrics import Sources, grey_levels
from film_core.study.question import Variant
from film_core.study.result import Row, measure_change
from film_core.text import encode_pair


class RowMaker:
    """Makes the rows of the fuser's current pair, the base's first unless it is given.

    Args:
        fuser: with the pair set, which must stay set.
        names: metrics to measure; None for all twelve, an empty sequence for none.
        base: (H, W) float32 in [0, 1], the base's fused luminance where it is known already.

    Attributes:
        base: the base's fused luminance, None until its row is made.
    """

    def __init__(
        self, fuser: Fuser, names: Sequence[str] | None = None, base: np.ndarray | None = None
    ) -> None:
        self.base = base
        self._fuser = fuser
        self._names = names
        pair = fuser.sources
        self._sources = Sources(*(grey_levels(side.luminance) for side in (pair.a, pair.b)))

    def row(self, variant: Variant, cancelled: Callable[[], bool] | None = None) -> Row:
        """Return the row of `variant`.

        Raises:
            TextError: a text that can't be encoded.
            MetricError: the pair is too small for a metric that was asked for by name.
            Cancelled: `cancelled` said so.
        """
        begun = time.perf_counter()
        encoded = encode_pair(self._fuser.encoder, variant.text_a, variant.text_b)
        luminance = self._fused(variant, encoded.features, cancelled)
        if self.base is None:
            self.base = luminance
        metrics = {}
        if self._names is None or len(self._names):
            metrics = self._sources.measure(grey_levels(luminance), self._names)
        return Row(
            variant=variant,
            image=compose(luminance, self._fuser.sources, self._fuser.task),
            change=measure_change(luminance, self.base),
            metrics=metrics,
            seconds=time.perf_counter() - begun,
            notes=tuple(encoded.notes),
        )

    def _fused(
        self, variant: Variant, features: np.ndarray, cancelled: Callable[[], bool] | None
    ) -> np.ndarray:
        if variant.kind == "random":
            features = random_features(features, variant.seed)
        elif self._fuser.steers:  # which reads each description by itself, as for a fusion
            return self._fuser.render(variant.text_a, variant.text_b, "")[0]
        return self._fuser.fuse_features(features, cancelled=cancelled)


def random_features(features: np.ndarray, seed: int | None) -> np.ndarray:
    """Return normal random numbers of the shape, mean and standard deviation of `features`.

    Args:
        features: (T, width) float32.
        seed: of the draw.
    """
    draw = np.random.default_rng(seed)
    return draw.normal(features.mean(), features.std(), features.shape).astype(np.float32)
