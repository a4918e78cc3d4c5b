"""What an instruction should make of a picture: reference operators on the ideal fusion.

They exist for training and measuring alone; nothing of them runs in a fusion. Each takes strengths
in [0, 1] by pixel, so an edit ends where its region ends.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from film_core.instructions import CHANNELS, GRID, OPERATIONS, Clause, RegionPlanes, region_mask
from film_core.training.steer.damage import REPAIRS
from film_core.training.steer.scenes import Scene

STRONGEST_DETAIL = 1.6


@dataclass(frozen=True)
class _View:
    """What operators may look at; all (H, W). `local` is the mean over a wide neighbourhood."""

    picture: np.ndarray
    scene: Scene
    local: np.ndarray


def strength_field(clauses: tuple[Clause, ...], planes: RegionPlanes) -> np.ndarray:
    """Return the strength of each kind of edit that `clauses` ask for, (9, 48, 48) float32.

    Clauses of one kind add up, so "brighter and darker" is nothing.
    """
    field = np.zeros((len(CHANNELS), GRID, GRID), np.float32)
    for clause in clauses:
        operation = OPERATIONS[clause.operation]
        signed = operation.sign * clause.strength
        field[operation.channel] += signed * region_mask(clause.region, planes)
    return np.clip(field, -1, 1)


def steered_target(scene: Scene, local: np.ndarray, strengths: np.ndarray) -> np.ndarray:
    """Return the picture that the strengths ask for, (H, W) float32 in [0, 1].

    Args:
        scene: the pair and its neutral picture; a damaged one has its ideal beside it.
        local: (H, W), the neutral picture's mean over a wide neighbourhood.
        strengths: (9, H, W), as `strength_field` spread over the pixels; a repair comes first,
            then trust, then detail, contrast and tone.
    """
    picture = scene.neutral
    for name in _ORDER:
        strength = strengths[CHANNELS.index(name)]
        if np.any(strength):
            changed = _OPERATORS[name](_View(picture, scene, local), strength)
            picture = np.clip(changed, 0, 1)
    return picture.astype(np.float32)


def _repair(name: str, otherwise: Callable) -> Callable:
    """Where the scene has the damage that `name` repairs, go to the ideal; else `otherwise`."""

    def operator(view: _View, s: np.ndarray) -> np.ndarray:
        if REPAIRS.get(view.scene.damage) == name:
            return view.picture + s * (view.scene.ideal - view.scene.neutral)
        return otherwise(view, s)

    return operator


def _trust(source: str) -> Callable:
    def operator(view: _View, s: np.ndarray) -> np.ndarray:
        return view.picture + s * (getattr(view.scene, source) - view.picture)

    return operator


def _tone(view: _View, s: np.ndarray) -> np.ndarray:
    x = view.picture
    up = (1 - x) * (0.1 + 0.5 * x)
    down = x * (0.6 - 0.1 * x)
    return x + np.where(s > 0, up, down) * s


def _contrast(view: _View, s: np.ndarray) -> np.ndarray:
    return view.picture + np.where(s > 0, 1.1, 0.75) * s * (view.picture - view.local)


def _detail(view: _View, s: np.ndarray) -> np.ndarray:
    x = view.picture
    fine = x - gaussian_filter(x, 1.5, mode="nearest")
    coarse = x - gaussian_filter(x, 2.5, mode="nearest")
    return x + np.where(s > 0, STRONGEST_DETAIL * fine, 0.95 * coarse) * s


def _less_grain(view: _View, s: np.ndarray) -> np.ndarray:
    x = view.picture
    soft = gaussian_filter(x, 1.2, mode="nearest")
    grain = np.abs(x - soft)
    return x + s * np.exp(-((grain / 0.06) ** 2)) * (soft - x)


def _shadows_up(view: _View, s: np.ndarray) -> np.ndarray:
    x = view.picture
    return x + s * (0.05 + 1.3 * x) * (1 - x) ** 4


def _refocused(view: _View, s: np.ndarray) -> np.ndarray:
    return view.picture + s * (view.picture - gaussian_filter(view.picture, 1.2, mode="nearest"))


def _unsaturated(view: _View, s: np.ndarray) -> np.ndarray:
    brightest = np.maximum(view.scene.a, view.scene.b)
    clipped = np.clip((np.maximum(brightest, view.picture) - 0.75) / 0.2, 0, 1)
    return view.picture + s * clipped * (np.minimum(view.scene.a, view.scene.b) - view.picture)


_OPERATORS: dict[str, Callable[[_View, np.ndarray], np.ndarray]] = {
    "trust_a": _trust("a"),
    "trust_b": _trust("b"),
    "tone": _tone,
    "contrast": _contrast,
    "detail": _detail,
    "denoise": _repair("denoise", _less_grain),
    "lift": _repair("lift", _shadows_up),
    "deblur": _repair("deblur", _refocused),
    "unsaturate": _repair("unsaturate", _unsaturated),
}
_ORDER = (
    "denoise", "deblur", "lift", "unsaturate", "trust_a", "trust_b", "detail", "contrast", "tone",
)  # fmt: skip
