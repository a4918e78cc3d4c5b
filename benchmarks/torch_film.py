"""FILM in PyTorch, written from the paper's description, to measure our kernels against.

A development dependency only. Module names give the published state-dict keys.
"""

import torch
import torch.nn.functional as functional
from torch import nn

GRID = (288, 384)
WIDTH, HEADS, TOKEN_WIDTH = 32, 8, 256


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels of each pixel, kept under the name ``body``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.LayerNorm(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ChannelAttention(nn.Module):
    """Restormer's MDTA: attention between the channels of a head."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(HEADS, 1, 1))
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.qkv_dwconv = nn.Conv2d(
            3 * channels, 3 * channels, 3, padding=1, groups=3 * channels, bias=False
        )
        self.project_out = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, channels, height, width = x.shape
        shape = (batch, HEADS, channels // HEADS, height * width)
        query, key, value = (
            part.reshape(shape) for part in self.qkv_dwconv(self.qkv(x)).chunk(3, dim=1)
        )
        query, key = functional.normalize(query, dim=-1), functional.normalize(key, dim=-1)
        weights = (query @ key.transpose(-2, -1) * self.temperature).softmax(dim=-1)
        return self.project_out((weights @ value).reshape(x.shape))


class FeedForward(nn.Module):
    """Restormer's GDFN."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = 4 * channels
        self.project_in = nn.Conv2d(channels, 2 * hidden, 1, bias=False)
        self.dwconv = nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden, bias=False)
        self.project_out = nn.Conv2d(hidden, channels, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        value, gate = self.dwconv(self.project_in(x)).chunk(2, dim=1)
        return self.project_out(functional.gelu(value) * gate)


class Block(nn.Module):
    """A Restormer block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = ChannelNorm(channels), ChannelNorm(channels)
        self.attn, self.ffn = ChannelAttention(channels), FeedForward(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.ffn(self.norm2(x))


class _Holder(nn.Module):
    """Gives a module the extra level that its published name has."""

    def __init__(self, **modules: nn.Module) -> None:
        super().__init__()
        for name, module in modules.items():
            self.add_module(name, module)


class Stage(nn.Module):
    """A text-guided stage for both sources."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        for number, source in enumerate("AB", start=1):
            attention = nn.MultiheadAttention(TOKEN_WIDTH, HEADS, batch_first=True)
            modules = {
                f"conv{source}1": nn.Conv2d(inputs, WIDTH, 3, padding=1, bias=False),
                f"prelu{source}1": nn.PReLU(),
                f"conv{source}2": nn.Conv2d(WIDTH, WIDTH, 1),
                f"prelu{source}2": nn.PReLU(),
                f"conv{source}3": nn.Conv2d(2 * WIDTH, WIDTH, 1),
                f"prelu{source}3": nn.PReLU(),
                f"restormer{source}1": Block(WIDTH),
                f"cross_attentionA{number}": _Holder(multihead_attn=attention),
                f"imagef2textf{source}1": _Holder(conv=nn.Conv2d(WIDTH, WIDTH, 1)),
            }
            for name, module in modules.items():
                self.add_module(name, module)

    def source(self, name: str, x: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        part = self.get_submodule
        number = "AB".index(name) + 1
        features = part(f"prelu{name}1")(part(f"conv{name}1")(x))
        features = part(f"restormer{name}1")(features)
        batch, channels, height, width = features.shape
        tokens = part(f"imagef2textf{name}1").conv(features)
        tokens = functional.interpolate(tokens, GRID, mode="nearest").contiguous()
        tokens = tokens.reshape(batch, -1, TOKEN_WIDTH)
        attention = part(f"cross_attentionA{number}").multihead_attn
        guided, _ = attention(text, tokens, tokens, need_weights=False)
        gate = functional.normalize(guided.mean(dim=1, keepdim=True), p=1, dim=-1)
        gated = (tokens * gate).reshape(batch, channels, *GRID)
        gated = functional.interpolate(gated, (height, width), mode="nearest")
        gated = part(f"prelu{name}2")(part(f"conv{name}2")(gated)) + features
        joined = torch.cat([features, gated], dim=1)
        return part(f"prelu{name}3")(part(f"conv{name}3")(joined))

    def forward(
        self, a: torch.Tensor, b: torch.Tensor, text: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return self.source("A", a, text), self.source("B", b, text)


class Film(nn.Module):
    """The whole network: images (B, 1, H, W) in [0, 1] and text (B, T, text_width)."""

    def __init__(self, text_width: int = 768) -> None:
        super().__init__()
        self.text_process = _Holder(conv=nn.Conv1d(text_width, TOKEN_WIDTH, 1))
        self.restormerca1, self.restormerca2, self.restormerca3 = Stage(1), Stage(32), Stage(32)
        self.restormer1 = Block(2 * WIDTH)
        self.conv1 = nn.Conv2d(2 * WIDTH, WIDTH, 1)
        self.restormer2, self.restormer3 = Block(WIDTH), Block(WIDTH)
        self.conv2 = nn.Conv2d(WIDTH, 1, 1)

    def forward(self, a: torch.Tensor, b: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        text = self.text_process.conv(text.transpose(1, 2)).transpose(1, 2)
        for stage in (self.restormerca1, self.restormerca2, self.restormerca3):
            a, b = stage(a, b, text)
        merged = self.conv1(self.restormer1(torch.cat([a, b], dim=1)))
        return torch.sigmoid(self.conv2(self.restormer3(self.restormer2(merged))))
