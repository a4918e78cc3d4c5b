"""The card of a weights file: what it is, what made it, and how good it was found to be."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from film_core.checkpoints.failures import truncated
from film_core.checkpoints.writing import replace_atomically, write_atomically
from film_core.errors import CheckpointError


@dataclass(frozen=True)
class Card:
    """What is known about one set of weights.

    Attributes:
        name: short name, as typed after --weights ("film-ivf").
        task: the task it was trained for ("ivf"), or "" where that is not known.
        text_encoder: name of the encoder whose features it was trained with ("minilm").
        text_width: values a text token has.
        network: the architecture: "film", or "film-steer" for the branch that steers it.
        data: what it was trained on, in a sentence.
        command: the command that made it.
        seed: the random seed of that command, or None.
        results: {list of images: {metric: value}}; mean over the list, raw form.
        held_out: "data set/name" of the training lists' pairs that neither this training nor those
            before it learnt from; empty where that is not known.
        licence: licence of the weights.
        sha256: of the weights file, in hexadecimal.
        notes: anything a user should know, such as limits.
        parameters: number of trained values.
    """

    name: str
    task: str = ""
    text_encoder: str = ""
    text_width: int = 0
    network: str = "film"
    data: str = ""
    command: str = ""
    seed: int | None = None
    results: dict[str, dict[str, float]] = field(default_factory=dict)
    held_out: list[str] = field(default_factory=list)
    licence: str = ""
    sha256: str = ""
    notes: str = ""
    parameters: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the card as JSON-ready values."""
        return dataclasses.asdict(self)


def read_card(path: Path) -> Card:
    """Read the JSON card at `path`.

    Raises:
        CheckpointError: it is not a card.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _bad_card(path, str(error)[:120]) from None
    if not isinstance(content, dict):
        raise _bad_card(path, "it is not a JSON object")
    known = {item.name: item for item in dataclasses.fields(Card)}
    unknown = sorted(set(content) - set(known))
    if unknown:
        raise _bad_card(path, f"unknown entry '{unknown[0][:60]}'")
    for key, value in content.items():
        if not _fits(key, value):
            raise _bad_card(path, f"the entry '{key}' has a wrong type")
    if "name" not in content:
        raise _bad_card(path, "it has no name")
    return Card(**content)


def read_card_of(weights: Path, sha256: str) -> Card:
    """Read the card beside the file `weights`, whose digest is `sha256`; it gets that digest.

    Raises:
        CheckpointError: it is not a card.
        TruncatedCheckpointError: the card is of a file with another digest.
    """
    card = read_card(weights.with_suffix(".json"))
    if card.sha256 and card.sha256 != sha256:
        raise truncated(weights.name, "its SHA-256 is not the one on its card")
    return dataclasses.replace(card, sha256=sha256)


def _fits(key: str, value: Any) -> bool:
    if key == "results":
        return isinstance(value, dict) and all(
            isinstance(metrics, dict) and all(map(_is_measured, metrics.values()))
            for metrics in value.values()
        )
    if key == "held_out":
        return isinstance(value, list) and all(isinstance(name, str) for name in value)
    if key == "seed":
        return value is None or isinstance(value, int)
    if key in ("text_width", "parameters"):
        return isinstance(value, int)
    return isinstance(value, str)


def _is_measured(value: Any) -> bool:
    # Infinity is a PSNR of equal pictures; an integer that no float holds is nothing measured.
    return type(value) is float or (type(value) is int and abs(value) < 2**63)


def _bad_card(path: Path, seen: str) -> CheckpointError:
    return CheckpointError(
        "checkpoint.card",
        "The card '{path}' can't be used ({seen}); write it again with "
        "`python -m film_core convert`.",
        path=str(path), seen=seen,
    )  # fmt: skip


def write_with_card(content: bytes, path: Path, card: Card) -> None:
    """Write the weights file `content` to `path`, and its card beside it.

    The old card goes as soon as the new weights are on the disk: a kill in between leaves weights
    without a card, which can be used, and never weights beside the card of others, which can't.

    Raises:
        OutputError: a file can't be written.
    """
    beside = path.with_suffix(".json")

    def write(unfinished: Path) -> None:
        unfinished.write_bytes(content)
        beside.unlink(missing_ok=True)

    replace_atomically(path, write)
    write_card(card, beside)


def write_card(card: Card, path: Path) -> None:
    """Write `card` to `path` as indented JSON, atomically.

    Raises:
        OutputError: the file can't be written.
    """
    text = json.dumps(card.as_dict(), indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, text.encode("utf-8"))
