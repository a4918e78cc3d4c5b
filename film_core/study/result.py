"""What a study yields: rows, each a fused image and how far it is from the base's."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from film_core.study.question import Variant
from film_core.study.verdict import Verdict, judge
from film_core.study.words import Word

MAP_SIDE = 512
"""Longest side of a difference map in pixels; the numbers beside it come from every pixel."""


@dataclass(frozen=True)
class Change:
    """How far a fused luminance is from the base's, in grey levels of 255.

    Attributes:
        mean, most: mean absolute and largest absolute difference.
        map: (h, w) float32, absolute difference; the largest of each block where the image is
            larger than `MAP_SIDE`.
    """

    mean: float
    most: float
    map: np.ndarray


def measure_change(luminance: np.ndarray, base: np.ndarray) -> Change:
    """Return the change from `base` to `luminance`, both (H, W) float32 in [0, 1]."""
    difference = np.abs(luminance - base) * 255
    return Change(
        float(difference.mean()), float(difference.max()), largest_of_blocks(difference, MAP_SIDE)
    )


def largest_of_blocks(values: np.ndarray, side: int) -> np.ndarray:
    """Return (H, W) `values` with at most `side` pixels a side: the largest of each block.

    A map's largest value thus stays the one that is told beside it, and a change of a few pixels,
    such as a lamp, doesn't fade.
    """
    block = math.ceil(max(values.shape) / side)
    for axis in (0, 1):
        starts = np.arange(0, values.shape[axis], block)
        values = np.maximum.reduceat(values, starts, axis)
    return values


@dataclass(frozen=True)
class Row:
    """One variant's outcome.

    Attributes:
        variant: which text.
        image: the fused picture, uint8 (H, W) or (H, W, 3).
        change: from the base row; all zero for that row itself.
        metrics: raw form, by name; nan where undefined.
        seconds: time that computing it took.
        notes: sentences, such as on a text that was cut.
    """

    variant: Variant
    image: np.ndarray
    change: Change
    metrics: dict[str, float]
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """All rows of one pair.

    Attributes:
        rows: those that are computed, the base first.
        planned: how many were asked for; fewer rows mean that it was cancelled.
        task, weights, encoder, device: what computed it.
        width, height: of the images in pixels.
        notes: sentences for the reader.
    """

    rows: list[Row]
    planned: int
    task: str
    weights: str
    encoder: str
    device: str
    width: int
    height: int
    notes: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every planned row is there."""
        return len(self.rows) == self.planned

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the text did anything, with its number."""
        return judge(self.rows)

    @property
    def words(self) -> list[Row]:
        """The rows with one word left out, in the order of the texts."""
        return [row for row in self.rows if row.variant.kind == "without"]

    @property
    def scale(self) -> float:
        """Largest value of all difference maps in grey levels: the maps' common scale."""
        return max((float(row.change.map.max()) for row in self.rows), default=0.0)

    def as_dict(self) -> dict[str, Any]:
        """Return everything but the pictures as JSON-ready values."""
        return {
            "task": self.task,
            "weights": self.weights,
            "encoder": self.encoder,
            "device": self.device,
            "width": self.width,
            "height": self.height,
            "planned": self.planned,
            "complete": self.complete,
            "verdict": self.verdict.as_dict(),
            "scale": self.scale,
            "rows": [_row_as_dict(row) for row in self.rows],
            "notes": self.notes,
        }


def _row_as_dict(row: Row) -> dict[str, Any]:
    variant = row.variant
    return {
        "kind": variant.kind,
        "label": variant.label,
        "text_a": variant.text_a,
        "text_b": variant.text_b,
        "word": None if variant.word is None else _word_as_dict(variant.word),
        "seed": variant.seed,
        "mean_change": row.change.mean,
        "largest_change": row.change.most,
        # JSON knows neither nan (undefined) nor infinity.
        "metrics": {n: v if math.isfinite(v) else None for n, v in row.metrics.items()},
        "seconds": row.seconds,
        "notes": list(row.notes),
    }


def _word_as_dict(word: Word) -> dict[str, Any]:
    return {"source": word.source, "text": word.text, "start": word.start, "end": word.end}
