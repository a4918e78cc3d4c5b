"""Weights of the steering branch on disk: what it learnt alone, without the exact network's.

The exact network's weights stay in their own file, so the branch serves whichever there are.
"""

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import save

from film_core.checkpoints.card import Card, read_card, read_card_of, write_with_card
from film_core.checkpoints.failures import unreadable
from film_core.checkpoints.layout import check_state
from film_core.checkpoints.shelf import WEIGHTS_FOLDER, find_weights, weights_for_task
from film_core.checkpoints.store import read_safetensors

if TYPE_CHECKING:
    from film_core.net.steer import SteeredFilm

NETWORK = "film-steer"
"""What a card of the branch says under ``network``."""
WIDTH, EDITS, MATCH, QUERY, FEATURES = 128, 9, 23, 96, 31
NEAR, FAR, SMOOTH, HIDDEN = 16, 24, 8, 32


def branch_layout(text_width: int = 384) -> dict[str, tuple[int, ...]]:
    """Return {tensor name: shape} of the branch, the features of empty texts included."""
    layout: dict[str, tuple[int, ...]] = {
        "empty_text": (4, text_width),
        **_linear("text.embed.", WIDTH, text_width),
        **_norm("text.norm_in."),
        **_norm("text.norm_out."),
        "text.source": (3, WIDTH),
        "text.place": (1,),
        **_linear("text.key.", MATCH + 1, WIDTH),
        **_linear("text.value.", EDITS, WIDTH),
        **_linear("queries.first.", QUERY, FEATURES),
        **_linear("queries.second.", QUERY, QUERY),
        **_linear("queries.third.", MATCH, QUERY),
        "edit.near.weight": (NEAR, 3, 5, 5),
        "edit.near.bias": (NEAR,),
        "edit.far.weight": (FAR, NEAR, 3, 3),
        "edit.far.bias": (FAR,),
        "edit.smooth.weight": (SMOOTH, 3, 7, 7),
        **_linear("edit.mix.", HIDDEN, 6 + SMOOTH + NEAR + FAR),
        "edit.shift": (HIDDEN, EDITS),
        "edit.scale": (HIDDEN, EDITS),
        "edit.blend": (4 + SMOOTH, EDITS),
    }
    for block in ("text.block1.", "text.block2."):
        layout |= _norm(f"{block}norm1.") | _norm(f"{block}norm2.")
        layout[f"{block}qkv.weight"] = (3 * WIDTH, WIDTH)
        layout |= _linear(f"{block}out.", WIDTH, WIDTH)
        layout |= _linear(f"{block}inner.", 2 * WIDTH, WIDTH)
        layout |= _linear(f"{block}outer.", WIDTH, 2 * WIDTH)
    return dict(sorted(layout.items()))


def _linear(at: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{at}weight": (outputs, inputs), f"{at}bias": (outputs,)}


def _norm(at: str) -> dict[str, tuple[int, ...]]:
    return {f"{at}weight": (WIDTH,), f"{at}bias": (WIDTH,)}


def save_branch(state: Mapping[str, np.ndarray], path: Path, card: Card) -> Card:
    """Write the branch's tensors to `path` (.safetensors) and the card beside it (.json).

    Returns:
        The completed card.

    Raises:
        WrongKeysError, WrongShapesError, WrongValuesError: not the branch's tensors.
        OutputError: a file can't be written.
    """
    layout = branch_layout()
    check_state(state, layout, path.name)
    arrays = {key: np.ascontiguousarray(state[key], np.float32) for key in layout}
    content = save(arrays, metadata={"network": NETWORK})
    card = dataclasses.replace(
        card,
        network=NETWORK,
        text_width=layout["empty_text"][1],
        parameters=sum(a.size for name, a in arrays.items() if name != "empty_text"),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    write_with_card(content, path, card)
    return card


def is_branch(path_or_name: str | Path, folder: Path = WEIGHTS_FOLDER) -> bool:
    """Whether a name or path means weights of a branch, by the card beside them.

    Raises:
        UnknownNameError, CheckpointError: no such file, or a card that can't be read.
    """
    card = find_weights(path_or_name, folder).with_suffix(".json")
    return card.is_file() and read_card(card).network == NETWORK


def read_branch(
    path_or_name: str | Path, folder: Path = WEIGHTS_FOLDER
) -> tuple[dict[str, np.ndarray], Card]:
    """Return the branch's tensors as float32 arrays, checked, and their card.

    Raises:
        UnknownNameError: no such name.
        CheckpointError: its subclass says what is wrong with the file.
    """
    path = find_weights(path_or_name, folder)
    try:
        state, sha256 = read_safetensors(path)
    except OSError as error:
        raise unreadable(path, error) from None
    check_state(state, branch_layout(), path.name)
    return state, read_card_of(path, sha256)


def load_steered(
    path_or_name: str | Path, kernels: str = "fused", folder: Path = WEIGHTS_FOLDER
) -> "tuple[SteeredFilm, Card]":
    """Return the steering network: the branch, and the exact network of its task.

    Args:
        path_or_name: as in `read_branch`.
        kernels: of the exact network, "fused" or "plain".
        folder: where names are looked up, the exact network's too.

    Raises:
        UnknownNameError, CheckpointError: as in `read_branch`, also for the exact weights.
        RuntimeStartError: Jittor can't start here.
    """
    state, card = read_branch(path_or_name, folder)
    from film_core.checkpoints.load import load_film

    film, _ = load_film(weights_for_task(card.task or "ivf", folder), kernels, folder)
    from film_core.net.steer import SteerBranch, SteeredFilm

    branch = SteerBranch()
    empty = state.pop("empty_text")
    branch.load_state_dict(state)
    branch.eval()
    return SteeredFilm(film, branch, empty), card
