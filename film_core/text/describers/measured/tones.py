"""Brightness, contrast and clipping, in all and by region."""

import numpy as np

from film_core.text.describers.measured.places import fields, named, percent
from film_core.text.describers.measured.view import View

_ALIKE = 0.0005  # an eighth of a grey level of 255
WHITE, BLACK = 0.985, 0.015  # four grey levels of 255 from either end
_BRIGHTNESS = (
    (0.08, "very dark"), (0.25, "dark"), (0.42, "rather dark"), (0.58, "of medium brightness"),
    (0.75, "rather bright"), (0.90, "bright"), (1.01, "very bright"),
)  # fmt: skip
_CONTRAST = ((0.02, "almost no"), (0.07, "very low"), (0.13, "low"), (0.22, "medium"), (1, "high"))


def tone_words(view: View) -> str:
    """Return a phrase on brightness and contrast, in all and by region."""
    luminance = view.source.luminance
    mean, spread = float(luminance.mean(dtype=np.float64)), float(luminance.std(dtype=np.float64))
    brightness = next(word for limit, word in _BRIGHTNESS if mean < limit)
    contrast = next(word for limit, word in _CONTRAST if spread <= limit)
    words = (
        f"{brightness} (mean {percent(mean)} of white) with {contrast} contrast "
        f"(standard deviation {percent(spread)})"
    )
    by_field = fields(luminance)
    # In a dark picture smaller differences are seen.
    if by_field.max() - by_field.min() <= max(0.02, min(0.1, mean / 2)):
        return f"{words}, about equally bright everywhere"
    bright, dark = by_field.max(), by_field.min()
    # All fields alike are named: of several that are black none is the darkest.
    return (
        f"{words}, brightest {named(by_field > bright - _ALIKE)} ({percent(bright)}) and darkest "
        f"{named(by_field < dark + _ALIKE)} ({percent(dark)})"
    )


def clipping_sentences(view: View) -> list[str]:
    """Return a sentence on what is clipped to white or black; none if nothing is."""
    luminance = view.source.luminance
    clipped = _clipping(luminance >= WHITE, "pure white"), _clipping(luminance <= BLACK, "black")
    found = [phrase for phrase in clipped if phrase]
    return [f"Without any detail left: {'; '.join(found)}."] if found else []


def _clipping(mask: np.ndarray, colour: str) -> str:
    share = float(mask.mean())
    if share < 0.005:
        return ""
    by_field = fields(mask)
    most = by_field >= 0.5 * by_field.max()
    where = "almost everywhere" if most.all() else f"mostly {named(most)}"
    return f"{percent(share)} is {colour}, {where}"
