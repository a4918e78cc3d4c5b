"""How Jittor calls the training kernels: shapes of the results, and a few lines of C++ each."""

from collections.abc import Callable
from dataclasses import dataclass

Shape = list[int]


@dataclass(frozen=True)
class Source:
    """One fused operator.

    Attributes:
        header: file in `cpp/training`.
        shapes: from the shapes of the inputs, those of the result and of what must be kept.
        forward: C++ from in0_p, in1_p, ... to out0_p (result), out1_p, ... (kept).
        backward: C++ from the inputs, what was kept and the gradient of the result to the
            gradients of the inputs.
    """

    header: str
    shapes: Callable[..., list[Shape]]
    forward: str
    backward: str


def _pointers(kind: str, first: int, count: int) -> str:
    return ", ".join(f"{kind}{i}_p" for i in range(first, first + count))


_BLOCK_BODY = """
    const BlockWeights weights = {%s};
    const long batch = in0_shape0, height = in0_shape1, width = in0_shape2;
    %s
    if (in0_shape3 == 32) RestormerBlock<32>(batch, height, width, weights).%s;
    else RestormerBlock<64>(batch, height, width, weights).%s;
"""
_BLOCK_FORWARD = "forward(in0_p, out1_p, out2_p, out0_p)"
_BLOCK_BACKWARD = "backward(in0_p, in12_p, in13_p, in14_p, out0_p, gradients)"

BLOCK = Source(
    header="restormer_block.hpp",
    # The middle of the block, and 18 C sums for each image.
    shapes=lambda x, *_: [x, x, [x[0], 18 * x[3]]],
    forward=_BLOCK_BODY % (_pointers("in", 1, 11), "", _BLOCK_FORWARD, _BLOCK_FORWARD),
    backward=_BLOCK_BODY
    % (
        _pointers("in", 1, 11),
        f"const BlockGradients gradients = {{{_pointers('out', 1, 11)}}};",
        _BLOCK_BACKWARD,
        _BLOCK_BACKWARD,
    ),
)

_CONVOLUTION = """
    Convolution3x3(in0_shape0, in0_shape1, in0_shape2, in0_shape3, in1_p, in2_p)
"""

CONVOLUTION = Source(
    header="convolution.hpp",
    shapes=lambda x, weight, slope: [[*x[:3], weight[0]]],
    forward=_CONVOLUTION + ".forward(in0_p, out0_p);",
    backward=_CONVOLUTION + ".backward(in0_p, in3_p, out0_p, out1_p, out2_p);",
)


def _gate_shapes(features: Shape, text: Shape, *_: Shape) -> list[Shape]:
    lanes = (text[1] + 15) // 16 * 16
    return [[features[0], 256], [features[0], 8 * lanes * (2 + 256)]]


_GATE = f"""
    const GateWeights weights = {{{_pointers("in", 2, 6)}}};
    TextGate gate(in0_shape0, in0_shape1, in0_shape2, in1_shape1, weights);
"""

GATE = Source(
    header="text_gate.hpp",
    shapes=_gate_shapes,
    forward=_GATE + "gate.forward(in0_p, in1_p, out0_p, out1_p);",
    backward=_GATE
    + f"""
    const GateGradients gradients = {{{_pointers("out", 2, 6)}}};
    gate.backward(in0_p, in1_p, in8_p, in9_p, out0_p, out1_p, gradients);
""",
)

_OUTPUT = f"""
    const OutputWeights weights = {{{_pointers("in", 2, 8)}}};
    const GatedOutput output(in0_shape0, in0_shape1, in0_shape2, weights);
"""

OUTPUT = Source(
    header="gated_output.hpp",
    shapes=lambda features, *_: [features],
    forward=_OUTPUT + "output.forward(in0_p, in1_p, out0_p);",
    backward=_OUTPUT
    + f"""
    const OutputGradients gradients = {{{_pointers("out", 2, 8)}}};
    output.backward(in0_p, in1_p, in10_p, out0_p, out1_p, gradients);
""",
)
