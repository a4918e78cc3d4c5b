"""Everything that one fusion yields."""

from dataclasses import dataclass, field

import numpy as np

from film_core.fusion.attention import AttentionResult
from film_core.fusion.steering import SteeringResult
from film_core.text import Token

Measured = dict[str, dict[str, float]]
"""Metric values by form (``raw``, ``paper``) and metric name."""


@dataclass(frozen=True)
class FusionResult:
    """A fused image and all that belongs to it.

    Attributes:
        image: (H, W, 3) or (H, W) uint8, with colour where a source has it.
        luminance: (H, W) float32 in [0, 1], the network's own output.
        metrics: values of the fused luminance by form and name.
        comparison: the same for ``mean``, ``maximum``, ``pyramid``, ``source A``, ``source B``;
            empty if it wasn't asked for.
        attention: the maps, or None if they weren't asked for.
        timings: seconds by step; ``total`` is the whole of this call.
        text_a, text_b: the descriptions that were used.
        author_a, author_b: who wrote them: a describer's name, or ``edited`` by a person.
        tokens: the word pieces of all texts, with their place in the text.
        token_sources: for each token ``a``, ``b`` or ``instruction``.
        task, weights, encoder, device, kernels: what computed it.
        notes: sentences on what was resized, cut or replaced.
        changed: mean absolute difference in grey levels of 255 from this pair's previous result,
            None for its first. Where only the text was changed, it is the text's whole effect.
        changed_most: the largest such difference of one pixel.
        instruction: what was asked for, "" for nothing.
        steering: what each word did, where the network is a steering one; else None.
    """

    image: np.ndarray
    luminance: np.ndarray
    metrics: Measured
    comparison: dict[str, Measured]
    attention: AttentionResult | None
    timings: dict[str, float]
    text_a: str
    text_b: str
    author_a: str
    author_b: str
    tokens: tuple[Token, ...]
    token_sources: tuple[str, ...]
    task: str
    weights: str
    encoder: str
    device: str
    kernels: str
    notes: list[str] = field(default_factory=list)
    changed: float | None = None
    changed_most: float | None = None
    instruction: str = ""
    steering: SteeringResult | None = None
