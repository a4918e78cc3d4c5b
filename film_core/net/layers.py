"""The few elementary layers, with the initial values that the published training starts from."""

import math

import jittor as jt
from jittor import nn


def conv(in_channels: int, out_channels: int, size: int, *, bias: bool, groups: int = 1) -> nn.Conv:
    """Return a convolution that keeps height and width (zero padding), initialised as published.

    Weights and biases start uniform in +-1/sqrt(fan in).
    """
    layer = nn.Conv(
        in_channels, out_channels, size, padding=size // 2, groups=groups, bias=bias
    )  # fmt: skip
    bound = 1 / math.sqrt(in_channels // groups * size * size)
    jt.init.uniform_(layer.weight, -bound, bound)
    if bias:
        jt.init.uniform_(layer.bias, -bound, bound)
    return layer


class PReLU(nn.Module):
    """x where x > 0, else a learnt slope times x; one slope for all channels (He et al., 2015)."""

    def __init__(self) -> None:
        self.weight = jt.full((1,), 0.25)

    def execute(self, x: jt.Var) -> jt.Var:
        """Any shape, float32; same shape out."""
        return jt.ternary(x > 0, x, x * self.weight.broadcast(x))


def gelu(x: jt.Var) -> jt.Var:
    """Return x * Phi(x), Phi the normal distribution function, exactly (Hendrycks, Gimpel 2016)."""
    return 0.5 * x * (1 + jt.erf(x * (1 / math.sqrt(2))))
