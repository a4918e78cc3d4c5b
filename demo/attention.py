"""Attention maps between worker and page: arrays in a message, and word pieces as whole words."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from film_core.fusion import AttentionResult, FusionResult

_PARTS = ("spatial", "mean", "gate")


def pack(attention: "AttentionResult") -> dict[str, Any]:
    """Return `attention` as a message of plain arrays."""
    return {
        "size": list(attention.size),
        "tokens": list(attention.tokens),
        "maps": [
            {
                source: {part: getattr(maps, part) for part in _PARTS}
                for source, maps in stage.items()
            }
            for stage in attention.maps
        ],
    }


def unpack(message: dict[str, Any]) -> "AttentionResult":
    """Return the AttentionResult that `pack` made the message of."""
    from film_core.fusion import AttentionResult, SourceAttention

    maps = [
        {source: SourceAttention(**parts) for source, parts in stage.items()}
        for stage in message["maps"]
    ]
    return AttentionResult(tuple(message["size"]), maps, tuple(message["tokens"]))


def words_of(result: "FusionResult") -> list[dict[str, Any]]:
    """Return the words of all texts with the indices of their pieces.

    Pieces that touch in the text ("lamp", "##post", ",") are one word to the reader. The encoder's
    special tokens stand for nothing in the text but take part, so they are listed under their name.
    """
    words: list[dict[str, Any]] = []
    end, before = -1, ""
    texts = {"a": result.text_a, "b": result.text_b, "instruction": result.instruction}
    for index, (token, slot) in enumerate(zip(result.tokens, result.token_sources, strict=True)):
        special = token.start == token.end
        if not special and slot == before and token.start == end:
            words[-1]["tokens"].append(index)
            words[-1]["text"] += texts[slot][token.start : token.end]
        else:
            text = token.text if special else texts[slot][token.start : token.end]
            words.append({"text": text, "slot": slot, "tokens": [index]})
        end, before = (-1, "") if special else (token.end, slot)
    return words


def word_map(
    attention: "AttentionResult", stage: int, source: str, head: int | None, tokens: tuple[int, ...]
) -> np.ndarray:
    """Return (H, W) float32, the mean map of a word's pieces; of all tokens for none."""
    if not tokens:
        return attention.map(stage, source, head)
    maps = [attention.map(stage, source, head, token) for token in tokens]
    return np.mean(maps, axis=0, dtype=np.float32)


def departures(
    attention: "AttentionResult", stage: int, source: str, head: int | None
) -> np.ndarray:
    """Return (T,) how far each token's map is from the mean of all, in [0, 1].

    Half the sum of absolute differences of two distributions: their total variation distance.
    """
    weights = attention.maps[stage - 1][source].spatial  # (T, heads, 432)
    weights = weights.mean(axis=1) if head is None else weights[:, head - 1]
    return 0.5 * np.abs(weights - weights.mean(axis=0)).sum(axis=1)
