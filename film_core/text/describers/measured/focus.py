"""Where fine detail is, and which of two images is the sharper one where."""

import numpy as np
from scipy import ndimage

from film_core.text.describers.measured.places import fields, named, percent
from film_core.text.describers.measured.view import View

_SHARPER = 1.35  # ratio of detail that a visitor sees at once
_LEAST_DETAIL = 0.004


def detail_sentence(view: View) -> str:
    """Return one sentence on where the detail is; of one image, smooth and blurred look alike."""
    by_field = fields(view.detail)
    high, low = by_field.max(), by_field.min()
    if high < _LEAST_DETAIL:
        return "There is hardly any fine detail anywhere: it is smooth or blurred."
    rich, poor = by_field >= 0.6 * high, by_field <= max(0.25 * high, _LEAST_DETAIL / 2)
    if low > 0.6 * high:
        return "Fine detail is spread evenly over the picture."
    sentence = f"Fine detail is strongest {named(rich)}"
    if poor.any():
        return f"{sentence}; it is smooth or blurred {named(poor)}."
    return f"{sentence}."


def focus_sentence(view: View, other: View, other_name: str) -> str:
    """Return where this image is sharper than `other`, which shows the same scene."""
    side = max(5, round(0.03 * max(view.detail.shape)))
    own = ndimage.uniform_filter(view.detail, side, mode="nearest")
    others = ndimage.uniform_filter(other.detail, side, mode="nearest")
    visible = np.maximum(own, others) > _LEAST_DETAIL
    sharper, duller = visible & (own > _SHARPER * others), visible & (others > _SHARPER * own)
    share = float(sharper.mean())
    if share < 0.02 and float(duller.mean()) < 0.02:
        return f"It is as sharp as the {other_name} image everywhere."
    sentence = (
        f"It is clearly sharper than the {other_name} image over {percent(share)} of the area"
    )
    won, lost = fields(sharper), fields(duller)
    if share >= 0.02:
        sentence += f", mainly {named(won >= 0.6 * won.max())}"
    if float(duller.mean()) >= 0.02:
        sentence += f", and blurred against it {named(lost >= 0.6 * lost.max())}"
    return f"{sentence}."
