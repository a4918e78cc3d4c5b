"""Text guidance: text tokens look at a source's image tokens, and what they see becomes a gate."""

import math

import jittor as jt
from jittor import nn

from film_core.net.attention import AttentionMaps
from film_core.net.config import FilmConfig
from film_core.net.layers import conv
from film_core.net.resize import nearest_resize


class ImageTokens(nn.Module):
    """Turns features into tokens: a 1x1 convolution, then runs of 256 pixels of the grid."""

    def __init__(self, config: FilmConfig) -> None:
        self.config = config
        self.conv = conv(config.width, config.width, 1, bias=True)

    def execute(self, features: jt.Var) -> jt.Var:
        """Return tokens (B, 13824, 256) of features (B, C, H, W), any H and W."""
        grid = nearest_resize(self.conv(features), self.config.grid)  # (B, C, 288, 384)
        return grid.reshape(grid.shape[0], self.config.image_tokens, self.config.token_width)


class _HeadProjections(nn.Module):
    """Parameters of a multi-head attention under the names of PyTorch's."""

    def __init__(self, width: int) -> None:
        bound = math.sqrt(6 / (4 * width))  # Glorot's, for the stacked (3 width, width) matrix
        self.in_proj_weight = jt.init.uniform((3 * width, width), "float32", -bound, bound)
        self.in_proj_bias = jt.zeros((3 * width,))
        self.out_proj = nn.Linear(width, width)
        jt.init.uniform_(self.out_proj.weight, -1 / math.sqrt(width), 1 / math.sqrt(width))
        self.out_proj.bias.assign(jt.zeros((width,)))


class TextCrossAttention(nn.Module):
    """Multi-head attention from text tokens to image tokens, averaged over the text tokens.

    FILM keeps only the mean of the attention's outputs over its queries. Values enter linearly, so
    the softmax weights are averaged first and one weighted sum of image tokens replaces T of them:
    equal up to rounding, and 40 times cheaper. It also shows that the order of the words can't
    matter.
    """

    def __init__(self, config: FilmConfig) -> None:
        self.heads = config.heads
        self.runs = config.runs
        self.multihead_attn = _HeadProjections(config.token_width)

    def execute(
        self, text: jt.Var, image: jt.Var, attention: str | None = None
    ) -> tuple[jt.Var, AttentionMaps | None]:
        """Return the gate that the text opens on average, and the maps if asked for.

        Args:
            text: (B, T, 256) float32.
            image: (B, N, 256) float32, N = 13824 image tokens.
            attention: None, ``spatial`` or ``full``.

        Returns:
            The gate (B, 256) float32 and the maps or None.
        """
        batch, length, width = text.shape
        count, heads = image.shape[1], self.heads
        each = width // heads  # 32
        projections = self.multihead_attn
        weight_q, weight_k, weight_v = projections.in_proj_weight.chunk(3, 0)  # (256, 256) each
        bias_q, _, bias_v = projections.in_proj_bias.chunk(3, 0)
        query = nn.linear(text, weight_q, bias_q) / math.sqrt(each)  # (B, T, 256)
        # The key bias adds the same to all scores of a row and cancels in the softmax.
        key = nn.linear(image, weight_k)  # (B, N, 256)
        # (B, T, 256) -> (B, heads, T, 32);  (B, N, 256) -> (B, heads, 32, N)
        query = query.reshape(batch, length, heads, each).transpose(0, 2, 1, 3)
        key = key.reshape(batch, count, heads, each).transpose(0, 2, 3, 1)
        weights = nn.softmax(jt.matmul(query, key), dim=-1)  # (B, heads, T, N)
        mean = weights.mean(2)  # (B, heads, N)
        seen = jt.matmul(mean, image)  # (B, heads, 256): image tokens, weighted
        # Each head projects what it saw with its own 32 rows of the value matrix.
        weight_v = weight_v.reshape(heads, each, width).transpose(0, 2, 1)  # (heads, 256, 32)
        value = jt.matmul(seen.transpose(1, 0, 2), weight_v)  # (heads, B, 32)
        value = value.transpose(1, 0, 2).reshape(batch, width) + bias_v  # (B, 256)
        seen = nn.linear(value, projections.out_proj.weight, projections.out_proj.bias)
        gate = seen / jt.maximum(jt.abs(seen).sum(1, keepdims=True), 1e-12)
        return gate, self._maps(weights, mean, gate, attention) if attention else None

    def _maps(self, weights: jt.Var, mean: jt.Var, gate: jt.Var, form: str) -> AttentionMaps:
        batch, heads, length, count = weights.shape
        by_token = weights.transpose(0, 2, 1, 3)  # (B, T, heads, N)
        # (B, T, heads, channels * runs) -> sum over channels
        spatial = by_token.reshape(batch, length, heads, count // self.runs, self.runs).sum(3)
        return AttentionMaps(mean, spatial, by_token if form == "full" else None, gate)
