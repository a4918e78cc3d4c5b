"""The words of a description, and descriptions made of them: one left out, or all shuffled."""

import re
from dataclasses import dataclass

import numpy as np

_CJK = r"\u3400-\u9fff\uf900-\ufaff"  # written without spaces: every character is a word here
_LETTER = rf"(?:(?![{_CJK}])[^\W_])"
_WORD = re.compile(rf"[{_CJK}]|{_LETTER}+(?:[-'’.]{_LETTER}+)*")
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
    """Return the words of `text` in order; numbers such as 0.5 are words."""
    return [Word(source, m.group(), m.start(), m.end()) for m in _WORD.finditer(text)]


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
