"""The colours that there are, how much of each, and where."""

import numpy as np

from film_core.text.describers.measured.places import fields, listed, named, percent
from film_core.text.describers.measured.view import View

# Upper ends of the hue ranges in degrees; red closes the circle.
_HUES = (
    (15, "red"), (45, "orange"), (70, "yellow"), (165, "green"), (195, "turquoise"),
    (255, "blue"), (290, "purple"), (345, "pink"), (361, "red"),
)  # fmt: skip
_LEAST_SATURATION, _LEAST_VALUE = 0.18, 0.08


def colour_sentence(view: View) -> str:
    """Return one sentence on the dominant colours."""
    if view.source.chroma is None:
        return "It has no colour."
    hue, saturation, value = _hsv(view.rgb)
    coloured = (saturation >= _LEAST_SATURATION) & (value >= _LEAST_VALUE)
    if coloured.mean() < 0.02:
        return "It is almost without colour."
    limits = [limit for limit, _ in _HUES]
    kind = np.searchsorted(limits, hue, side="right")
    found: dict[str, np.ndarray] = {}
    for index, (_, name) in enumerate(_HUES):
        mask = coloured & (kind == index)
        # Dark orange is what people call brown.
        parts = {"brown": mask & (value < 0.5), name: mask & (value >= 0.5)}
        for word, part in parts.items() if name == "orange" else [(name, mask)]:
            found[word] = found[word] | part if word in found else part
    ranked = sorted(found.items(), key=lambda item: item[1].sum(), reverse=True)
    phrases = []
    for name, mask in ranked[:3]:
        share = float(mask.mean())
        if share >= 0.01:
            by_field = fields(mask)
            where = named(by_field >= 0.6 * by_field.max())
            phrases.append(f"{name} ({percent(share)}, mainly {where})")
    grey = 1 - float(coloured.mean())
    rest = f"; {percent(grey)} is nearly grey" if grey >= 0.05 else ""
    if not phrases:
        return f"It has traces of several colours, each under 1 %{rest}."
    return f"Its colours are {listed(phrases)}{rest}."


def _hsv(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return hue in [0, 360), saturation and value in [0, 1] (Smith, SIGGRAPH 1978)."""
    red, green, blue = np.moveaxis(rgb, -1, 0)
    value = rgb.max(axis=-1)
    span = value - rgb.min(axis=-1)
    safe = np.where(span > 0, span, 1)
    hue = np.where(
        value == red,
        (green - blue) / safe % 6,
        np.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    return 60 * hue, span / np.where(value > 0, value, 1), value
