"""The picture on the grid of cells: what queries of image positions are made from."""

from dataclasses import dataclass

import jittor as jt
import numpy as np

from film_core.images.cells import cell_means

STEPS = (1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 5 / 6)
"""Where position features step, as shares of the side."""
PLANES = 15
FEATURES = PLANES + 2 * (1 + len(STEPS))
STRIP = 1 << 18
"""Pixels that are looked at in one piece."""


@dataclass(frozen=True)
class GridPlanes:
    """What is known of the pictures on the grid.

    Attributes:
        features: (B, cells * cells, FEATURES) float32, what queries are made from.
        means: (B, 3, cells, cells), A, B and the neutral picture, smoothed over 3 x 3 cells.
    """

    features: jt.Var
    means: jt.Var


def smoothing(cells: int, reach: int) -> np.ndarray:
    """Return the matrix (cells, cells) of a moving mean over 2 reach + 1 cells, fewer at edges."""
    apart = np.abs(np.arange(cells)[:, None] - np.arange(cells))
    near = (apart <= reach).astype(np.float32)
    return near / near.sum(1, keepdims=True)


def position_features(cells: int) -> np.ndarray:
    """Return (cells * cells, 2 + 2 * len(STEPS)) float32: row and column, and soft steps."""
    places = (np.arange(cells) + 0.5) / cells
    one = [2 * places - 1] + [np.tanh(2 * cells * (places - step)) for step in STEPS]
    one = np.stack(one, 1)  # (cells, 1 + steps)
    rows = np.repeat(one[:, None], cells, 1)
    return np.concatenate([rows, rows.transpose(1, 0, 2)], 2).reshape(cells**2, -1).astype("f4")


def grid_planes(images: jt.Var, cells: int) -> GridPlanes:
    """Return what queries need of A, B and the neutral picture.

    Args:
        images: (B, 3, H, W) float32 in [0, 1].
        cells: of the grid's side.
    """
    height, width = images.shape[2:]
    rows, columns = cell_means(height, cells), jt.array(cell_means(width, cells).T)
    means = texture = None
    step = max(8, STRIP // width)
    for top in range(0, height, step):
        bottom = min(height, top + step)
        strip = _with_border(images, top, bottom)
        share = jt.array(rows[:, top:bottom])
        inner = strip[:, :, 1:-1, 1:-1]
        finest = jt.abs(inner - _box(strip))
        means = _add(means, _pooled(inner, share, columns))
        texture = _add(texture, _pooled(finest, share, columns))
        jt.sync([means, texture])
    return GridPlanes(*_features(means, texture, cells))


def _with_border(images: jt.Var, top: int, bottom: int) -> jt.Var:
    """Rows top to bottom with one more pixel all round, the edge's own where there is none."""
    height, width = images.shape[2:]
    rows = jt.array(np.clip(np.arange(top - 1, bottom + 1), 0, height - 1).astype(np.int32))
    columns = jt.array(np.clip(np.arange(-1, width + 1), 0, width - 1).astype(np.int32))
    return images.reindex(
        [images.shape[0], images.shape[1], bottom - top + 2, width + 2],
        ["i0", "i1", "@e0(i2)", "@e1(i3)"], extras=[rows, columns],
    )  # fmt: skip


def _box(x: jt.Var) -> jt.Var:
    x = x[:, :, :-2] + x[:, :, 1:-1] + x[:, :, 2:]
    return (x[:, :, :, :-2] + x[:, :, :, 1:-1] + x[:, :, :, 2:]) / 9


def _pooled(x: jt.Var, rows: jt.Var, columns: jt.Var) -> jt.Var:
    """(B, C, h, W) -> (B, C, cells, cells)."""
    batch, channels, height, width = x.shape
    x = jt.matmul(x.reshape(-1, width), columns).reshape(batch, channels, height, -1)
    cells = columns.shape[1]
    x = x.transpose(0, 1, 3, 2).reshape(-1, height)  # (B C cells, h)
    x = jt.matmul(x, rows.transpose())  # (B C cells, cells): column, row
    return x.reshape(batch, channels, cells, cells).transpose(0, 1, 3, 2)


def _add(total: jt.Var | None, part: jt.Var) -> jt.Var:
    return part if total is None else total + part


def _features(means: jt.Var, texture: jt.Var, cells: int) -> tuple[jt.Var, jt.Var]:
    batch = means.shape[0]
    smooth = _smooth(means, cells, 1)
    average = smooth.mean(2, keepdims=True).mean(3, keepdims=True)
    spread = smooth - average
    deviation = jt.sqrt((spread * spread).mean(2, keepdims=True).mean(3, keepdims=True) + 1e-8)
    standing_out = jt.clamp(spread / (deviation + 0.02), -4.0, 4.0)
    fine = jt.log(_smooth(texture, cells, 2) + 0.002)  # (B, 3, cells, cells)
    textured = _smooth(texture, cells, 1)
    usual = textured.mean(2, keepdims=True).mean(3, keepdims=True)
    relative = jt.clamp(textured / (usual + 1e-4) - 1, -1.0, 3.0)
    focus = 2 * (fine[:, :1] - fine[:, 1:2])
    coarse = 0.5 * (fine + 4)
    planes = jt.concat(
        [means, standing_out, coarse, relative, focus, average[:, :2] + 0 * focus], dim=1
    )  # (B, PLANES, cells, cells)
    planes = planes.reshape(batch, PLANES, cells * cells).transpose(0, 2, 1)
    where = jt.array(position_features(cells)).unsqueeze(0)
    where = where.broadcast((batch, cells * cells, where.shape[2]))
    return jt.concat([planes, where], dim=2), smooth


def _smooth(x: jt.Var, cells: int, reach: int) -> jt.Var:
    matrix = jt.array(smoothing(cells, reach))
    shape = x.shape
    x = jt.matmul(x.reshape(-1, cells), matrix.transpose()).reshape(-1, cells, cells)
    x = jt.matmul(x.transpose(0, 2, 1).reshape(-1, cells), matrix.transpose())
    return x.reshape(-1, cells, cells).transpose(0, 2, 1).reshape(shape)
