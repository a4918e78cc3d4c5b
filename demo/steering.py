"""What a steering network's words did, between worker and page, and as whole words."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from demo.state import Result, Word
from film_core.instructions import CHANNELS

if TYPE_CHECKING:
    from film_core.fusion import FusionResult, SteeringResult

TEXTS = ("instruction", "a", "b")
"""In the order in which their words are shown; what is said in the instruction comes first."""


def pack(steering: "SteeringResult") -> dict[str, Any]:
    """Return `steering` as a message of plain values and arrays."""
    return {
        "size": list(steering.size),
        "words": {name: [asdict(t) for t in words] for name, words in steering.words.items()},
        "maps": dict(steering.maps),
        "strengths": dict(steering.strengths),
    }


def unpack(message: dict[str, Any]) -> "SteeringResult":
    """Return the SteeringResult that `pack` made the message of."""
    from film_core.fusion import SteeringResult
    from film_core.text import Token

    words = {name: tuple(Token(**t) for t in tokens) for name, tokens in message["words"].items()}
    return SteeringResult(tuple(message["size"]), words, message["maps"], message["strengths"])


def words_of(result: "FusionResult") -> list[dict[str, Any]]:
    """Return the words of all three texts; pieces that touch are one word to the reader."""
    texts = {"instruction": result.instruction, "a": result.text_a, "b": result.text_b}
    words: list[dict[str, Any]] = []
    for slot in TEXTS:
        end = -1
        for index, token in enumerate(result.steering.words[slot]):
            spelt = texts[slot][token.start : token.end]
            if token.start == end:
                words[-1]["tokens"].append(index)
                words[-1]["text"] += spelt
            else:
                words.append({"text": spelt, "slot": slot, "tokens": [index]})
            end = token.end
    return words


def word_map(steering: "SteeringResult", word: Word) -> np.ndarray:
    """Return where a word points or acts, (H, W) float32 in [0, 1]: the mean of its pieces."""
    maps = [steering.map(word.slot, index) for index in word.tokens]
    return np.mean(maps, axis=0, dtype=np.float32)


def wishes(steering: "SteeringResult", word: Word) -> dict[str, float]:
    """Return what a word asks for, {kind of edit: strength}, its pieces together."""
    asked = steering.strengths[word.slot][list(word.tokens)].sum(axis=0)
    return dict(zip(CHANNELS, map(float, asked), strict=True))


def acting(result: Result) -> int | None:
    """Return the index of the word that asks for most, None where no word asks for anything."""
    sizes = [max(map(abs, wishes(result.steering, word).values())) for word in result.words]
    return int(np.argmax(sizes)) if sizes and max(sizes) > 0 else None
