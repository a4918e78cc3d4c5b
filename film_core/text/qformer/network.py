"""The text branch as a network: BERT's encoder on one text (Devlin et al., NAACL 2019)."""

import math

import jittor as jt
import numpy as np
from jittor import nn

from film_core.text.qformer.layout import QFormerConfig


class TextBranch(nn.Module):
    """Last hidden states of one text; no padding, so no mask is needed."""

    def __init__(self, config: QFormerConfig, state: dict[str, np.ndarray]) -> None:
        self.words = jt.array(state["words"]).stop_grad()
        self.positions = jt.array(state["positions"]).stop_grad()
        self.norm = LayerNorm(state, "norm", config.epsilon)
        self.layers = [Layer(config, state, f"{layer}.") for layer in range(config.layers)]

    def execute(self, ids: jt.Var) -> jt.Var:
        """Return (T, width) float32 of word numbers (T,) int32."""
        x = self.norm(self.words[ids] + self.positions[: ids.shape[0]])  # (T, D)
        for layer in self.layers:
            x = layer(x)
        return x


class Layer(nn.Module):
    """Self-attention, then feed-forward, each followed by the norm of its sum with the input."""

    def __init__(self, config: QFormerConfig, state: dict[str, np.ndarray], at: str) -> None:
        self.heads = config.heads
        # One product for query, key and value instead of three.
        self.query_key_value = Linear(state, f"{at}query", f"{at}key", f"{at}value")
        self.attended = Linear(state, f"{at}attended")
        self.attended_norm = LayerNorm(state, f"{at}attended_norm", config.epsilon)
        self.widen = Linear(state, f"{at}widen")
        self.narrow = Linear(state, f"{at}narrow")
        self.narrow_norm = LayerNorm(state, f"{at}narrow_norm", config.epsilon)

    def execute(self, x: jt.Var) -> jt.Var:
        """(T, D) -> (T, D)."""
        length, width = x.shape
        each = width // self.heads
        stacked = self.query_key_value(x).reshape(length, 3, self.heads, each)
        # (T, 3, heads, each) -> 3 times (heads, T, each)
        query, key, value = (stacked[:, part].transpose(1, 0, 2) for part in range(3))
        scores = jt.matmul(query, key.transpose(0, 2, 1)) / math.sqrt(each)  # (heads, T, T)
        seen = jt.matmul(nn.softmax(scores, dim=-1), value)  # (heads, T, each)
        seen = seen.transpose(1, 0, 2).reshape(length, width)
        x = self.attended_norm(x + self.attended(seen))
        hidden = self.widen(x)
        hidden = 0.5 * hidden * (1 + jt.erf(hidden * (1 / math.sqrt(2))))  # exact GELU
        return self.narrow_norm(x + self.narrow(hidden))


class Linear(nn.Module):
    """x W + b, of one or several published (out, in) matrices side by side."""

    def __init__(self, state: dict[str, np.ndarray], *names: str) -> None:
        weight = np.concatenate([state[f"{name}.weight"] for name in names])
        self.weight = jt.array(np.ascontiguousarray(weight.T)).stop_grad()  # (in, out)
        self.bias = jt.array(np.concatenate([state[f"{name}.bias"] for name in names])).stop_grad()

    def execute(self, x: jt.Var) -> jt.Var:
        """(T, in) -> (T, out)."""
        return jt.matmul(x, self.weight) + self.bias


class LayerNorm(nn.Module):
    """Normalises each token over its features; biased variance (Ba et al., 2016)."""

    def __init__(self, state: dict[str, np.ndarray], name: str, epsilon: float) -> None:
        self.weight = jt.array(state[f"{name}.weight"]).stop_grad()
        self.bias = jt.array(state[f"{name}.bias"]).stop_grad()
        self.epsilon = epsilon

    def execute(self, x: jt.Var) -> jt.Var:
        """(T, D) -> (T, D)."""
        # Centred first: E[x^2] - E[x]^2 would lose digits where the mean is large.
        centred = x - x.mean(1, keepdims=True)
        variance = (centred * centred).mean(1, keepdims=True)
        return centred / jt.sqrt(variance + self.epsilon) * self.weight + self.bias
