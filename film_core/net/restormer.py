"""The Restormer block (Zamir et al., "Restormer", CVPR 2022): attention across channels, then a
gated feed-forward with depthwise convolutions."""

import jittor as jt
from jittor import nn

from film_core.net.layers import conv, gelu


class _PixelNorm(nn.Module):
    """Holds the scale and shift; a module of its own only because the checkpoint names it so."""

    def __init__(self, channels: int) -> None:
        self.weight = jt.ones((channels,))
        self.bias = jt.zeros((channels,))

    def execute(self, x: jt.Var) -> jt.Var:
        mean = x.mean(1, keepdims=True)  # (B, 1, H, W)
        centred = x - mean
        variance = (centred * centred).mean(1, keepdims=True)  # biased
        normed = centred / jt.sqrt(variance + 1e-5)
        return normed * self.weight.reshape(1, -1, 1, 1) + self.bias.reshape(1, -1, 1, 1)


class LayerNorm(nn.Module):
    """Layer normalisation over the channels of each pixel."""

    def __init__(self, channels: int) -> None:
        self.body = _PixelNorm(channels)

    def execute(self, x: jt.Var) -> jt.Var:
        """Normalise x (B, C, H, W) float32; same shape out."""
        return self.body(x)


class ChannelAttention(nn.Module):
    """Attention whose queries and keys are channels, seen over all pixels ("MDTA").

    Only q k^T and the norms need the whole image, and both are sums over pixels.
    """

    def __init__(self, channels: int, heads: int) -> None:
        self.heads = heads
        self.temperature = jt.ones((heads, 1, 1))
        self.qkv = conv(channels, 3 * channels, 1, bias=False)
        self.qkv_dwconv = conv(3 * channels, 3 * channels, 3, bias=False, groups=3 * channels)
        self.project_out = conv(channels, channels, 1, bias=False)

    def execute(self, x: jt.Var) -> jt.Var:
        """Attend within x (B, C, H, W) float32; same shape out."""
        batch, channels, height, width = x.shape
        qkv = self.qkv_dwconv(self.qkv(x))  # (B, 3C, H, W)
        # (B, 3C, H, W) -> (B, 3, heads, C/heads, H*W)
        qkv = qkv.reshape(batch, 3, self.heads, channels // self.heads, height * width)
        query, key, value = _unit(qkv[:, 0]), _unit(qkv[:, 1]), qkv[:, 2]
        scores = jt.matmul(query, key.transpose(0, 1, 3, 2))  # (B, heads, C/heads, C/heads)
        weights = nn.softmax(scores * self.temperature, dim=-1)
        attended = jt.matmul(weights, value)  # (B, heads, C/heads, H*W)
        return self.project_out(attended.reshape(batch, channels, height, width))


def _unit(rows: jt.Var) -> jt.Var:
    """Divide each last-axis row by its L2 norm, floored at 1e-12."""
    # The floor stands inside the root: the square root's gradient at an all-zero row is finite.
    square = (rows * rows).sum(-1, keepdims=True)
    return rows / jt.sqrt(jt.maximum(square, 1e-24))


class GatedFeedForward(nn.Module):
    """Two parallel hidden layers, one of which gates the other ("GDFN")."""

    def __init__(self, channels: int, factor: int) -> None:
        hidden = factor * channels
        self.project_in = conv(channels, 2 * hidden, 1, bias=False)
        self.dwconv = conv(2 * hidden, 2 * hidden, 3, bias=False, groups=2 * hidden)
        self.project_out = conv(hidden, channels, 1, bias=False)

    def execute(self, x: jt.Var) -> jt.Var:
        """Transform x (B, C, H, W) float32; same shape out."""
        hidden = self.dwconv(self.project_in(x))  # (B, 2 * 4C, H, W)
        half = hidden.shape[1] // 2
        return self.project_out(gelu(hidden[:, :half]) * hidden[:, half:])


class RestormerBlock(nn.Module):
    """x + attention(norm(x)), then x + feed-forward(norm(x))."""

    def __init__(self, channels: int, heads: int, factor: int) -> None:
        self.norm1 = LayerNorm(channels)
        self.attn = ChannelAttention(channels, heads)
        self.norm2 = LayerNorm(channels)
        self.ffn = GatedFeedForward(channels, factor)

    def execute(self, x: jt.Var) -> jt.Var:
        """Transform x (B, C, H, W) float32; same shape out."""
        x = x + self.attn(self.norm1(x))
        return x + self.ffn(self.norm2(x))
