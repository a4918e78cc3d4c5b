"""How much of a medical frame the imaged body part fills, and how symmetric it is."""

import numpy as np
from scipy import ndimage

from film_core.text.describers.measured.places import percent
from film_core.text.describers.measured.view import View

_TISSUE = 0.05


def extent_sentence(view: View) -> list[str]:
    """Return a sentence on extent and symmetry; none if no dark background surrounds anything."""
    tissue = view.luminance > _TISSUE
    share = float(tissue.mean())
    if not 0.01 < share < 0.85:
        return []
    labels, count = ndimage.label(tissue)
    largest = 1 + int(np.argmax(np.bincount(labels.ravel(), minlength=count + 1)[1:]))
    rows, columns = ndimage.find_objects(labels, largest)[largest - 1]
    height, width = tissue.shape
    middle, half = (columns.start + columns.stop) // 2, (columns.stop - columns.start) // 2
    left_half = float(view.luminance[:, middle - half : middle].mean()) if half else 0.0
    right_half = float(view.luminance[:, middle : middle + half].mean()) if half else 0.0
    difference = (left_half - right_half) / max(left_half + right_half, 1e-6) * 2
    if abs(difference) < 0.05:
        balance = "its halves left and right are equally bright"
    else:
        side = "left" if difference > 0 else "right"
        balance = f"its {side} half in the picture is brighter by {percent(abs(difference))}"
    across = f"{percent(columns.start / width)} to {percent(columns.stop / width)} of the width"
    down = f"{percent(rows.start / height)} to {percent(rows.stop / height)} of the height"
    return [
        f"{percent(share)} of the frame is not background; the largest part reaches from {across} "
        f"and from {down}; {balance}."
    ]
