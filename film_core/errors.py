"""Errors that a user can cause: each is one sentence with what was seen, the limit and the remedy.

An error carries a stable `code` and its `values` besides the English sentence, so that a page in
another language can say the same thing without parsing text.
"""

import difflib
from collections.abc import Iterable


class FilmError(Exception):
    """Base of every error that a user can cause and mend.

    Args:
        code: stable dotted name such as ``"image.too_small"``; translations are keyed by it.
        sentence: English template, filled with `values` by `str.format`.
        values: what was seen and what the limits are.
    """

    def __init__(self, code: str, sentence: str, **values: object) -> None:
        # Half characters, which a stranger's names and texts may hold, would break whatever
        # encodes the sentence.
        values = {name: _whole(value) for name, value in values.items()}
        super().__init__(code, sentence, values)
        self.code = code
        self.sentence = sentence
        self.values = values

    def __str__(self) -> str:
        return self.sentence.format(**self.values)

    def __reduce__(self):  # keyword arguments survive the trip from the worker process
        return _rebuild, (type(self), self.code, self.sentence, self.values)


def _whole(value: object) -> object:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _rebuild(kind: type[FilmError], code: str, sentence: str, values: dict) -> FilmError:
    return kind(code, sentence, **values)


class ImageError(FilmError):
    """An image that can't be read, is out of limits, or doesn't fit its partner."""


class TextError(FilmError):
    """A description that can't be encoded, or an encoder that can't be used."""


class MetricError(FilmError):
    """Metric inputs of unequal size, wrong range, or too small to be measured."""


class CheckpointError(FilmError):
    """A weights file that can't be used; subclasses name the reason."""


class RuntimeStartError(FilmError):
    """Jittor can't start here, or the requested device can't be had."""


class OutputError(FilmError):
    """A result that can't be written."""


class SettingError(FilmError):
    """An option with a value that isn't allowed."""


class Cancelled(FilmError):  # noqa: N818 - it is an answer, not a fault
    """The work was cancelled by whoever asked for it."""

    def __init__(
        self, code: str = "cancelled", sentence: str = "Cancelled.", **values: object
    ) -> None:
        super().__init__(code, sentence, **values)


class UnknownNameError(FilmError):
    """A task, metric, weights or option name that doesn't exist."""


def unknown_name(what: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """Return the error for a mistyped name, with the closest known one as a suggestion.

    Args:
        what: the kind of name, such as ``"task"``.
        name: what was given.
        known: every name that would have been accepted.
    """
    known = sorted(known)
    listed = ", ".join(known)
    suggestion = _closest(str(name).lower(), known)
    if suggestion:
        return UnknownNameError(
            "name.unknown_close",
            "There is no {what} named '{name}'; did you mean '{suggestion}'? Known: {known}.",
            what=what, name=str(name), suggestion=suggestion, known=listed,
        )  # fmt: skip
    return UnknownNameError(
        "name.unknown", "There is no {what} named '{name}'. Known: {known}.",
        what=what, name=str(name), known=listed,
    )  # fmt: skip


def _closest(name: str, known: list[str]) -> str:
    """Return the known name that `name` is most likely a slip of, or "".

    Letters in another order are the commonest slip in names as short as ours, and the first letter
    is rarely wrong.
    """

    def likeness(candidate: str) -> float:
        candidate = candidate.lower()
        swapped = sorted(candidate) == sorted(name)
        same_start = candidate[:1] == name[:1]
        return difflib.SequenceMatcher(None, name, candidate).ratio() + swapped + same_start / 10

    best = max(known, key=likeness, default="")
    return best if best and likeness(best) >= 0.5 else ""
