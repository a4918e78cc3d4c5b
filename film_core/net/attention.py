"""The attention maps that a fusing pass hands out on request."""

from dataclasses import dataclass

import jittor as jt

ATTENTION_FORMS = ("spatial", "full")


@dataclass(frozen=True)
class AttentionMaps:
    """Softmax weights of one stage's cross-attention for one source, all float32 in [0, 1].

    An image token is a run of 256 consecutive pixels of one channel of the 288x384 grid: token n
    is run n % 432 of channel n // 432.

    Attributes:
        mean: (B, heads, 13824), averaged over the text tokens; sums to 1 over the last axis.
        spatial: (B, T, heads, 432), for each text token, the channels added up; sums to 1 too.
        tokens: (B, T, heads, 13824), everything; only with ``attention="full"`` (66 MB for one
            image and 149 tokens).
        gate: (B, 256), what the source's features are multiplied by: value j belongs to every
            pixel whose place in the flattened rows of the grid is j modulo 256. Signed; its
            absolute values sum to 1.
    """

    mean: jt.Var
    spatial: jt.Var
    tokens: jt.Var | None
    gate: jt.Var
