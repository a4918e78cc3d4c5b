"""Steps of equal size in every direction of a weight matrix, for the 1x1 and 3x3 convolutions.

Adam scales each weight by itself. A convolution's weights are a matrix, and the average gradient
of such a matrix has a few large singular values that win every step; the rest hardly moves.
Here the averaged gradient is replaced by the nearest semi-orthogonal matrix (all singular values
one) before it is subtracted: Jordan et al., "Muon: an optimizer for hidden layers in neural
networks" (2024). What is no such matrix (norms, slopes, depthwise kernels, biases), and the text
gates, whose gradient may come in every so many steps only, is left to Adam.
"""

import numpy as np

from film_core.training.optimiser import Adam

MOMENTUM = 0.95
SIZE = 0.2
"""Root mean square of a full step, as a share of the learning rate: about what Adam's steps have,
so that one learning rate serves both (Liu et al., "Muon is scalable for LLM training", 2025)."""

SMALLEST = 8
"""Matrices with a shorter side than this are left to Adam."""

LEFT_TO_ADAM = ("text_process", "cross_attention", "dwconv")
STACKED = {"attn.qkv.weight": 3, "ffn.project_in.weight": 2}
"""Tensors that hold several matrices above one another: queries, keys and values; two branches."""


class Muon(Adam):
    """Orthogonalised momentum for matrices, Adam for everything else.

    The state is Adam's two vectors: for matrices `first` is the momentum and `second` stays zero.

    Args:
        layout: {tensor name: shape}, in the order of the flat vector.
    """

    def __init__(self, layout: dict[str, tuple[int, ...]]) -> None:
        sizes = [int(np.prod(shape)) for shape in layout.values()]
        starts = np.cumsum([0, *sizes[:-1]])
        super().__init__(sum(sizes))
        groups: dict[tuple[int, int], list[np.ndarray]] = {}
        for (name, shape), start, size in zip(layout.items(), starts, sizes, strict=True):
            matrix = matrix_shape(name, shape)
            if matrix is not None:
                places = np.arange(start, start + size).reshape(-1, *matrix)
                groups.setdefault(matrix, []).append(places)
        self.groups = [np.concatenate(places) for places in groups.values()]

    def update(self, parameters: np.ndarray, gradient: np.ndarray, rate: float, step: int) -> None:
        """Change `parameters` in place by step number `step` (from 1)."""
        momenta = [self.first[places] for places in self.groups]
        kept = [parameters[places] for places in self.groups]
        super().update(parameters, gradient, rate, step)
        for places, momentum, before in zip(self.groups, momenta, kept, strict=True):
            here = gradient[places]
            momentum = MOMENTUM * momentum + (1 - MOMENTUM) * here
            ahead = MOMENTUM * momentum + (1 - MOMENTUM) * here
            scale = np.float32(rate * SIZE * np.sqrt(max(places.shape[1:])))
            parameters[places] = before - scale * orthogonalised(ahead)
            self.first[places] = momentum
            self.second[places] = 0


def matrix_shape(name: str, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Return (rows, columns) of the matrices in a tensor, or None if it is left to Adam."""
    if len(shape) < 2 or any(part in name for part in LEFT_TO_ADAM):
        return None
    if min(shape[0], shape[1]) < SMALLEST:
        return None
    stacked = next((n for ending, n in STACKED.items() if name.endswith(ending)), 1)
    return shape[0] // stacked, int(np.prod(shape[1:]))


def orthogonalised(matrices: np.ndarray) -> np.ndarray:
    """Return nearly U V^T of each matrix U S V^T, (n, r, c) float32.

    Five Newton-Schulz iterations with the quintic of Jordan et al.: singular values end between
    about 0.7 and 1.2, which is as good as one here. A zero matrix stays zero.
    """
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.swapaxes(1, 2) if tall else matrices
    x = x / (np.linalg.norm(x, axis=(1, 2), keepdims=True) + np.float32(1e-12))
    for _ in range(5):
        square = x @ x.swapaxes(1, 2)
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * (square @ square)) @ x
    x = np.asarray(x, np.float32)
    return x.swapaxes(1, 2) if tall else x
