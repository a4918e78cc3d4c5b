"""The page's languages: every sentence by key, in `demo/text/<language>.json`."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from film_core.errors import FilmError

LANGUAGES = {"en": "English", "zh": "中文"}
Say = Callable[..., str]
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
        template = self.phrases.get(f"error.{error.code}")
        if template is None:
            return str(error)
        try:
            return template.format(**error.values)
        except (KeyError, ValueError, IndexError):
            return str(error)


@cache
def load_language(name: str) -> Language:
    """Return the language called `name`, English where there is no such."""
    chosen = name if name in LANGUAGES else "en"
    phrases = json.loads((_FOLDER / f"{chosen}.json").read_text(encoding="utf-8"))
    return Language(chosen, phrases)


def preferred_language(accept: str) -> str:
    """Return the language that an ``Accept-Language`` header asks for first among ours."""
    for part in accept.split(","):
        name = part.split(";")[0].strip().lower()[:2]
        if name in LANGUAGES:
            return name
    return "en"
