"""What the words of one text want: for each word a key that finds its place, and a value."""

import math

import jittor as jt
import numpy as np
from jittor import nn

from film_core.net.layers import gelu
from film_core.net.steer.config import SteerConfig
from film_core.net.steer.layers import Linear, RowNorm

DEAD = 0.04
"""Values this small count as nothing, so that words without a wish leave no trace at all."""


class WordBlock(nn.Module):
    """Words attend to each other, in order; then a feed-forward layer."""

    def __init__(self, config: SteerConfig) -> None:
        width = config.width
        self.heads = config.heads
        self.norm1, self.norm2 = RowNorm(width), RowNorm(width)
        self.qkv = Linear(width, 3 * width, bias=False)
        self.out = Linear(width, width)
        self.inner, self.outer = Linear(width, 2 * width), Linear(2 * width, width)

    def execute(self, x: jt.Var, absent: jt.Var) -> jt.Var:
        """(B, T, width); `absent` (B, 1, 1, T) is -1e4 at padding, else 0."""
        batch, length, width = x.shape
        qkv = self.qkv(self.norm1(x)).reshape(batch, length, 3, self.heads, width // self.heads)
        # (B, T, 3, heads, each) -> (3, B, heads, T, each)
        query, key, value = (qkv[:, :, i].transpose(0, 2, 1, 3) for i in range(3))
        scores = jt.matmul(query, key.transpose(0, 1, 3, 2)) / math.sqrt(width // self.heads)
        seen = jt.matmul(nn.softmax(scores + absent, dim=-1), value)  # (B, heads, T, each)
        x = x + self.out(seen.transpose(0, 2, 1, 3).reshape(batch, length, width))
        return x + self.outer(gelu(self.inner(self.norm2(x))))


class TextField(nn.Module):
    """Reads one text: description A, description B or the instruction, with the same weights."""

    def __init__(self, config: SteerConfig) -> None:
        self.config = config
        self.embed = Linear(config.text_width, config.width)
        self.norm_in, self.norm_out = RowNorm(config.width), RowNorm(config.width)
        self.source = jt.init.gauss((config.sources, config.width), "float32", 0, 0.1)
        self.place = jt.full((1,), 0.3)
        for number in range(config.blocks):
            setattr(self, f"block{number + 1}", WordBlock(config))
        self.key = Linear(config.width, config.match_width + 1)
        self.value = Linear(config.width, config.edits, gain=0.3)

    def execute(self, words: jt.Var, present: jt.Var, sources: jt.Var) -> tuple[jt.Var, jt.Var]:
        """Return keys (B, T, match_width + 1) and values (B, T, edits).

        Args:
            words: (B, T, text_width) float32, in order, padded with anything.
            present: (B, T) float32, 1 for a word, 0 for padding, whose value is 0.
            sources: (B,) int32, 0 description A, 1 description B, 2 instruction.
        """
        config = self.config
        order = jt.array(positions(words.shape[1], config.width))
        x = self.norm_in(self.embed(words)) + self.place * order.unsqueeze(0)
        x = x + self.source[sources].unsqueeze(1)
        absent = ((present - 1) * 1e4).unsqueeze(1).unsqueeze(1)
        for number in range(config.blocks):
            x = getattr(self, f"block{number + 1}")(x, absent)
        x = self.norm_out(x)
        return self.key(x), self.value(x) * present.unsqueeze(2)


def quietened(values: jt.Var) -> jt.Var:
    """Return values with those within +-DEAD at 0, for fusing: in training they need a slope."""
    return jt.maximum(values - DEAD, 0.0) + jt.minimum(values + DEAD, 0.0)


def positions(length: int, width: int) -> np.ndarray:
    """Return the sines and cosines of Vaswani et al. (2017), (length, width) float32."""
    rates = 1e4 ** (-np.arange(0, width, 2) / width)
    angles = np.arange(length)[:, None] * rates
    return np.stack([np.sin(angles), np.cos(angles)], 2).reshape(length, width).astype(np.float32)
