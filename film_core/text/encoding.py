"""What a text encoder is, which there are, and how two descriptions become one sequence."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from film_core.errors import SettingError, unknown_name
from film_core.notes import Note


@dataclass(frozen=True)
class Token:
    """One word piece and the characters that it stands for.

    Attributes:
        text: the piece as the tokenizer spells it: "lamp", "##post", "[CLS]".
        start, end: `kept[start:end]` is what it stands for, in characters (code points) of the
            description; equal for the special tokens, which stand for nothing.
    """

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class EncodedText:
    """One encoded description.

    Attributes:
        tokens: T tokens, the special ones at both ends included.
        features: (T, width) float32, the encoder's last hidden states.
        kept: the part of the description that was encoded.
        cut: what was cut off its end, "" for nothing; `kept + cut` is the description.
    """

    tokens: tuple[Token, ...]
    features: np.ndarray
    kept: str
    cut: str = ""


class Encoder(Protocol):
    """Turns a description into features.

    Attributes:
        name: as in `ENCODERS`.
        width: number of features of a token.

    One whose weights can differ under one name also has a `fingerprint`; see `encoder_identity`.
    """

    name: str
    width: int

    def encode(self, text: str) -> EncodedText:
        """Return the features of `text`, which may be empty. Raises TextError."""
        ...


def encoder_identity(encoder: Encoder) -> str:
    """Return what distinguishes encoders whose features differ: kind, width and weights."""
    return f"{encoder.name}:{encoder.width}:{getattr(encoder, 'fingerprint', '')}"


@dataclass(frozen=True)
class EncodedPair:
    """Both descriptions of a pair.

    Attributes:
        a, b: the two, each encoded on its own.
        features: (T_a + T_b, width) float32, those of `a`, then those of `b`.
    """

    a: EncodedText
    b: EncodedText
    features: np.ndarray

    @property
    def tokens(self) -> tuple[Token, ...]:
        """All tokens in the order of `features`."""
        return self.a.tokens + self.b.tokens

    @property
    def sources(self) -> tuple[str, ...]:
        """For each token "a" or "b", the description that it belongs to."""
        return ("a",) * len(self.a.tokens) + ("b",) * len(self.b.tokens)

    @property
    def notes(self) -> list[str]:
        """For each description that was cut, a sentence that says so."""
        return [
            Note(
                "text.cut",
                "Description {letter} was too long: its last {count} characters, from "
                '"{excerpt}" on, were left out.',
                letter=label,
                count=len(text.cut),
                excerpt=_excerpt(text.cut),
            )
            for label, text in (("A", self.a), ("B", self.b))
            if text.cut.strip()
        ]


def instruction_notes(instruction: EncodedText) -> list[str]:
    """Return a sentence that says what was cut off an instruction; none where nothing was."""
    if not instruction.cut.strip():
        return []
    return [
        Note(
            "text.cut_instruction",
            "The instruction was too long: its last {count} characters, from "
            '"{excerpt}" on, were left out.',
            count=len(instruction.cut),
            excerpt=_excerpt(instruction.cut),
        )
    ]


def _excerpt(text: str) -> str:
    words = " ".join(text[:200].split())
    return words if len(words) <= 40 else words[:40].rsplit(" ", 1)[0] + " …"


def encode_pair(encoder: Encoder, text_a: str, text_b: str) -> EncodedPair:
    """Return both descriptions, encoded separately and concatenated along the tokens.

    Raises:
        TextError: a description that can't be encoded.
    """
    a, b = encoder.encode(text_a), encoder.encode(text_b)
    return EncodedPair(a, b, np.concatenate([a.features, b.features]))


def _load_minilm(path: str | Path | None) -> Encoder:
    from film_core.text.minilm import MiniLM

    if path:
        raise SettingError(
            "text.no_path", "The text encoder 'minilm' is built in and takes no path ({path}).",
            path=str(path),
        )  # fmt: skip
    return MiniLM()


def _load_qformer(path: str | Path | None) -> Encoder:
    from film_core.text.qformer import QFormer

    return QFormer(path)


ENCODERS: dict[str, Callable[[str | Path | None], Encoder]] = {
    "minilm": _load_minilm,
    "qformer": _load_qformer,
}


def load_encoder(name: str = "minilm", path: str | Path | None = None) -> Encoder:
    """Return the encoder called `name`, ready to encode; no network is ever asked.

    Args:
        name: ``minilm`` (built in) or ``qformer`` (BLIP-2's, as published).
        path: weights of an encoder that isn't built in; None where a setting names them.

    Raises:
        UnknownNameError: no such encoder.
        TextError, CheckpointError: its files are missing or not the expected ones.
        SettingError: a path for an encoder that has none.
    """
    try:
        load = ENCODERS[str(name).strip().lower()]
    except KeyError:
        raise unknown_name("text encoder", name, ENCODERS) from None
    return load(path)
