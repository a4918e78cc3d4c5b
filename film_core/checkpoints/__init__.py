"""Weights on disk: safetensors with a card beside them, and safe reading of published files.

Nothing in this folder executes anything from a file that it reads, and nothing but the last step
of `load_film` needs Jittor.
"""

from film_core.checkpoints.branch import (
    branch_layout,
    is_branch,
    load_steered,
    read_branch,
    save_branch,
)
from film_core.checkpoints.card import Card, read_card, write_card
from film_core.checkpoints.failures import (
    HostileCheckpointError,
    MissingCheckpointError,
    NotACheckpointError,
    TruncatedCheckpointError,
    WrongKeysError,
    WrongShapesError,
    WrongValuesError,
)
from film_core.checkpoints.layout import check_state, film_layout, text_width_of
from film_core.checkpoints.load import load_film, read_weights
from film_core.checkpoints.shelf import (
    NETWORKS,
    WEIGHTS_FOLDER,
    find_weights,
    list_weights,
    weights_for_task,
    weights_of_network,
)
from film_core.checkpoints.store import save_weights

__all__ = [
    "NETWORKS",
    "WEIGHTS_FOLDER",
    "Card",
    "HostileCheckpointError",
    "MissingCheckpointError",
    "NotACheckpointError",
    "TruncatedCheckpointError",
    "WrongKeysError",
    "WrongShapesError",
    "WrongValuesError",
    "branch_layout",
    "check_state",
    "film_layout",
    "find_weights",
    "is_branch",
    "list_weights",
    "load_film",
    "load_steered",
    "read_branch",
    "read_card",
    "read_weights",
    "save_branch",
    "save_weights",
    "text_width_of",
    "weights_for_task",
    "weights_of_network",
    "write_card",
]
