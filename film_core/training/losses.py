"""Losses by name. The first two are the published ones; each further one says what it is for.

All take images (B, H, W) float32 in [0, 1] and return one number.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jittor as jt

from film_core.errors import unknown_name
from film_core.metrics.kept_brightness import MUCH_BRIGHTER
from film_core.training.filters import gaussian, sobel
from film_core.training.gradient_preservation import gradient_preservation
from film_core.training.visual_information import visual_information

SMALL_SHARE = 0.005
"""Part of a picture below which what shines in one source weighs less in `lost_light`."""


@dataclass(frozen=True)
class LossInput:
    """What a loss may look at.

    Attributes:
        fused, a, b: (B, H, W) float32 in [0, 1].
        answer: (B, H, W), the known answer of self-made pairs; anything elsewhere.
        known: (B, 1, 1), 1 where there is a known answer, else 0.
        aim_a, aim_b: (B, H, W), a and b with their tones spread (see `tones.py`): the brightness
            and edges to come near. Without them a and b themselves.
    """

    fused: jt.Var
    a: jt.Var
    b: jt.Var
    answer: jt.Var
    known: jt.Var
    aim_a: jt.Var = None
    aim_b: jt.Var = None

    def __post_init__(self) -> None:
        if self.aim_a is None:
            object.__setattr__(self, "aim_a", self.a)
            object.__setattr__(self, "aim_b", self.b)


@dataclass(frozen=True)
class LossTerm:
    """A loss: its name, one plain sentence on what it rewards, and the function."""

    name: str
    sentence: str
    compute: Callable[[LossInput], jt.Var]


def _sobel_pair(x: jt.Var) -> tuple[jt.Var, jt.Var]:
    across, down = sobel(x.shape[1], x.shape[2])
    return across(x), down(x)


def edge_strength(x: jt.Var) -> jt.Var:
    """|Sobel_x| + |Sobel_y| of (B, H, W), zero padding: the published S(x)."""
    across, down = _sobel_pair(x)
    return jt.abs(across) + jt.abs(down)


def intensity_to_maximum(given: LossInput) -> jt.Var:
    """Mean |F - max(A, B)|."""
    return jt.abs(given.fused - jt.maximum(given.aim_a, given.aim_b)).mean()


def gradient_to_maximum(given: LossInput) -> jt.Var:
    """Mean |S(F) - max(S(A), S(B))|."""
    strongest = jt.maximum(edge_strength(given.aim_a), edge_strength(given.aim_b))
    return jt.abs(edge_strength(given.fused) - strongest).mean()


def intensity_to_mean(given: LossInput) -> jt.Var:
    """Mean |F - (A + B) / 2|."""
    return jt.abs(given.fused - 0.5 * (given.aim_a + given.aim_b)).mean()


def signed_gradient(given: LossInput) -> jt.Var:
    """Mean |Sobel(F) - Sobel(X)| over both directions, X the source with the stronger edge there.

    Unlike `gradient_to_maximum` it also fixes the edge's direction, which Qabf looks at.
    """
    across_a, down_a = _sobel_pair(given.aim_a)
    across_b, down_b = _sobel_pair(given.aim_b)
    across, down = _sobel_pair(given.fused)
    a_wins = (across_a * across_a + down_a * down_a) >= (across_b * across_b + down_b * down_b)
    target_across = jt.ternary(a_wins, across_a, across_b)
    target_down = jt.ternary(a_wins, down_a, down_b)
    return (jt.abs(across - target_across) + jt.abs(down - target_down)).mean()


def structural_dissimilarity(x: jt.Var, y: jt.Var) -> jt.Var:
    """1 - SSIM of (B, H, W) in [0, 1]: 5x5 Gaussian window, deviation 1.5, zero padding, mean."""
    window = gaussian(x.shape[1], x.shape[2], 5, 1.5, valid=False)
    mean_x, mean_y = window(x), window(y)
    variance_x = window(x * x) - mean_x * mean_x
    variance_y = window(y * y) - mean_y * mean_y
    covariance = window(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    similarity = ((2 * mean_x * mean_y + c1) * (2 * covariance + c2)) / (
        (mean_x * mean_x + mean_y * mean_y + c1) * (variance_x + variance_y + c2)
    )
    return 1 - similarity.mean()


def lp_ssim_parts(source: jt.Var, fused: jt.Var) -> tuple[jt.Var, jt.Var]:
    """Return the published optional term's two parts for one source.

    Lp = Euclidean norm of the difference over the whole batch, and w * (1 - SSIM) with
    w = int(sqrt(H W)).
    """
    weight = int((source.shape[1] * source.shape[2]) ** 0.5)
    difference = source - fused
    lp = jt.sqrt((difference * difference).sum() + 1e-20)
    return lp, weight * structural_dissimilarity(source, fused)


def lp_ssim(given: LossInput) -> jt.Var:
    """Lp + w (1 - SSIM), summed over both sources."""
    return sum(
        (part for source in (given.a, given.b) for part in lp_ssim_parts(source, given.fused)),
        start=jt.array(0.0),
    )


def known_answer(given: LossInput) -> jt.Var:
    """Mean |F - answer| over the pairs that were made from it."""
    error = jt.abs(given.fused - given.answer).mean(dims=[1, 2], keepdims=True)
    return (error * given.known).mean()


def known_edges(given: LossInput) -> jt.Var:
    """Mean |Sobel(F) - Sobel(answer)| over the pairs that were made from it."""
    difference = given.fused - given.answer
    across, down = _sobel_pair(difference)
    error = (jt.abs(across) + jt.abs(down)).mean(dims=[1, 2], keepdims=True)
    return (error * given.known).mean()


def lost_edges(given: LossInput) -> jt.Var:
    """1 - Qabf, smoothed: how much of the sources' edges is lost in strength or direction."""
    return 1 - gradient_preservation(given.fused, given.a, given.b)


def lost_information(given: LossInput) -> jt.Var:
    """2 - VIFF: how much of the sources' visual information is lost."""
    return 2 - (visual_information(given.a, given.fused) + visual_information(given.b, given.fused))


def lost_light(given: LossInput) -> jt.Var:
    """Mean |F - X| where source X alone shines, each source and picture weighed alike.

    That is where X is at least `MUCH_BRIGHTER` than the other. A mean over all pixels hardly sees
    such places, as they are small. Below `SMALL_SHARE` of a picture they count by their size.
    """
    total = jt.array(0.0)
    for source, other, aim in (
        (given.a, given.b, given.aim_a),
        (given.b, given.a, given.aim_b),
    ):
        shines = (source - other >= MUCH_BRIGHTER).float32()
        error = (jt.abs(given.fused - aim) * shines).mean(dims=[1, 2])
        total = total + (error / jt.maximum(shines.mean(dims=[1, 2]), SMALL_SHARE)).mean()
    return total


LOSS_TERMS: dict[str, LossTerm] = {
    term.name: term
    for term in (
        LossTerm("intensity", "Brightness of the brighter source (published).",
                 intensity_to_maximum),
        LossTerm("gradient", "Edges as strong as the stronger source's (published).",
                 gradient_to_maximum),
        LossTerm("lp_ssim", "Nearness to both sources (published, weight 0 by default).", lp_ssim),
        LossTerm("mean", "Brightness between the two sources.", intensity_to_mean),
        LossTerm("signed_gradient", "Edges of the stronger source, with their direction.",
                 signed_gradient),
        LossTerm("edges", "1 - Qabf: edges kept in strength and direction.", lost_edges),
        LossTerm("information", "2 - VIFF: visual information kept at four scales.",
                 lost_information),
        LossTerm("light", "What shines in one source only: a lamp, a lesion, an uptake.",
                 lost_light),
        LossTerm("answer", "The known answer of self-made pairs.", known_answer),
        LossTerm("answer_edges", "The edges of the known answer of self-made pairs.", known_edges),
    )
}  # fmt: skip


def compute_losses(
    given: LossInput, weights: Mapping[str, float]
) -> tuple[jt.Var, dict[str, jt.Var]]:
    """Return (weighted sum, {name: unweighted term}) of the terms that have a weight.

    Raises:
        UnknownNameError: a term of another name.
    """
    terms = {}
    for name, weight in weights.items():
        if name not in LOSS_TERMS:
            raise unknown_name("loss term", name, LOSS_TERMS)
        if weight:
            terms[name] = LOSS_TERMS[name].compute(given)
    total = sum((weights[name] * value for name, value in terms.items()), start=jt.array(0.0))
    return total, terms
