"""What the project knows about a metric besides how to compute it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Compute = Callable[[np.ndarray, np.ndarray, np.ndarray], float]
Map = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class LocalMap:
    """Where in the picture a metric is lost.

    Attributes:
        compute: (fused, image_a, image_b) -> (H, W) float32; more is worse.
        sentence: what a bright spot means, and how the map's mean relates to the metric.
    """

    compute: Map
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A fusion metric; tables, arrows and tool-tips are made from this.

    Attributes:
        name: as the field's tables print it ("Qabf").
        long_name: title for people.
        higher_is_better: the direction that papers treat as better.
        low, high: bounds of the value; None where there is none.
        range_text: the same for people ("0 to about 2").
        unit: unit of the value, "" where it has none.
        digits: digits after the point that mean something.
        source: paper that defined it, "" for textbook quantities.
        sentence: what it measures, in one plain sentence.
        rewards_wrongly: what raises it without making the fused image better.
        undefined: when its value is nan or infinite, "" where that can't happen.
        compute: (fused, image_a, image_b), (H, W) float32 in 0..255 each -> value; inputs are
            not checked here, `measure` does that.
        min_side: smallest height and width in pixels for which it is defined.
        local_map: where in the picture it is lost, for those that can say.
    """

    name: str
    long_name: str
    higher_is_better: bool
    low: float | None
    high: float | None
    range_text: str
    unit: str
    digits: int
    source: str
    sentence: str
    rewards_wrongly: str
    undefined: str = ""
    compute: Compute
    min_side: int = 2
    local_map: LocalMap | None = None
