"""How many edges there are, where, and which way they run."""

import numpy as np

from film_core.text.describers.measured.places import fields, named, percent
from film_core.text.describers.measured.view import View

_EDGE = 0.04  # of white a pixel


def edge_sentence(view: View) -> str:
    """Return one sentence on density, place and direction of the edges."""
    along_x, along_y = view.gradient
    strength = np.hypot(along_x, along_y)
    edge = strength > _EDGE
    share = float(edge.mean())
    if share < 0.002:
        return "It has hardly any edges."
    by_field = fields(edge)
    dense = by_field >= 0.6 * by_field.max()
    direction = _direction(along_x[edge], along_y[edge], strength[edge])
    where = "" if dense.all() else f", densest {named(dense)}"
    return f"Edges cover {percent(share)} of it{where}; {direction}."


def _direction(along_x: np.ndarray, along_y: np.ndarray, strength: np.ndarray) -> str:
    # A vertical edge has its gradient along x; 22.5 degrees are allowed either way.
    angle = np.degrees(np.arctan2(np.abs(along_y), np.abs(along_x)))
    total = strength.sum()
    vertical = strength[angle < 22.5].sum() / total
    horizontal = strength[angle > 67.5].sum() / total
    if vertical > 0.4 and vertical > 1.3 * horizontal:
        return "most are vertical"
    if horizontal > 0.4 and horizontal > 1.3 * vertical:
        return "most are horizontal"
    if vertical + horizontal > 0.7:
        return "they are vertical and horizontal"
    return "they run in all directions"
