"""The meaning of an instruction: what is done, how much, and where."""

from dataclasses import dataclass

CHANNELS = (
    "trust_a", "trust_b", "tone", "contrast", "detail", "denoise", "lift", "deblur", "unsaturate",
)  # fmt: skip
"""Kinds of edit whose strength the network forms for every pixel; three of them have a sign."""

STRENGTHS = {"slightly": 0.35, "plainly": 0.65, "strongly": 1.0}
"""How much, as a share of the strongest edit."""

EVERYWHERE = "all"


@dataclass(frozen=True)
class Operation:
    """One thing to do.

    Attributes:
        name: as in the wordings ("darker").
        channel: index into `CHANNELS`.
        sign: 1 or -1.
    """

    name: str
    channel: int
    sign: int = 1


OPERATIONS: dict[str, Operation] = {
    name: Operation(name, CHANNELS.index(channel), sign)
    for name, channel, sign in (
        ("source-a", "trust_a", 1),
        ("source-b", "trust_b", 1),
        ("brighter", "tone", 1),
        ("darker", "tone", -1),
        ("more-contrast", "contrast", 1),
        ("less-contrast", "contrast", -1),
        ("sharper", "detail", 1),
        ("smoother", "detail", -1),
        ("denoise", "denoise", 1),
        ("lift", "lift", 1),
        ("deblur", "deblur", 1),
        ("unsaturate", "unsaturate", 1),
    )
}


@dataclass(frozen=True)
class Clause:
    """One operation at one place.

    Attributes:
        operation: a name in `OPERATIONS`.
        strength: in (0, 1], or 0 where the sentence forbids it.
        region: an expression of `region_mask`; ``all`` where no place is named.
    """

    operation: str
    strength: float
    region: str = EVERYWHERE


@dataclass(frozen=True)
class Span:
    """Characters of a sentence and the part of the picture that they speak of.

    Attributes:
        start, end: `text[start:end]`.
        kind: ``place`` (names the region), ``operation`` (acts there) or ``degree`` (how much).
        region: an expression of `region_mask`.
    """

    start: int
    end: int
    kind: str
    region: str


@dataclass(frozen=True)
class Sentence:
    """An instruction or a fact with its meaning.

    Attributes:
        text: the words.
        clauses: what it asks for; empty for facts and nonsense.
        spans: which words name places and operations.
        kind: how it is built: "one", "two", "negated", "except", "fact", "nonsense".
    """

    text: str
    clauses: tuple[Clause, ...] = ()
    spans: tuple[Span, ...] = ()
    kind: str = "one"
