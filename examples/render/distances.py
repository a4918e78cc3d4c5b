"""Signed distances of round things, and how to join them; formulas after Quilez's catalogue.

Each function takes x, y, z (float32 arrays) and returns the distance in metres.
"""

import numpy as np


def ball(x, y, z, radius):
    """A sphere around the origin."""
    return np.sqrt(x * x + y * y + z * z) - np.float32(radius)


def ellipsoid(x, y, z, radii):
    """An ellipsoid (bound, exact enough for marching) with the three `radii`."""
    a, b, c = (np.float32(r) for r in radii)
    k0 = np.sqrt((x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2)
    k1 = np.sqrt((x / a**2) ** 2 + (y / b**2) ** 2 + (z / c**2) ** 2) + 1e-9
    return k0 * (k0 - 1) / k1


def limb(x, y, z, start, end, thick, thin=None):
    """A capsule from `start` to `end`, with radius `thick` going linearly to `thin`."""
    thin = thick if thin is None else thin
    a = np.asarray(start, np.float32)
    axis = np.asarray(end, np.float32) - a
    along = ((x - a[0]) * axis[0] + (y - a[1]) * axis[1] + (z - a[2]) * axis[2]) / (axis @ axis)
    along = np.clip(along, 0, 1)
    dx, dy, dz = (c - a[i] - axis[i] * along for i, c in enumerate((x, y, z)))
    return np.sqrt(dx * dx + dy * dy + dz * dz) - (thick + np.float32(thin - thick) * along)


def brick(x, y, z, half, rounding):
    """A box with `half` extents whose edges are rounded by `rounding`."""
    qx, qy, qz = (
        np.abs(c) - np.float32(h - rounding) for c, h in zip((x, y, z), half, strict=True)
    )
    outside = np.sqrt(np.maximum(qx, 0) ** 2 + np.maximum(qy, 0) ** 2 + np.maximum(qz, 0) ** 2)
    return outside + np.minimum(np.maximum(qx, np.maximum(qy, qz)), 0) - np.float32(rounding)


def drum(radial, axial, radius, half, rounding=0.01):
    """A rounded cylinder, from the distance to its axis and the place along it."""
    dr = np.abs(radial) - np.float32(radius - rounding)
    da = np.abs(axial) - np.float32(half - rounding)
    outside = np.sqrt(np.maximum(dr, 0) ** 2 + np.maximum(da, 0) ** 2)
    return outside + np.minimum(np.maximum(dr, da), 0) - np.float32(rounding)


def ring(x, y, z, radius, thickness):
    """A torus lying in the x-y plane."""
    return np.hypot(np.hypot(x, y) - np.float32(radius), z) - np.float32(thickness)


def melt(first, second, width):
    """The union of two distances, blended smoothly over `width` metres."""
    blend = np.maximum(np.float32(width) - np.abs(first - second), 0) / np.float32(width)
    return np.minimum(first, second) - blend * blend * np.float32(width / 4)
