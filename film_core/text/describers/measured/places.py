"""Where in the picture: its nine fields, and the words for them."""

import numpy as np

ROWS = ("top", "middle", "bottom")
COLUMNS = ("left", "centre", "right")
_NAMES = (
    ("top left", "top", "top right"),
    ("left", "centre", "right"),
    ("bottom left", "bottom", "bottom right"),
)


def fields(plane: np.ndarray) -> np.ndarray:
    """Return the (3, 3) means of `plane` over the nine equal fields of the picture."""
    return np.array(
        [
            [part.mean() for part in np.array_split(row, 3, axis=1)]
            for row in np.array_split(plane, 3)
        ]
    )


def place(y: float, x: float) -> str:
    """Return the field of a point, `y` and `x` in [0, 1): "top left", "centre", ..."""
    return _NAMES[min(2, int(y * 3))][min(2, int(x * 3))]


def field_name(flat_index: int) -> str:
    """Return the name of a field by its index in the flattened (3, 3) array."""
    return _NAMES[flat_index // 3][flat_index % 3]


def named(chosen: np.ndarray) -> str:
    """Return words for a set of fields, (3, 3) bool: "along the top and at the right"."""
    chosen = np.asarray(chosen, bool)
    count = int(chosen.sum())
    if count == 0:
        return "nowhere"
    if count == 9:
        return "everywhere"
    if count == 8:
        return f"everywhere but at the {field_name(int(np.argmin(chosen)))}"
    rest = chosen.copy()
    phrases = []
    for index, name in enumerate(("along the top", "across the middle", "along the bottom")):
        if chosen[index].all():
            phrases.append(name)
            rest[index] = False
    lines = ("down the left side", "down the centre", "down the right side")
    for index, name in enumerate(lines):
        if chosen[:, index].all():
            phrases.append(name)
            rest[:, index] = False
    corners = [field_name(int(i)) for i in np.flatnonzero(rest)]
    if corners:
        phrases.append("at the " + listed(corners))
    return listed(phrases)


def listed(words: list[str]) -> str:
    """Return "a", "a and b", or "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]


def percent(share: float) -> str:
    """Return a share of one in words: "37 %", "under 1 %"."""
    return "under 1 %" if share < 0.005 else f"{100 * share:.0f} %"
