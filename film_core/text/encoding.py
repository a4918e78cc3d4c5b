"""What a text encoder is, which there are, and how two descriptions become one sequence."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from film_core.errors import unknown_name


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
    """

    name: str
    width: int

    def encode(self, text: str) -> EncodedText:
        """Return the features of `text`, which may be empty. Raises TextError."""
        ...


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
            f"Description {label} was too long: its last {len(text.cut)} characters, from "
            f'"{_excerpt(text.cut)}" on, were left out.'
            for label, text in (("A", self.a), ("B", self.b))
            if text.cut.strip()
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


def _load_minilm() -> Encoder:
    from film_core.text.minilm import MiniLM

    return MiniLM()


ENCODERS: dict[str, Callable[[], Encoder]] = {"minilm": _load_minilm}


def load_encoder(name: str = "minilm") -> Encoder:
    """Return the encoder called `name`, ready to encode; no network is ever asked.

    Raises:
        UnknownNameError: no such encoder.
        TextError: its files are missing or not the expected ones.
    """
    try:
        load = ENCODERS[str(name).strip().lower()]
    except KeyError:
        raise unknown_name("text encoder", name, ENCODERS) from None
    return load()
