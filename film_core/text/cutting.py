"""Where to cut a description that is too long."""

import re

# A full stop ends a sentence only before white space, so that "0.5" stays whole; CJK ones always.
_SENTENCE_END = re.compile(r"""[.!?…]["'”’)\]]*(?=\s)|[。！？]["'”’）」]*|\n""")
_WORD_END = re.compile(r"\S(?=\s)")


def cut_point(text: str, limit: int) -> int:
    """Return how many characters of `text` to keep, at most `limit` (< len(text)).

    That is up to the last whole sentence; up to the last whole word if no sentence ends in the last
    three quarters; `limit` itself if no word does.
    """
    # One character beyond is looked at, not kept: it tells whether a sentence ends at the limit.
    window = text[: limit + 1]
    for pattern in (_SENTENCE_END, _WORD_END):
        ends = [match.end() for match in pattern.finditer(window) if match.end() <= limit]
        if ends and ends[-1] >= limit // 4:
            return ends[-1]
    return limit
