"""The page's languages: every sentence by key, in `demo/text/<language>.json`."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from film_core.errors import FilmError
from film_core.notes import Note

LANGUAGES = {"en": "English", "zh": "中文"}
Say = Callable[..., str]
_TASKS = ("task", "trained")  # values of notes that are names of tasks
_FOLDER = Path(__file__).parent / "text"


@dataclass(frozen=True)
class Language:
    """One language of the page.

    Attributes:
        name: "en" or "zh".
        phrases: sentence templates by key.
    """

    name: str
    phrases: dict[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Return the sentence `key` with `values` filled in.

        Raises:
            KeyError: there is no such sentence.
        """
        return self.phrases[key].format(**values) if values else self.phrases[key]

    def html(self, key: str, **values: object) -> str:
        """Return the sentence with everything in it escaped for HTML."""
        return escape(self(key, **values))

    def known(self, key: str, otherwise: str) -> str:
        """Return the sentence `key`, or `otherwise` where this language doesn't have it."""
        return self.phrases.get(key, otherwise)

    def error(self, error: FilmError) -> str:
        """Return what `error` says, translated by its code; in English where that is missing."""
        return self._filled(f"error.{error.code}", error.values, str(error))

    def note(self, note: str) -> str:
        """Return what `note` says, translated by its code if it is a `Note`; else as it is."""
        if not isinstance(note, Note):
            return note
        values = {
            name: self.phrases.get(f"task.{value}", value) if name in _TASKS else value
            for name, value in note.values.items()
        }
        return self._filled(f"note.{note.code}", values, str(note))

    def _filled(self, key: str, values: dict[str, object], otherwise: str) -> str:
        template = self.phrases.get(key)
        if template is None:
            return otherwise
        try:
            return template.format(**values)
        except (KeyError, ValueError, IndexError):
            return otherwise


def load_language(name: str) -> Language:
    """Return the language called `name`, English where there is no such."""
    return _loaded(name if name in LANGUAGES else "en")


@cache  # of names that are known: anybody may ask for any other
def _loaded(name: str) -> Language:
    phrases = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return Language(name, phrases)


def preferred_language(accept: str) -> str:
    """Return the language that an ``Accept-Language`` header asks for first among ours."""
    for part in accept.split(","):
        name = part.split(";")[0].strip().lower()[:2]
        if name in LANGUAGES:
            return name
    return "en"
