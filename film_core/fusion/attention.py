"""Attention maps on the image: what a pass handed out, brought to pictures."""

from dataclasses import dataclass, field

import numpy as np

from film_core.errors import SettingError
from film_core.images.nearest import nearest_indices

STAGES, HEADS = 3, 8
_GRID = (288, 384)
_RUN = 256


@dataclass(frozen=True)
class SourceAttention:
    """One stage's attention to one source, as numpy arrays; see `film_core.net.AttentionMaps`.

    Attributes:
        spatial: (T, heads, 432) float32; each (token, head) sums to 1.
        mean: (heads, 13824) float32, the mean over the tokens by image token.
        gate: (256,) float32, signed; absolute values sum to 1.
    """

    spatial: np.ndarray
    mean: np.ndarray
    gate: np.ndarray


@dataclass(frozen=True)
class AttentionResult:
    """The attention of one fusion.

    Attributes:
        size: (height, width) of the images.
        maps: maps[stage][source], stage 0 to 2, source ``a`` or ``b``.
        tokens: the word pieces of both descriptions, in the order of the maps' token axis.
    """

    size: tuple[int, int]
    maps: list[dict[str, SourceAttention]]
    tokens: tuple[str, ...] = field(default=())

    def map(
        self, stage: int, source: str, head: int | None = None, token: int | None = None
    ) -> np.ndarray:
        """Return where a token looks, (H, W) float32: 1 is what an even look would give.

        Tokens see the image as runs of 256 pixels along the rows of a 288x384 grid, so a map
        has steps of that size: about two thirds of a row.

        Args:
            stage: 1, 2 or 3.
            source: ``a`` or ``b``, the image that is looked at.
            head: 1 to 8, or None for the mean of all.
            token: index into `tokens`, or None for the mean of all.

        Raises:
            SettingError: a stage, source, head or token that doesn't exist.
        """
        found = self._find(stage, source)
        _check("head", head, 1, HEADS)
        _check("token", token, 0, found.spatial.shape[0] - 1)
        weights = found.spatial  # (T, heads, 432)
        weights = weights.mean(0) if token is None else weights[token]
        weights = weights.mean(0) if head is None else weights[head - 1]  # (432,)
        return self._onto_image(weights * weights.size)

    def gate(self, stage: int, source: str) -> np.ndarray:
        """Return the gate as it lies over the image, (H, W) float32, 1 being its mean size.

        Raises:
            SettingError: a stage or source that doesn't exist.
        """
        values = self._find(stage, source).gate
        runs = _GRID[0] * _GRID[1] // _RUN
        return self._onto_image(np.tile(values * values.size, (runs, 1)).ravel(), repeated=True)

    def _onto_image(self, values: np.ndarray, repeated: bool = False) -> np.ndarray:
        pixels = values if repeated else np.repeat(values, _RUN)
        grid = pixels.reshape(_GRID).astype(np.float32)
        height, width = self.size
        rows, columns = nearest_indices(_GRID[0], height), nearest_indices(_GRID[1], width)
        return grid[np.ix_(rows, columns)]

    def _find(self, stage: int, source: str) -> SourceAttention:
        _check("stage", stage, 1, len(self.maps))
        if source not in ("a", "b"):
            raise SettingError(
                "attention.source", "The source is '{seen}'; it must be a or b.", seen=source
            )
        return self.maps[stage - 1][source]


def _check(what: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise SettingError(
            "attention.out_of_range", "The {what} is {seen}; it must be from {low} to {high}.",
            what=what, seen=value, low=low, high=high,
        )  # fmt: skip
