"""Nearest-neighbour resizing of feature maps."""

import jittor as jt

from film_core.images.nearest import nearest_indices


def nearest_resize(x: jt.Var, size: tuple[int, int]) -> jt.Var:
    """Resize x (B, C, H, W) to (B, C, *size) as `nearest_indices` says; x where the size agrees."""
    height, width = x.shape[2:]
    if (height, width) == tuple(size):
        return x
    rows = jt.array(nearest_indices(height, size[0]))
    columns = jt.array(nearest_indices(width, size[1]))
    return x.reindex(
        [x.shape[0], x.shape[1], size[0], size[1]], ["i0", "i1", "@e0(i2)", "@e1(i3)"],
        extras=[rows, columns],
    )  # fmt: skip
