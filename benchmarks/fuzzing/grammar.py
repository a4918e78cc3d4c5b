"""Turns any bytes into a JSON value of the kinds that the page is sent, so that few are wasted.

Mutated JSON text is mostly no JSON. Here every byte is a decision: which kind of value, which of
the words that the page knows, which number.
"""

from typing import Any

_KEYS = ("token", "name", "reason", "size", "side", "files", "shown", "last", "value", "x")
_WORDS = (
    "a", "b", "zip", "too_large", "stage:", "head:", "word:", "strength:", "source:", "remove:",
    "add:a:", "form:", "data:", "zh", "..", "/", "\\", "\0", "\ud800", "\u202e", "{0}", "9" * 5000,
    "²", "mean", "%s", "", "<b>",
)  # fmt: skip
_NUMBERS = (0, -1, 1, 2**31, 2**64, 10**400, 1e308, float("inf"), float("nan"), 0.5)
_MOST_DEPTH = 4
# What a browser does send: the other half of the inputs is one of these with a part replaced.
_USUAL: tuple[dict[str, Any], ...] = (
    {"token": "t", "name": "a.png", "reason": "", "size": 1},
    {"token": "t", "name": "a.png", "reason": "too_large", "size": 1},
    {"side": "a", "files": [], "last": True},
    {"side": "zip", "files": [], "last": True},
    {"value": "stage:2"},
)


def value_of(data: bytes) -> Any:
    """Return the JSON value that `data` spells."""
    rest = list(reversed(data))
    if _next(rest) % 2:
        return _value(rest, 0)
    usual = dict(_USUAL[_next(rest) % len(_USUAL)])
    usual[list(usual)[_next(rest) % len(usual)]] = _value(rest, 0)
    return usual


def _value(rest: list[int], depth: int) -> Any:
    kind = _next(rest) % 8
    if depth >= _MOST_DEPTH:
        kind %= 5
    if kind == 0:
        return (None, True, False)[_next(rest) % 3]
    if kind == 1:
        return _NUMBERS[_next(rest) % len(_NUMBERS)]
    if kind == 2:
        return "".join(chr(_next(rest)) for _ in range(_next(rest) % 8))
    if kind in (3, 4):
        return "".join(_WORDS[_next(rest) % len(_WORDS)] for _ in range(1 + _next(rest) % 3))
    if kind == 5:
        return [_value(rest, depth + 1) for _ in range(_next(rest) % 4)]
    return {
        _KEYS[_next(rest) % len(_KEYS)]: _value(rest, depth + 1) for _ in range(_next(rest) % 6)
    }


def _next(rest: list[int]) -> int:
    return rest.pop() if rest else 0
