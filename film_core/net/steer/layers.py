"""Elementary layers of the branch, on the last axis."""

import math

import jittor as jt
from jittor import nn


class Linear(nn.Module):
    """x W^T + b over the last axis; uniform start in +-gain/sqrt(inputs)."""

    def __init__(self, inputs: int, outputs: int, bias: bool = True, gain: float = 1.0) -> None:
        bound = gain / math.sqrt(inputs)
        self.weight = jt.init.uniform((outputs, inputs), "float32", -bound, bound)
        self.bias = jt.zeros((outputs,)) if bias else None

    def execute(self, x: jt.Var) -> jt.Var:
        """(…, inputs) -> (…, outputs)."""
        shape = x.shape
        flat = x.reshape(-1, shape[-1])
        out = nn.matmul_transpose(flat, self.weight)
        if self.bias is not None:
            out = out + self.bias
        return out.reshape(*shape[:-1], self.weight.shape[0])


class RowNorm(nn.Module):
    """Layer normalisation over the last axis."""

    def __init__(self, width: int) -> None:
        self.weight = jt.ones((width,))
        self.bias = jt.zeros((width,))

    def execute(self, x: jt.Var) -> jt.Var:
        """(…, width), same shape out."""
        centred = x - x.mean(-1, keepdims=True)
        variance = (centred * centred).mean(-1, keepdims=True)
        return centred / jt.sqrt(variance + 1e-5) * self.weight + self.bias
