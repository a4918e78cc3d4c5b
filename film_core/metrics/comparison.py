"""What a fused image has to be better than: the rules without learning, and each source alone."""

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from film_core.metrics.measure import Sources
from film_core.metrics.rules import RULES


def rivals(sources: Sources) -> dict[str, Callable[[], np.ndarray]]:
    """Return, by name, what makes each picture that is compared: (H, W) float in 0..255."""
    image_a, image_b = sources.image_a, sources.image_b
    made = {rule.name: partial(rule.fuse, image_a, image_b) for rule in RULES.values()}
    return {**made, "source A": lambda: image_a, "source B": lambda: image_b}


def compare(
    sources: Sources, form: str = "raw", names: Iterable[str] | None = None
) -> dict[str, dict[str, float]]:
    """Return the metrics of "mean", "maximum", "pyramid", "source A" and "source B", by name.

    Args:
        sources: the two images; each row is measured against them as a fused image would be.
        form, names: as `Sources.measure` takes them.
    """
    names = None if names is None else list(names)
    return {name: sources.measure(make(), names, form) for name, make in rivals(sources).items()}
