"""The branch: words find their place in the picture and modulate features there."""

import math

import jittor as jt
import numpy as np
from jittor import nn

from film_core.images.cells import spreading
from film_core.net.layers import conv, gelu
from film_core.net.steer.beginning import beginning_blend, beginning_filters
from film_core.net.steer.config import SteerConfig
from film_core.net.steer.grid import FEATURES, GridPlanes
from film_core.net.steer.layers import Linear
from film_core.net.steer.text_field import TextField

SHARPNESS = 5.0
"""Scores of a position well inside a place; a word's bias is in these units."""
BOUND = 1.2
"""No strength gets beyond this, however often something is asked for."""
REACH = 4
"""At least as many pixels around a pixel as its edit looks at, besides the grid."""


class PositionQueries(nn.Module):
    """Queries of the grid's cells, from what is there and where it is."""

    def __init__(self, config: SteerConfig) -> None:
        self.first = Linear(FEATURES, config.query_width)
        self.second = Linear(config.query_width, config.query_width)
        self.third = Linear(config.query_width, config.match_width)

    def execute(self, features: jt.Var) -> jt.Var:
        """(B, P, FEATURES) -> (B, P, match_width)."""
        return self.third(gelu(self.second(gelu(self.first(features)))))


class PixelEdit(nn.Module):
    """Full resolution: features of both sources and the neutral picture, modulated by strengths.

    Every product that reaches the picture has a strength as a factor: where no word asks for
    anything the change is exactly zero.
    """

    def __init__(self, config: SteerConfig) -> None:
        self.config = config
        self.near = conv(3, config.near_width, 5, bias=True)
        self.far = conv(config.near_width, config.far_width, 3, bias=True)
        self.smooth = conv(3, config.smooth, 7, bias=False)
        planes = 6 + config.smooth + config.near_width + config.far_width
        self.mix = Linear(planes, config.hidden)
        linear = 4 + config.smooth  # A, B and mean against neutral; smooth planes; a constant
        draw = 0.1 / math.sqrt(config.edits)
        self.shift = jt.init.gauss((config.hidden, config.edits), "float32", 0, 3 * draw)
        self.scale = jt.init.gauss((config.hidden, config.edits), "float32", 0, draw / 2)
        self.smooth.weight = jt.array(beginning_filters(config.smooth))
        self.blend = jt.array(beginning_blend(linear, config.edits))

    def execute(self, images: jt.Var, means: jt.Var, strengths: jt.Var) -> jt.Var:
        """Return the change (B, 1, H, W) of the neutral picture.

        Args:
            images: (B, 3, H, W), A, B, neutral, in [0, 1].
            means: (B, 3, H, W), their means over a neighbourhood of the grid.
            strengths: (B, edits, H, W).
        """
        centred = images - 0.5
        near = gelu(self.near(centred))
        far = gelu(self.far(near))
        smooth = self.smooth(images)
        planes = jt.concat([centred, means - 0.5, smooth, near, far], dim=1)
        # Channels first and all pixels in a row: Jittor runs 1x1 convolutions of few channels
        # ten times slower than the same matrix product.
        wanted, seen = _in_a_row(strengths), _in_a_row(planes)  # (edits, N), (planes, N)
        hidden = jt.matmul(self.mix.weight, seen) + jt.matmul(self.shift, wanted)
        hidden = gelu(hidden + self.mix.bias.unsqueeze(1))
        neutral = seen[2:3]
        linear = jt.concat(
            [seen[:2] - neutral, seen[5:6] - neutral, seen[6 : 6 + self.config.smooth],
             neutral * 0 + 1], dim=0,
        )  # fmt: skip
        change = (hidden * jt.matmul(self.scale, wanted)).sum(0)
        change = change + (linear * jt.matmul(self.blend, wanted)).sum(0)
        batch, _, height, width = images.shape
        return change.reshape(batch, 1, height, width)


class SteerBranch(nn.Module):
    """All that is learnt for steering; see `SteerConfig` for its sizes."""

    def __init__(self, config: SteerConfig | None = None) -> None:
        self.config = config or SteerConfig()
        self.text = TextField(self.config)
        self.queries = PositionQueries(self.config)
        self.edit = PixelEdit(self.config)

    def word_maps(self, keys: jt.Var, queries: jt.Var) -> jt.Var:
        """Return how much each position attends to each word, (B, T, P) in (0, 1).

        Args:
            keys: (B, T, match_width + 1), the last one a bias.
            queries: (B, P, match_width).
        """
        return jt.sigmoid(self.word_scores(keys, queries))

    def word_scores(self, keys: jt.Var, queries: jt.Var) -> jt.Var:
        """Return what `word_maps` takes the sigmoid of."""
        width = self.config.match_width
        scores = jt.matmul(keys[:, :, :width], queries.transpose(0, 2, 1))
        return scores + SHARPNESS * keys[:, :, width:]

    def strengths(self, maps: jt.Var, values: jt.Var) -> jt.Var:
        """Return the strength of every edit at every position, (B, edits, P), within +-BOUND."""
        return self.bounded(jt.matmul(values.transpose(0, 2, 1), maps))

    def bounded(self, asked: jt.Var) -> jt.Var:
        """Return sums of wishes as strengths."""
        return jt.clamp(asked, -BOUND, BOUND)

    def change(self, images: jt.Var, planes: GridPlanes, strengths: jt.Var) -> jt.Var:
        """Return the change (B, 1, H, W) of whole pictures; `strengths` (B, edits, cells^2)."""
        batch, _, height, width = images.shape
        cells = self.config.grid
        coarse = jt.concat([planes.means, strengths.reshape(batch, -1, cells, cells)], dim=1)
        rows, columns = spreading(height, cells), jt.array(spreading(width, cells).T)
        spread = Spreading(coarse, rows, columns)
        return self.edit(images, *spread.rows(0, height))


class Spreading:
    """Values on the grid brought to pixels, any rows at a time.

    Args:
        coarse: (B, 3 + edits, cells, cells).
        rows: (H, cells).
        columns: (cells, W).
    """

    def __init__(self, coarse: jt.Var, rows: np.ndarray, columns: jt.Var) -> None:
        batch, channels, cells, _ = coarse.shape
        wide = jt.matmul(coarse.reshape(-1, cells), columns)  # (B C cells, W)
        self.wide = wide.reshape(batch, channels, cells, -1).transpose(0, 1, 3, 2)
        self.matrix = rows

    def rows(self, top: int, bottom: int) -> tuple[jt.Var, jt.Var]:
        """Return means (B, 3, h, W) and strengths (B, edits, h, W) of rows top to bottom."""
        batch, channels, width, cells = self.wide.shape
        matrix = jt.array(self.matrix[top:bottom].T)  # (cells, h)
        full = jt.matmul(self.wide.reshape(-1, cells), matrix)
        full = full.reshape(batch, channels, width, -1).transpose(0, 1, 3, 2)
        return full[:, :3], full[:, 3:]


def _in_a_row(x: jt.Var) -> jt.Var:
    """(B, C, H, W) -> (C, B H W)."""
    return x.transpose(1, 0, 2, 3).reshape(x.shape[1], -1)
