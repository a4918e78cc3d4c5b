"""One text-guided stage: both sources' features, each gated by what the text sees in them."""

import jittor as jt
from jittor import nn

from film_core.net.attention import AttentionMaps
from film_core.net.config import FilmConfig
from film_core.net.guidance import ImageTokens, TextCrossAttention
from film_core.net.layers import PReLU, conv
from film_core.net.resize import nearest_resize
from film_core.net.restormer import RestormerBlock


class Stage(nn.Module):
    """Stage of FILM for both sources.

    A stage has two parts, so that an edit of the text can start at the second: `features`, which
    knows nothing of the text, and `guide`.
    """

    def __init__(self, in_channels: int, config: FilmConfig) -> None:
        self.config = config
        width = config.width
        for source, number in (("A", 1), ("B", 2)):
            setattr(self, f"conv{source}1", conv(in_channels, width, 3, bias=False))
            setattr(self, f"prelu{source}1", PReLU())
            setattr(self, f"conv{source}2", conv(width, width, 1, bias=True))
            setattr(self, f"prelu{source}2", PReLU())
            setattr(self, f"conv{source}3", conv(2 * width, width, 1, bias=True))
            setattr(self, f"prelu{source}3", PReLU())
            block = RestormerBlock(width, config.heads, config.hidden_factor)
            setattr(self, f"restormer{source}1", block)
            setattr(self, f"cross_attentionA{number}", TextCrossAttention(config))
            setattr(self, f"imagef2textf{source}1", ImageTokens(config))

    def features(self, source: str, x: jt.Var) -> jt.Var:
        """Return features (B, 32, H, W) of a source's x (B, in_channels, H, W).

        Args:
            source: ``a`` or ``b``.
        """
        letter = source.upper()
        x = getattr(self, f"prelu{letter}1")(getattr(self, f"conv{letter}1")(x))
        return getattr(self, f"restormer{letter}1")(x)

    def guide(
        self,
        source: str,
        features: jt.Var,
        text: jt.Var,
        attention: str | None = None,
        gates_learn: bool = True,
    ) -> tuple[jt.Var, AttentionMaps | None]:
        """Gate features (B, 32, H, W) by text (B, T, 256); same shape out, and the maps or None.

        Without `gates_learn` the gate is a constant to the gradient.
        """
        letter, number = source.upper(), 1 if source == "a" else 2
        tokens = getattr(self, f"imagef2textf{letter}1")(features)  # (B, 13824, 256)
        gate, maps = getattr(self, f"cross_attentionA{number}")(text, tokens, attention)
        if not gates_learn:
            gate = gate.stop_grad()
        # (B, 13824, 256) -> (B, 32, 288, 384)
        gated = (tokens * gate.unsqueeze(1)).reshape(
            features.shape[0], self.config.width, *self.config.grid
        )
        gated = nearest_resize(gated, tuple(features.shape[2:]))  # (B, 32, H, W)
        gated = getattr(self, f"prelu{letter}2")(getattr(self, f"conv{letter}2")(gated))
        joined = jt.concat([features, gated + features], dim=1)  # (B, 64, H, W)
        return getattr(self, f"prelu{letter}3")(getattr(self, f"conv{letter}3")(joined)), maps
