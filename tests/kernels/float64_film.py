"""The network once more, slowly, in NumPy's float64: what gradients are measured against.

Channels-last (B, H, W, C), weights in the order and the shapes of a checkpoint.
"""

import math

import numpy as np

_erf = np.vectorize(math.erf)


def layer_norm(x, weight, bias):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * weight + bias


def shifted(x):
    """The nine (dy, dx) shifts of x with zero padding: yields dy, dx, shifted x."""
    height, width = x.shape[1:3]
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    for dy in range(3):
        for dx in range(3):
            yield dy, dx, padded[:, dy : dy + height, dx : dx + width]


def depthwise(x, taps):
    return sum(part * taps[:, 0, dy, dx] for dy, dx, part in shifted(x))


def pointwise(x, weight):
    return x @ weight.reshape(weight.shape[0], -1).T


def prelu(x, slope):
    return np.where(x > 0, x, slope * x)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def restormer_block(x, *weights):
    norm1, bias1, temperature, qkv, taps, out, norm2, bias2, project_in, gate_taps, project_out = (
        weights
    )
    batch, height, width, channels = x.shape
    hidden = depthwise(pointwise(layer_norm(x, norm1, bias1), qkv), taps)
    # (B, H, W, C) -> (B, heads, C/heads, H*W)
    q, k, v = (
        part.reshape(batch, height * width, 8, channels // 8).transpose(0, 2, 3, 1)
        for part in np.split(hidden, 3, -1)
    )
    q, k = (p / np.maximum(np.sqrt((p**2).sum(-1, keepdims=True)), 1e-12) for p in (q, k))
    mixed = softmax(q @ k.transpose(0, 1, 3, 2) * temperature) @ v
    x = x + pointwise(mixed.transpose(0, 3, 1, 2).reshape(x.shape), out)
    first, second = np.split(
        depthwise(pointwise(layer_norm(x, norm2, bias2), project_in), gate_taps), 2, -1
    )
    gelu = first * (0.5 + 0.5 * _erf(first / math.sqrt(2)))
    return x + pointwise(gelu * second, project_out)


def convolution_prelu(x, weight, slope):
    parts = (part @ weight[:, :, dy, dx].T for dy, dx, part in shifted(x))
    return prelu(sum(parts), slope)


def nearest(x, size):
    """Resize the last two axes by the rule of the published network (ratio in float32)."""
    indices = [
        np.minimum((np.arange(to, dtype=np.float32) * (np.float32(n) / np.float32(to))), n - 1)
        for n, to in zip(x.shape[-2:], size, strict=True)
    ]
    return x[..., indices[0].astype(int), :][..., indices[1].astype(int)]


def _slab(features, weight, bias):
    planes = pointwise(features, weight) + bias
    return nearest(planes.transpose(0, 3, 1, 2), (288, 384)).reshape(len(planes), 13824, 256)


def text_gate(features, text, slab, slab_bias, in_weight, in_bias, out_weight, out_bias):
    tokens = _slab(features, slab, slab_bias)
    (wq, wk, wv), (bq, bk, bv) = np.split(in_weight, 3), np.split(in_bias, 3)
    q, k, v = (
        (x @ w.T + b).reshape(len(x), -1, 8, 32).transpose(0, 2, 1, 3)
        for x, w, b in ((text, wq, bq), (tokens, wk, bk), (tokens, wv, bv))
    )
    heads = softmax(q @ k.transpose(0, 1, 3, 2) / math.sqrt(32)) @ v
    answer = heads.transpose(0, 2, 1, 3).reshape(*text.shape[:2], 256) @ out_weight.T + out_bias
    mean = answer.mean(1)
    return mean / np.maximum(np.abs(mean).sum(-1, keepdims=True), 1e-12)


def gated_output(features, gate, slab, slab_bias, w2, b2, slope2, w3, b3, slope3):
    batch, height, width, channels = features.shape
    gated = (_slab(features, slab, slab_bias) * gate[:, None]).reshape(batch, channels, 288, 384)
    gated = nearest(gated, (height, width)).transpose(0, 2, 3, 1)
    joined = prelu(pointwise(gated, w2) + b2, slope2) + features
    return prelu(pointwise(np.concatenate([features, joined], -1), w3) + b3, slope3)


def film(parameters, image_a, image_b, text):
    """Fused luminance (B, 1, H, W) from parameters by their checkpoint names."""

    def some(*names):
        return [parameters[name] for name in names]

    def block(x, name):
        ends = ["norm1.body.weight", "norm1.body.bias", "attn.temperature", "attn.qkv.weight",
                "attn.qkv_dwconv.weight", "attn.project_out.weight", "norm2.body.weight",
                "norm2.body.bias", "ffn.project_in.weight", "ffn.dwconv.weight",
                "ffn.project_out.weight"]  # fmt: skip
        return restormer_block(x, *some(*(f"{name}.{end}" for end in ends)))

    words = pointwise(text, parameters["text_process.conv.weight"])
    words = words + parameters["text_process.conv.bias"]
    sides = {"A": image_a.transpose(0, 2, 3, 1), "B": image_b.transpose(0, 2, 3, 1)}
    for stage in ("restormerca1.", "restormerca2.", "restormerca3."):
        for number, side in enumerate(sides, start=1):
            x = convolution_prelu(
                sides[side], *some(f"{stage}conv{side}1.weight", f"{stage}prelu{side}1.weight")
            )
            x = block(x, f"{stage}restormer{side}1")
            slab = some(*(f"{stage}imagef2textf{side}1.conv.{end}" for end in ("weight", "bias")))
            attention = f"{stage}cross_attentionA{number}.multihead_attn."
            ends = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
            gate = text_gate(x, words, *slab, *some(*(attention + end for end in ends)))
            names = [
                f"{stage}{name}"
                for which in (f"{side}2", f"{side}3")
                for name in (f"conv{which}.weight", f"conv{which}.bias", f"prelu{which}.weight")
            ]
            sides[side] = gated_output(x, gate, *slab, *some(*names))
    x = block(np.concatenate([sides["A"], sides["B"]], -1), "restormer1")
    x = pointwise(x, parameters["conv1.weight"]) + parameters["conv1.bias"]
    x = block(block(x, "restormer2"), "restormer3")
    x = pointwise(x, parameters["conv2.weight"]) + parameters["conv2.bias"]
    return (1 / (1 + np.exp(-x))).transpose(0, 3, 1, 2)
