"""The differentiable fused network: CPU kernels that recompute instead of keeping.

Each operator is one idea with a forward and a backward pass in C++ (`cpp/training`); between them
features are channels-last (B, H, W, C). What is cheap stays with Jittor's own operators.
Start `film_core.runtime` before importing this module.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import jittor as jt

from film_core.kernels.isa import build_key, choose_instruction_set, compiler_flags
from film_core.kernels.training_sources import BLOCK, CONVOLUTION, GATE, OUTPUT, Source

_SOURCES = Path(__file__).parent / "cpp"

_BLOCK_NAMES = (
    "norm1.body.weight", "norm1.body.bias", "attn.temperature", "attn.qkv.weight",
    "attn.qkv_dwconv.weight", "attn.project_out.weight", "norm2.body.weight", "norm2.body.bias",
    "ffn.project_in.weight", "ffn.dwconv.weight", "ffn.project_out.weight",
)  # fmt: skip


@cache
def _header(name: str) -> str:
    # Jittor keeps compiled code by the text it sees: that of the headers stands in for them.
    digest = hashlib.sha256()
    shared = [_SOURCES / name for name in ("simd.hpp", "grid.hpp", "subnormals.hpp")]
    for path in [*sorted((_SOURCES / "training").glob("*.hpp")), *shared]:
        digest.update(path.read_bytes())
    chosen = choose_instruction_set()
    return (
        f"// {build_key(chosen, _SOURCES)} {digest.hexdigest()[:16]}\n"
        f"#define {chosen.macro}\n"
        f'#include "{name}"\n'
        "using namespace film::training;\n"
    )


def _run(source: Source, code: str, shapes: list[list[int]], inputs: list[jt.Var]) -> list[jt.Var]:
    outputs = jt.code(
        shapes,
        ["float32"] * len(shapes),
        inputs,
        cpu_header=_header(source.header),
        cpu_src=f"const film::NoSubnormals flushed;\n{code}",
    )
    flags = compiler_flags(choose_instruction_set())
    outputs[0].compile_options = {f'FLAGS: -I"{_SOURCES / "training"}" {flags} ': 1}
    return outputs


class _Operator(jt.Function):
    """Runs a source forwards, keeps its inputs and the few numbers that it asks to keep."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def execute(self, *inputs: jt.Var) -> jt.Var:
        shapes = self.source.shapes(*(list(value.shape) for value in inputs))
        result, *kept = _run(self.source, self.source.forward, shapes, list(inputs))
        self.saved = [*inputs, *kept]
        self.inputs = inputs
        return result

    def grad(self, d_result: jt.Var) -> list[jt.Var]:
        shapes = [list(value.shape) for value in self.inputs]
        return _run(self.source, self.source.backward, shapes, [*self.saved, d_result])


def restormer_block(x: jt.Var, weights: list[jt.Var]) -> jt.Var:
    """Restormer block on x (B, H, W, C), C 32 or 64, with 8 heads; weights in checkpoint order."""
    return _Operator(BLOCK)(x, *weights)


def convolution_prelu(x: jt.Var, weight: jt.Var, slope: jt.Var) -> jt.Var:
    """3x3 convolution of x (B, H, W, 1 or 32) by weight (32, C, 3, 3), then PReLU."""
    return _Operator(CONVOLUTION)(x, weight, slope)


def text_gate(features: jt.Var, text: jt.Var, weights: list[jt.Var]) -> jt.Var:
    """Gate (B, 256) that text (B, T, 256) gives to features (B, H, W, 32).

    Args:
        weights: imagef2textf weight and bias, attention's in_proj and out_proj weight and bias.
    """
    return _Operator(GATE)(features, text, *weights)


def gated_output(features: jt.Var, gate: jt.Var, weights: list[jt.Var]) -> jt.Var:
    """End of a stage: (B, H, W, 32) from features and gate (B, 256).

    Args:
        weights: imagef2textf weight and bias; conv 2 weight, bias and slope; the same of conv 3.
    """
    return _Operator(OUTPUT)(features, gate, *weights)


def training_forward(
    parameters: Mapping[str, jt.Var],
    image_a: jt.Var,
    image_b: jt.Var,
    text: jt.Var,
    *,
    gates_learn: bool = True,
) -> jt.Var:
    """Fuse two images so that `jt.grad` reaches every parameter, the text and the images.

    The result is the same for any number of threads, bit by bit, and so are the gradients.

    Args:
        parameters: the network's tensors by their names in a checkpoint, float32.
        image_a, image_b: luminance (B, 1, H, W) float32 in [0, 1].
        text: features (B, T, text_width) float32.
        gates_learn: whether gradients also flow through the text gates; if not, the text and what
            only the gates use have none, and a step costs about a sixth less.

    Returns:
        Fused luminance (B, 1, H, W) float32 in (0, 1).
    """

    def some(prefix: str, *names: str) -> list[jt.Var]:
        return [parameters[f"{prefix}.{name}"] for name in names]

    def block(x: jt.Var, name: str) -> jt.Var:
        return restormer_block(x, some(name, *_BLOCK_NAMES))

    def guided(stage: str, letter: str, number: int, x: jt.Var) -> jt.Var:
        x = convolution_prelu(
            x, *some(stage, f"conv{letter}1.weight", f"prelu{letter}1.weight")
        )  # (B, H, W, 32)
        features = block(x, f"{stage}.restormer{letter}1")
        slab = some(f"{stage}.imagef2textf{letter}1.conv", "weight", "bias")
        attention = some(
            f"{stage}.cross_attentionA{number}.multihead_attn",
            "in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias",
        )  # fmt: skip
        gate = text_gate(features, words, slab + attention)
        if not gates_learn:
            gate = gate.stop_grad()
        ends = [
            value
            for which in (f"{letter}2", f"{letter}3")
            for value in some(
                stage, f"conv{which}.weight", f"conv{which}.bias", f"prelu{which}.weight"
            )
        ]
        return gated_output(features, gate, slab + ends)

    batch, _, height, width = image_a.shape
    words = jt.nn.linear(
        text,
        parameters["text_process.conv.weight"].squeeze(2),
        parameters["text_process.conv.bias"],
    )  # (B, T, 256)
    a = image_a.reshape(batch, height, width, 1)  # one channel: both layouts are the same
    b = image_b.reshape(batch, height, width, 1)
    for number in (1, 2, 3):
        stage = f"restormerca{number}"
        a, b = guided(stage, "A", 1, a), guided(stage, "B", 2, b)
    merged = block(jt.concat([a, b], dim=3), "restormer1")  # (B, H, W, 64)
    merged = jt.nn.linear(
        merged.reshape(-1, merged.shape[-1]),
        parameters["conv1.weight"].reshape(-1, merged.shape[-1]),
        parameters["conv1.bias"],
    ).reshape(batch, height, width, -1)  # (B, H, W, 32)
    merged = block(block(merged, "restormer2"), "restormer3")
    fused = (merged * parameters["conv2.weight"].reshape(-1)).sum(3) + parameters["conv2.bias"]
    return jt.sigmoid(fused).reshape(batch, 1, height, width)
