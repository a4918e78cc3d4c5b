"""Qabf with a slope everywhere, to be trained on (Xydeas and Petrovic, 2000).

The metric itself is in `film_core.metrics`. Here angles are taken between undirected lines, which
is the metric's own angle except that lines a little to either side of the horizontal, or edges
that turned round, count as near; and where strengths are equal G is 1. A model that is trained on
a metric is not measured independently by it: look at the others and at the pictures.
"""

import math

import jittor as jt

from film_core.training.filters import sobel

STRENGTH_FLOOR = 1.0
"""Grey levels; keeps quotients finite where an image is flat."""


def gradient_preservation(fused: jt.Var, a: jt.Var, b: jt.Var) -> jt.Var:
    """Return about Qabf of (B, H, W) float32 images in [0, 1], mean over the batch."""
    across, down = sobel(fused.shape[1], fused.shape[2])

    def edges(x: jt.Var) -> tuple[jt.Var, jt.Var, jt.Var]:
        x = 255.0 * x
        dx, dy = across(x), down(x)
        return dx, dy, jt.sqrt(dx * dx + dy * dy + 1e-4)

    of_fused = edges(fused)
    numerator, denominator = 0.0, 0.0
    for source in (a, b):
        of_source = edges(source)
        strength = of_source[2].stop_grad()
        numerator = numerator + (_preserved(of_source, of_fused) * strength).sum(dims=[1, 2])
        denominator = denominator + strength.sum(dims=[1, 2])
    return (numerator / (denominator + 1e-6)).mean()


def _preserved(source: tuple, fused: tuple) -> jt.Var:
    """The metric's Q of every pixel, (B, H, W)."""
    dx_s, dy_s, g_s = source
    dx_f, dy_f, g_f = fused
    strength = (jt.minimum(g_s, g_f) + 0.01) / (jt.maximum(g_s, g_f) + 0.01)
    crossing = jt.abs(dx_s * dy_f - dy_s * dx_f)
    along = jt.abs(dx_s * dx_f + dy_s * dy_f)
    angle = jt.arctan(crossing / (along + STRENGTH_FLOOR))
    alignment = 1 - angle * (2 / math.pi)
    by_strength = 0.9994 / (1 + jt.exp(-15 * (strength - 0.5)))
    by_angle = 0.9879 / (1 + jt.exp(-22 * (alignment - 0.8)))
    return by_strength * by_angle
