"""Variants of a prompt study as they cross between page and worker."""

from typing import Any

from film_core.study import Variant, Word


def read_variant(message: dict[str, Any]) -> Variant:
    """Return the variant that `dataclasses.asdict` made `message` of."""
    word = message["word"]
    return Variant(**{**message, "word": None if word is None else Word(**word)})
