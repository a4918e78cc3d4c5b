"""What a study asks: the base texts, and which other texts they are compared with."""

from dataclasses import dataclass

import numpy as np

from film_core.errors import SettingError
from film_core.notes import Note
from film_core.study.words import Word, find_words, shuffled, without
from film_core.text import Encoder
from film_core.text.characters import check_storable

KINDS: dict[str, str] = {
    "base": "the text that all others are compared with",
    "yours": "a text of the reader's",
    "without": "the base text with one word left out",
    "empty": "no text at all",
    "shuffled": "the base text's words in another order",
    "other": "the description of another picture",
    "random": "random numbers of the base text's mean and spread in place of its features",
}
"""Kinds of rows with what each is, in the order in which a study shows them."""

MOST_WORDS = 200
MOST_VARIANTS = 100
MOST_DRAWS = 20


@dataclass(frozen=True)
class Question:
    """What is to be compared.

    Attributes:
        text_a, text_b: the base; None lets the describer write it.
        yours: (name, text A or None, text B or None) for each own variant; None keeps the base's.
        leave_out: whether each word is left out in turn.
        controls: whether empty, shuffled, other and random are compared.
        other: both descriptions of another picture; None leaves that control out.
        draws: how many times shuffled words and random numbers are drawn.
        seed: of all that is drawn.
        metrics: names to measure for each row; None for all twelve, () for none.
    """

    text_a: str | None = None
    text_b: str | None = None
    yours: tuple[tuple[str, str | None, str | None], ...] = ()
    leave_out: bool = True
    controls: bool = True
    other: tuple[str, str] | None = None
    draws: int = 1
    seed: int = 0
    metrics: tuple[str, ...] | None = None

    def check(self) -> None:
        """Raise SettingError for a number out of its bounds, TextError for an unusable text."""
        for what, seen, low, high in (
            ("draws", self.draws, 1, MOST_DRAWS),
            ("variants", len(self.yours), 0, MOST_VARIANTS),
            ("seed", self.seed, 0, 2**31 - 1),
        ):
            if not low <= seen <= high:
                raise SettingError(
                    "study.out_of_range",
                    "A study takes {low} to {high} {what}; {seen} were given.",
                    what=what, seen=seen, low=low, high=high,
                )  # fmt: skip
        yours = (text for _, *texts in self.yours for text in texts)
        check_storable(self.text_a, self.text_b, *yours, *(self.other or ()))


@dataclass(frozen=True)
class Variant:
    """One row to compute.

    Attributes:
        kind: as in `KINDS`.
        name: what tells it from others of its kind: the word, the reader's name, the draw.
        text_a, text_b: both descriptions; for ``random`` those whose features are replaced.
        word: the word that is left out.
        seed: of the random numbers, for ``random``.
    """

    kind: str
    name: str
    text_a: str
    text_b: str
    word: Word | None = None
    seed: int | None = None

    @property
    def label(self) -> str:
        """What a table calls it."""
        return {
            "base": "base",
            "yours": self.name,
            "without": f"without “{self.name}”",
            "empty": "no text",
            "shuffled": f"shuffled words {self.name}",
            "other": "another picture's text",
            "random": f"random numbers {self.name}",
        }[self.kind]


def plan(
    question: Question, base_a: str, base_b: str, encoder: Encoder
) -> tuple[list[Variant], list[str]]:
    """Return the rows that `question` asks for, the base first, and sentences on what is left out.

    Args:
        question: what is asked.
        base_a, base_b: the base texts, written by the describer where the question has none.
        encoder: tells how much of a text is read; words that it cuts off aren't left out in turn.

    Raises:
        SettingError: numbers out of their bounds.
        TextError: a text that can't be encoded.
    """
    question.check()
    rows = [Variant("base", "", base_a, base_b)]
    notes: list[str] = []
    for name, text_a, text_b in question.yours:
        rows.append(
            Variant(
                "yours", name, base_a if text_a is None else text_a,
                base_b if text_b is None else text_b,
            )
        )  # fmt: skip
    if question.controls:
        rows += _controls(question, base_a, base_b, notes)
    if question.leave_out:
        words = [
            word
            for source, text in (("a", base_a), ("b", base_b))
            for word in find_words(encoder.encode(text).kept, source)
        ]
        if len(words) > MOST_WORDS:
            notes.append(
                Note(
                    "study.many_words",
                    "The texts have {count} words; the first {limit} are left out in turn.",
                    count=len(words),
                    limit=MOST_WORDS,
                )
            )
        for word in words[:MOST_WORDS]:
            texts = {"a": base_a, "b": base_b}
            texts[word.source] = without(texts[word.source], word)
            rows.append(Variant("without", word.text, texts["a"], texts["b"], word))
    return rows, notes


def _controls(question: Question, base_a: str, base_b: str, notes: list[str]) -> list[Variant]:
    rows = []
    if base_a or base_b:
        rows.append(Variant("empty", "", "", ""))
    draw = np.random.default_rng(question.seed)
    for number in range(1, question.draws + 1):
        mixed = shuffled(base_a, draw), shuffled(base_b, draw)
        if mixed == (base_a, base_b):
            notes.append(
                Note(
                    "study.one_order", "There is no second order of the words, so none is compared."
                )
            )
            break
        rows.append(Variant("shuffled", str(number), *mixed))
    if question.other is not None:
        rows.append(Variant("other", "", *question.other))
    for number in range(1, question.draws + 1):
        seed = question.seed + number
        rows.append(Variant("random", str(number), base_a, base_b, seed=seed))
    return rows
