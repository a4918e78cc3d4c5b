"""What one image shows and its partner lacks."""

import numpy as np

from film_core.text.describers.measured.objects import BrightObject, contrast_in
from film_core.text.describers.measured.places import fields, named, percent
from film_core.text.describers.measured.tones import BLACK, WHITE
from film_core.text.describers.measured.view import View

_MORE = 1.5  # ratio of local contrast
_LEAST_CONTRAST = 0.02
_FLAT = 1e-4  # standard deviation


def lacks(other: View, found: BrightObject) -> bool:
    """Whether `found` doesn't stand out in `other`: by less than a third of its contrast here."""
    return contrast_in(other, found) < found.contrast / 3


def comparison_sentences(view: View, other: View, other_name: str) -> list[str]:
    """Return how alike the two are, and where this one shows more structure or keeps tones."""
    sentences = [_likeness(view, other, other_name)]
    own, others = fields(view.local_contrast), fields(other.local_contrast)
    more = (own > _MORE * others) & (own > _LEAST_CONTRAST)
    less = (others > _MORE * own) & (others > _LEAST_CONTRAST)
    parts = [
        f"{word} structure {named(where)}"
        for word, where in (("more", more), ("less", less))
        if where.any()
    ]
    if parts:
        sentences.append(f"Compared with it, this one shows {' and '.join(parts)}.")
    for mask, colour in (
        (other.source.luminance >= WHITE, "pure white"),
        (other.source.luminance <= BLACK, "black"),
    ):
        own_luminance = view.source.luminance
        kept = mask & (own_luminance < WHITE) & (own_luminance > BLACK)
        share = float(kept.mean())
        if share >= 0.01:
            by_field = fields(kept)
            where = named(by_field >= 0.5 * by_field.max())
            sentences.append(
                f"It has tones where the {other_name} image is {colour}: {percent(share)} of the "
                f"area, mostly {where}."
            )
    return sentences


def _likeness(view: View, other: View, other_name: str) -> str:
    a = view.luminance.astype(np.float64)
    b = other.luminance.astype(np.float64)
    if min(a.std(), b.std()) < _FLAT:
        return f"It can't be correlated with the {other_name} image, as one of them is flat."
    a, b = a - a.mean(), b - b.mean()
    norm = np.sqrt((a * a).sum() * (b * b).sum())
    correlation = float((a * b).sum() / norm)
    kind = (
        "is nearly the same in" if correlation > 0.9
        else "is similar in" if correlation > 0.5
        else "is loosely related to that in" if correlation > 0.2
        else "has little to do with that in" if correlation > -0.2
        else "is rather the reverse of that in"
    )  # fmt: skip
    return f"Its brightness {kind} the {other_name} image (correlation {correlation:.2f})."
