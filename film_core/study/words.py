"""The words of a description, and descriptions made of them: one left out, or all shuffled."""

import re
import unicodedata
from dataclasses import dataclass

import numpy as np

# Chinese and kana are written without spaces: every character is a word here.
_ALONE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_JOINING = "-'’.\u200c\u200d"  # the last two, of no width, stand within words of several scripts
_WORD = re.compile("cm*|l[lm]*(?:jl[lm]*)*")  # over the kinds of the characters
_ATTEMPTS = 20


@dataclass(frozen=True)
class Word:
    """One word of a description.

    Attributes:
        source: ``a`` or ``b``, whose description it is in.
        text: the word.
        start, end: its place, in characters of the description.
    """

    source: str
    text: str
    start: int
    end: int


def find_words(text: str, source: str) -> list[Word]:
    """Return the words of `text` in order, with their accents; numbers such as 0.5 are words."""
    kinds = "".join(map(_kind, text))
    return [
        Word(source, text[m.start() : m.end()], m.start(), m.end()) for m in _WORD.finditer(kinds)
    ]


def _kind(character: str) -> str:
    """Return l(etter or digit), c(haracter that is a word), m(ark on what is before), j(oining)."""
    if unicodedata.category(character).startswith("M"):  # an accent, a vowel sign
        return "m"
    if character.isalnum():
        return "c" if _ALONE.match(character) else "l"
    return "j" if character in _JOINING else " "


def without(text: str, word: Word) -> str:
    """Return `text` with `word` left out, and without the space that it leaves behind."""
    before, after = text[: word.start], text[word.end :]
    if before.endswith(" ") and (not after or not after[0].isalnum()):
        before = before[:-1]
    elif not before:
        after = after.lstrip(" ")
    return before + after


def shuffled(text: str, draw: np.random.Generator) -> str:
    """Return `text` with its words in another order; spaces and punctuation stay in place.

    A text of fewer than two different words comes back as it is.
    """
    words = find_words(text, "a")
    spelled = [word.text for word in words]
    if len(set(spelled)) < 2:
        return text
    for _ in range(_ATTEMPTS):
        order = [spelled[i] for i in draw.permutation(len(spelled))]
        if order != spelled:
            break
    pieces, end = [], 0
    for word, replacement in zip(words, order, strict=True):
        pieces += [text[end : word.start], replacement]
        end = word.end
    return "".join(pieces) + text[end:]
