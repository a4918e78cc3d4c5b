"""What the attention explorer shows for a choice: which maps, in which colours, on which scale."""

from dataclasses import replace

import numpy as np

from demo.attention import word_map
from demo.heat import SIGNED, span_of
from demo.state import Look, Result

RUNS = 432  # places that a word's map has; film_core.fusion.attention lays them over the image


def visible(look: Look, result: Result) -> Look:
    """Return `look` without words that the result doesn't have."""
    return replace(look, words=tuple(word for word in look.words if word < len(result.words)))


def looked_at(result: Result, look: Look) -> list[tuple[str, np.ndarray]]:
    """Return (word, map) for each map that `look` shows; the word is "" for a mean or the gate.

    Maps are (H, W) float32. 1 is an even look; of the gate, which has a sign, its mean size.
    """
    if look.gate:
        return [("", result.attention.gate(look.stage, look.source))]
    words = [result.words[index] for index in look.words]
    named = [(word.text, word.tokens) for word in words] or [("", ())]
    return [
        (name, word_map(result.attention, look.stage, look.source, look.head, tokens))
        for name, tokens in named
    ]


def scale_of(look: Look, shown: list[tuple[str, np.ndarray]]) -> tuple[str, tuple[float, float]]:
    """Return the colour map and the ends of the one scale for all maps that are shown."""
    colours = SIGNED if look.gate else look.colours
    return colours, span_of([values for _, values in shown], look.gate)


def runs_of_words(result: Result, look: Look) -> np.ndarray:
    """Return (words, 432) float32, every word's look at each place; 1 is an even look."""
    weights = result.attention.maps[look.stage - 1][look.source].spatial  # (T, heads, 432)
    weights = weights.mean(axis=1) if look.head is None else weights[:, look.head - 1]
    return np.stack([weights[list(word.tokens)].mean(axis=0) for word in result.words]) * RUNS
