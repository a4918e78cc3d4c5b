"""From a path or a name to checked weights, and to a network that carries them."""

import dataclasses
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from film_core.checkpoints.card import Card, read_card_of
from film_core.checkpoints.failures import not_a_checkpoint, truncated, unreadable
from film_core.checkpoints.jittor_pickle import read_jittor_pickle
from film_core.checkpoints.layout import check_state, film_layout, text_width_of
from film_core.checkpoints.shelf import WEIGHTS_FOLDER, find_weights
from film_core.checkpoints.store import read_safetensors
from film_core.checkpoints.torch_archive import read_torch_archive

if TYPE_CHECKING:
    from film_core.net import Film

NO_CARD = "There is no card beside this file."
"""The note on the card that is made up for weights without one."""


def read_weights(
    path_or_name: str | Path, folder: Path = WEIGHTS_FOLDER
) -> tuple[dict[str, np.ndarray], Card]:
    """Return FILM's 189 tensors as float32 arrays, checked, and their card.

    Args:
        path_or_name: a .safetensors, a published .pth, a Jittor .pkl, or a name in `folder`.
        folder: where names are looked up.

    Raises:
        UnknownNameError: no such name.
        CheckpointError: its subclass says what is wrong with the file.
    """
    path = find_weights(path_or_name, folder)
    try:
        state, sha256 = _read_any(path)
    except OSError as error:
        raise unreadable(path, error) from None
    width = text_width_of(state, path.name)
    check_state(state, film_layout(width), path.name)
    if not path.with_suffix(".json").is_file():
        parameters = sum(array.size for array in state.values())
        return state, Card(
            name=path.stem, text_width=width, sha256=sha256, parameters=parameters,
            notes=NO_CARD,
        )  # fmt: skip
    card = read_card_of(path, sha256)
    return state, dataclasses.replace(card, text_width=width)


def _read_any(path: Path) -> tuple[dict[str, np.ndarray], str]:
    """Read by what the file begins with; names lie."""
    with open(path, "rb") as file:
        head = file.read(16)
    if head.startswith(b"PK"):
        return read_torch_archive(path), _sha256(path)
    if len(head) >= 2 and head[0] == 0x80 and head[1] in (2, 3, 4, 5):  # pickle's PROTO
        return read_jittor_pickle(path), _sha256(path)
    # Eight bytes of header length, then a JSON object.
    if len(head) > 8 and head[8:9] == b"{":
        return read_safetensors(path)
    if path.suffix == ".safetensors" and 0 < len(head) <= 8:
        raise truncated(path.name, f"it has only {len(head)} bytes")
    raise not_a_checkpoint(path.name, "empty file" if not head else "its beginning is unknown")


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_film(
    path_or_name: str | Path, kernels: str = "fused", folder: Path = WEIGHTS_FOLDER
) -> "tuple[Film, Card]":
    """Return a network that carries the weights, and their card.

    Jittor is started (`film_core.runtime.start`) if nobody has done so yet.

    Args:
        path_or_name: as in `read_weights`.
        kernels: "fused" (the CPU kernels) or "plain" (Jittor's own operators).
        folder: where names are looked up.

    Raises:
        UnknownNameError, CheckpointError: as in `read_weights`.
        RuntimeStartError: Jittor can't start here.
    """
    state, card = read_weights(path_or_name, folder)
    from film_core.runtime import start

    start()
    from film_core.net import Film

    film = Film(text_width=card.text_width, kernels=kernels)
    film.load_state_dict(state)
    return film, card
