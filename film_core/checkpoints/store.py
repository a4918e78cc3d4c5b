"""Writes weights: a safetensors file with FILM's names, and its card."""

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from film_core.checkpoints.card import Card, write_with_card
from film_core.checkpoints.failures import hostile, truncated
from film_core.checkpoints.layout import check_state, film_layout, text_width_of

MAX_BYTES = 2**30
"""Largest safetensors file that is read."""


def save_weights(state: Mapping[str, np.ndarray], path: Path, card: Card) -> Card:
    """Write `state` to `path` (.safetensors) and the card beside it (.json).

    Args:
        state: {tensor name: array}, FILM's 189 tensors.
        path: where to; the card takes the same name with .json.
        card: what is known; text width, parameter count and SHA-256 are filled in here.

    Returns:
        The completed card.

    Raises:
        WrongKeysError, WrongShapesError, WrongValuesError: `state` is not FILM's.
        OutputError: a file can't be written.
    """
    width = text_width_of(state, path.name)
    layout = film_layout(width)
    check_state(state, layout, path.name)
    # The layout's order and one metadata entry (several come in random order): equal weights give
    # equal files.
    arrays = {key: np.ascontiguousarray(state[key], np.float32) for key in layout}
    content = save(arrays, metadata={"network": "film"})
    card = dataclasses.replace(
        card,
        text_width=width,
        parameters=sum(array.size for array in arrays.values()),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    write_with_card(content, path, card)
    return card


def read_safetensors(path: Path) -> tuple[dict[str, np.ndarray], str]:
    """Return ({tensor name: float32 array}, SHA-256 of the file).

    Raises:
        TruncatedCheckpointError: not a whole safetensors file.
        HostileCheckpointError: larger than is ever read.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise hostile(path.name, f"it has {size} bytes, more than {MAX_BYTES}")
    content = path.read_bytes()
    try:
        state = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        # KeyError and TypeError: element types that numpy does not have (bfloat16, float8).
        raise truncated(path.name, str(error)[:120]) from None
    arrays = {key: np.asarray(array, np.float32) for key, array in state.items()}
    return arrays, hashlib.sha256(content).hexdigest()
