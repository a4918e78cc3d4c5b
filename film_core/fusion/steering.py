"""Steered fusion: which words go to the network, and what it tells of each."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from film_core.errors import SettingError
from film_core.images.cells import spreading
from film_core.text import EncodedText, Token

if TYPE_CHECKING:
    from film_core.net.steer import WordMaps

TEXTS = ("a", "b", "instruction")
"""The texts that a steering network reads, in its order."""


def words_of(text: EncodedText) -> np.ndarray:
    """Return the features of the words alone, (T, width): special tokens are no words.

    Features that came without tokens' places, as from a file, are all taken for words.
    """
    if all(token.text.startswith("#") for token in text.tokens):
        return text.features
    return text.features[[n for n, token in enumerate(text.tokens) if token.end > token.start]]


@dataclass(frozen=True)
class SteeringResult:
    """What each word did in a steered fusion.

    Attributes:
        size: (height, width) of the images.
        words: for each of `TEXTS` its words in order.
        maps: for each of `TEXTS` (T, 48, 48) float32 in [0, 1]: where a word points or acts.
        strengths: for each of `TEXTS` (T, 9) float32: how strongly it asks for each kind of edit,
            in the order of `film_core.instructions.CHANNELS`.
    """

    size: tuple[int, int]
    words: dict[str, tuple[Token, ...]]
    maps: dict[str, np.ndarray]
    strengths: dict[str, np.ndarray]

    def map(self, source: str, word: int) -> np.ndarray:
        """Return where a word points or acts, (H, W) float32 in [0, 1].

        Args:
            source: ``a``, ``b`` or ``instruction``.
            word: index into `words[source]`.

        Raises:
            SettingError: a text or word that doesn't exist.
        """
        if source not in self.maps:
            raise SettingError(
                "steering.source", "The text is '{seen}'; it must be a, b or instruction.",
                seen=source,
            )  # fmt: skip
        grids = self.maps[source]
        if not 0 <= word < len(grids):
            raise SettingError(
                "attention.out_of_range", "The {what} is {seen}; it must be from {low} to {high}.",
                what="word", seen=word, low=0, high=len(grids) - 1,
            )  # fmt: skip
        height, width = self.size
        cells = grids.shape[1]
        return spreading(height, cells) @ grids[word] @ spreading(width, cells).T


def steering_result(
    size: tuple[int, int], texts: tuple[EncodedText, ...], maps: "list[WordMaps]"
) -> SteeringResult:
    """Return the result of one fusion; `texts` and `maps` in the order of `TEXTS`."""
    spelt = [tuple(t for t in text.tokens if t.end > t.start) for text in texts]
    return SteeringResult(
        size,
        dict(zip(TEXTS, spelt, strict=True)),
        {name: of.maps for name, of in zip(TEXTS, maps, strict=True)},
        {name: of.values for name, of in zip(TEXTS, maps, strict=True)},
    )
