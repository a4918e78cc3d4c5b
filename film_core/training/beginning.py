"""Initial weights that already fuse: by the per-pixel maximum or mean, everything else random.

A random network first spends thousands of steps on learning to copy an image through some forty
layers. Here channel 0 carries each source past the blocks of the stages, seven more carry fixed 3x3
filters of it; the PReLU that ends the last stage bends brightness to what the final sigmoid will
undo, and one hidden unit of a feed-forward forms the maximum. All other weights are as drawn;
training may change every one of them.
"""

from collections.abc import MutableMapping

import numpy as np

from film_core.errors import unknown_name

BEGINNINGS = ("random", "maximum", "mean")

Weights = MutableMapping[str, np.ndarray]

_CARRIED = 8
_BENT = 16
"""Channels of the last stage that hold prelu(brightness - knot)."""
_KNOTS = 0.5 - 0.55 * np.cos(np.linspace(0, np.pi, _BENT))  # denser where the logit is steep
_LEVEL = 8.0
"""Of two constant channels, +c and -c, that keep the maximum's layer norm about linear."""
_SHARPNESS = 2.0

_SOBEL = np.float32([[1, 0, -1], [2, 0, -2], [1, 0, -1]]) / 4
_BLUR = np.float32([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
_CENTRE = np.float32([[0, 0, 0], [0, 1, 0], [0, 0, 0]])


def begin_from_rule(weights: Weights, rule: str) -> None:
    """Change freshly drawn `weights` in place so that FILM computes about `rule`.

    Args:
        weights: {tensor name: float32 array} of a network with random weights.
        rule: "maximum" of the two sources' pixels, "mean" (of their logits), or "random", which
            changes nothing.

    Raises:
        UnknownNameError: a rule of another name.
    """
    if rule not in BEGINNINGS:
        raise unknown_name("beginning", rule, BEGINNINGS)
    if rule == "random":
        return
    for source in ("A", "B"):
        for number in (1, 2, 3):
            _carry(weights, f"restormerca{number}.", source, number)
        _bend(weights, source)
    bent = [*range(_BENT + _CARRIED), *range(32, 32 + _BENT + _CARRIED)]
    _pass_by(weights, "restormer1.", bent)
    _join(weights, rule)
    for block in ("restormer2.", "restormer3."):
        _pass_by(weights, block, [0, 1, 2, 30, 31])
        _steady(weights, block)
    if rule == "maximum":
        _add_rectified_difference(weights)


def _carry(weights: Weights, stage: str, source: str, number: int) -> None:
    """Lead channels 0 to 7 through a stage unchanged (the blurred one blurred once more)."""
    first = weights[f"{stage}conv{source}1.weight"]
    if number == 1:
        first[:_CARRIED, 0] = np.stack([
            _CENTRE, _SOBEL, -_SOBEL, _SOBEL.T, -_SOBEL.T, _BLUR, _CENTRE - _BLUR, _BLUR - _CENTRE,
        ])  # fmt: skip
    else:
        first[:_CARRIED] = 0
        for channel in range(_CARRIED):
            first[channel, channel] = _BLUR if channel == 5 else _CENTRE
    _pass_by(weights, f"{stage}restormer{source}1.", list(range(_CARRIED)))
    weights[f"{stage}conv{source}2.weight"][:_CARRIED] = 0
    weights[f"{stage}conv{source}2.bias"][:_CARRIED] = 0
    last, bias = weights[f"{stage}conv{source}3.weight"], weights[f"{stage}conv{source}3.bias"]
    last[:_CARRIED] = 0
    bias[:_CARRIED] = 0
    last[range(_CARRIED), range(_CARRIED)] = 1


def _bend(weights: Weights, source: str) -> None:
    """Let the last stage give prelu(brightness - knot), and the carried filters behind them."""
    last = weights[f"restormerca3.conv{source}3.weight"]
    bias = weights[f"restormerca3.conv{source}3.bias"]
    last[: _BENT + _CARRIED] = 0
    last[:_BENT, 0] = 1
    last[range(_BENT, _BENT + _CARRIED), range(_CARRIED)] = 1
    bias[:_BENT] = -_KNOTS
    bias[_BENT : _BENT + _CARRIED] = 0


def _pass_by(weights: Weights, block: str, channels: list[int]) -> None:
    """Let a Restormer block add nothing to `channels`."""
    for branch in ("attn", "ffn"):
        weights[f"{block}{branch}.project_out.weight"][channels] = 0


def _logit_of_bent(slope: float) -> tuple[np.ndarray, float]:
    """Return (factors, constant) of the sum over prelu(v - knot) nearest to logit(v).

    Least squares over v in [0, 1], weighted with the sigmoid's slope, so that what counts is the
    error in brightness.
    """
    values = np.linspace(0.002, 0.998, 997)
    above = values[:, None] - _KNOTS
    columns = np.concatenate([np.where(above > 0, above, slope * above), np.ones((997, 1))], axis=1)
    counts = (values * (1 - values))[:, None]
    wanted = np.log(values / (1 - values))
    weighted = columns * counts
    solution = np.linalg.solve(
        weighted.T @ weighted + 1e-6 * np.eye(_BENT + 1), weighted.T @ (wanted * counts[:, 0])
    )
    return solution[:-1], float(solution[-1])


def _join(weights: Weights, rule: str) -> None:
    """Put both sources' logits into channels 1 and 2 of 32, what is shown into channel 0."""
    joint, bias = weights["conv1.weight"][:, :, 0, 0], weights["conv1.bias"]
    joint[[0, 1, 2, 30, 31]] = 0
    bias[[0, 1, 2]] = 0
    for channel, source in ((1, "A"), (2, "B")):
        slope = float(weights[f"restormerca3.prelu{source}3.weight"].reshape(-1)[0])
        first = 32 * (channel - 1)
        joint[channel, first : first + _BENT], bias[channel] = _logit_of_bent(slope)
    share = 0.0 if rule == "maximum" else 0.5
    joint[0] = share * joint[1] + (1 - share) * joint[2]
    bias[0] = share * bias[1] + (1 - share) * bias[2]
    bias[30], bias[31] = _LEVEL, -_LEVEL
    weights["conv2.weight"][:] *= 0.02
    weights["conv2.weight"][0, [30, 31]] = 0
    weights["conv2.weight"][0, 0] = 1
    weights["conv2.bias"][:] = 0


def _steady(weights: Weights, block: str) -> None:
    """Make a block's layer norms about linear: the constant channels rule their deviation."""
    for norm in ("norm1", "norm2"):
        weights[f"{block}{norm}.body.weight"][:] = _LEVEL * (2 / 32) ** 0.5
    for reader in ("attn.qkv", "ffn.project_in"):
        weights[f"{block}{reader}.weight"][:, [30, 31]] = 0  # too large for random weights


def _add_rectified_difference(weights: Weights) -> None:
    """B + relu(A - B) is the maximum: one hidden unit of the feed-forward before the last."""
    block, unit = "restormer2.", 0
    # One channel gives the feed-forward a plain 1; what it holds itself still passes by.
    weights[f"{block}norm2.body.weight"][29] = 0
    weights[f"{block}norm2.body.bias"][29] = 1
    rows = weights[f"{block}ffn.project_in.weight"][:, :, 0, 0]
    depthwise = weights[f"{block}ffn.dwconv.weight"][:, 0]
    gate = unit + len(rows) // 2
    rows[[unit, gate]] = 0
    depthwise[[unit, gate]] = _CENTRE
    rows[unit, [1, 2]] = _SHARPNESS, -_SHARPNESS
    rows[gate, 29] = 1
    column = weights[f"{block}ffn.project_out.weight"][:, unit, 0, 0]
    column[:] = 0
    column[0] = 1 / _SHARPNESS
