"""From what a model answered to a description: one paragraph of plain English, or a refusal.

The answer is text and stays text. Whatever markup or instruction stands in it has no meaning here;
a page shows it escaped.
"""

import re
import unicodedata

from film_core.errors import TextError
from film_core.text.cutting import cut_point

MOST_CHARACTERS = 4000
"""An encoder reads about 2,000; the rest of a longer answer is cut off at a sentence."""
_REFUSED_CHARACTERS = 100_000
# The commonest words of English and of its neighbours in the same script, without those shared.
_ENGLISH = "the of and with to that this there from by for are near it is on at"
_OTHERS = (
    "le la les des une un du est avec dans sur et qui pas au aux "  # French
    "der die das und ein eine mit von auf den dem ist sind im zu "  # German
    "el los las del una con y en por que es se su hay "  # Spanish
    "il lo gli di che è sono nel della "  # Italian
    "o os um uma com na da dos não são "  # Portuguese
    "het een van op zijn er aan"  # Dutch
)


def clean_answer(answer: str, author: str) -> str:
    """Return `answer` as one paragraph.

    Args:
        answer: what the model wrote.
        author: who, for the error.

    Raises:
        TextError: nothing, far too much, or not English.
    """
    text = " ".join(plain_lines(answer, author).split())
    if len(text) > MOST_CHARACTERS:
        text = text[: cut_point(text, MOST_CHARACTERS)].rstrip()
    if not _is_english(text):
        raise TextError(
            "describer.language",
            'The answer of {author} is not in English ("{begin} …"), the only language that the '
            "text encoders know. Ask again, translate it, or use the measured description.",
            author=author, begin=text[:60],
        )  # fmt: skip
    return text


def plain_lines(answer: str, author: str) -> str:
    """Return `answer` without control characters and empty lines, cut to what is of use.

    Raises:
        TextError: nothing, or far too much.
    """
    if len(answer) > _REFUSED_CHARACTERS:
        raise TextError(
            "describer.endless",
            "{author} answered with {count} characters; at most {limit} are taken. Ask again or "
            "use the measured description.",
            author=author, count=len(answer), limit=_REFUSED_CHARACTERS,
        )  # fmt: skip
    text = "".join(" " if _is_control(c) and c != "\n" else c for c in answer)
    if not any(character.isalnum() for character in text):
        raise TextError(
            "describer.empty",
            "{author} answered with nothing. Ask again or use the measured description.",
            author=author,
        )
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return "\n".join(line for line in lines if line)[: 2 * MOST_CHARACTERS]


def _is_control(character: str) -> bool:
    # Surrogates can't be encoded; formatting characters could turn the reading direction round.
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _is_english(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    if sum(character.isascii() for character in letters) < 0.8 * len(letters):
        return False
    # Anything else passes: a list of names has no little words, and is English enough.
    words = re.findall(r"[^\W\d_]+", text.lower())
    english, others = (sum(map(words.count, set(common.split()))) for common in (_ENGLISH, _OTHERS))
    return others < max(3, 0.1 * len(words)) or others <= english
