"""The shelf of weights: which there are, and where a name or a path leads."""

import difflib
import os
from pathlib import Path

from film_core.checkpoints.card import Card, read_card
from film_core.checkpoints.failures import MissingCheckpointError
from film_core.errors import unknown_name
from film_core.weights_folder import weights_folder

WEIGHTS_FOLDER = weights_folder()
"""The repository's own weights."""
SUFFIXES = (".safetensors", ".pth", ".pt", ".pkl")


def list_weights(folder: Path = WEIGHTS_FOLDER) -> dict[str, Card]:
    """Return {name: card} of every safetensors file in `folder` that has a card, by name."""
    return {
        path.stem: read_card(path.with_suffix(".json"))
        for path in sorted(folder.glob("*.safetensors"))
        if path.with_suffix(".json").is_file()
    }


def find_weights(path_or_name: str | Path, folder: Path = WEIGHTS_FOLDER) -> Path:
    """Return the file that `path_or_name` means.

    A value with a folder or a weights suffix in it is a path; anything else is a name on the shelf.

    Raises:
        UnknownNameError: no weights of that name; the closest one is suggested.
        MissingCheckpointError: no file at that path; a similar one beside it is suggested.
    """
    text = str(path_or_name)
    path = Path(text)
    # os.path, and not the path's own methods, which raise for a name that no file system takes.
    if not (path.suffix in SUFFIXES or len(path.parts) > 1 or os.path.isfile(path)):
        named = folder / f"{text}.safetensors"
        if os.path.isfile(named):
            return named
        raise unknown_name("weights file", text, [p.stem for p in folder.glob("*.safetensors")])
    if os.path.isfile(path):
        return path
    if os.path.isdir(path):
        raise MissingCheckpointError(
            "checkpoint.folder", "'{path}' is a folder; name the weights file in it.", path=text
        )
    beside = []
    if os.path.isdir(path.parent):
        beside = [p.name for p in path.parent.iterdir() if p.suffix in SUFFIXES]
    close = difflib.get_close_matches(path.name, beside, 1)
    if close:
        raise MissingCheckpointError(
            "checkpoint.missing_close",
            "There is no weights file '{path}'; did you mean '{suggestion}'?",
            path=text, suggestion=str(path.parent / close[0]),
        )  # fmt: skip
    raise MissingCheckpointError(
        "checkpoint.missing", "There is no weights file '{path}'.", path=text
    )


NETWORKS = ("film", "steer")
"""Exact FILM, and the steering network beside it."""


def weights_of_network(network: str, task: str, folder: Path = WEIGHTS_FOLDER) -> str:
    """Return the name of a task's weights of one of `NETWORKS`.

    Raises:
        UnknownNameError: a network of another name.
    """
    if network not in NETWORKS:
        raise unknown_name("network", network, NETWORKS)
    return weights_for_task(task, folder) if network == "film" else f"film-steer-{task}"


def weights_for_task(task: str, folder: Path = WEIGHTS_FOLDER) -> str:
    """Return the name of the weights that were trained for `task`, else ``film-ivf``.

    Whoever uses them sees from the card which task they were trained for.
    """
    own = f"film-{task}"
    return own if (folder / f"{own}.safetensors").is_file() else "film-ivf"
