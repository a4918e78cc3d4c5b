"""Adam on one flat vector, and the bridge between that vector and the network's parameters.

Kept apart from Jittor's own optimisers so that the whole state is three arrays: saving and
resuming them is exact by construction, and it follows Kingma and Ba (2015) to the letter where
Jittor 1.3 puts epsilon elsewhere.
"""

import jittor as jt
import numpy as np

from film_core.checkpoints import film_layout


class FlatParameters:
    """The tensors of a network as one float32 vector, in the layout's order.

    Args:
        film: the network.
        layout: {tensor name: shape}; the 189 of exact FILM if None.
    """

    def __init__(self, film, layout: dict[str, tuple[int, ...]] | None = None) -> None:
        self.layout = layout or film_layout(film.config.text_width)
        state = film.state_dict()
        self.variables: list[jt.Var] = [state[name] for name in self.layout]
        self.sizes = [int(np.prod(shape)) for shape in self.layout.values()]
        self.bounds = np.cumsum([0, *self.sizes])

    def read(self) -> np.ndarray:
        """Return a copy of the parameters, (2,070,235,) for text width 768."""
        return self._flat(self.variables)

    def write(self, flat: np.ndarray) -> None:
        """Set the parameters to `flat`."""
        for variable, array in zip(self.variables, self.split(flat).values(), strict=True):
            variable.update(jt.array(array))
        # Now, or Jittor would fuse the copying into the next step's kernels and compile them anew.
        jt.sync(self.variables)

    def split(self, flat: np.ndarray) -> dict[str, np.ndarray]:
        """Return {name: view of `flat` in the tensor's shape}."""
        return {
            name: flat[start : start + size].reshape(shape)
            for (name, shape), start, size in zip(
                self.layout.items(), self.bounds, self.sizes, strict=False
            )
        }

    def gradient(self, loss: jt.Var) -> np.ndarray:
        """Return d loss / d parameters as one vector."""
        return self._flat(jt.grad(loss, self.variables))

    def _flat(self, variables: list[jt.Var]) -> np.ndarray:
        jt.sync(variables)
        return np.concatenate([v.numpy().reshape(-1) for v in variables]).astype(
            np.float32, copy=False
        )


CHUNK = 32768
"""Parameters worked on at a time: what several sums and products read stays in cache."""


def _chunks(size: int) -> list[slice]:
    return [slice(start, start + CHUNK) for start in range(0, size, CHUNK)]


class Adam:
    """Adam without weight decay: betas 0.9 and 0.999, epsilon 1e-8."""

    BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8

    def __init__(self, size: int) -> None:
        self.first = np.zeros(size, np.float32)
        self.second = np.zeros(size, np.float32)

    def update(self, parameters: np.ndarray, gradient: np.ndarray, rate: float, step: int) -> None:
        """Change `parameters` in place by step number `step` (from 1)."""
        root = np.float32(np.sqrt(1 - self.BETA2**step))
        scale = np.float32(rate / (1 - self.BETA1**step))
        for part in _chunks(parameters.size):
            first, second, slope = self.first[part], self.second[part], gradient[part]
            first *= self.BETA1
            first += (1 - self.BETA1) * slope
            second *= self.BETA2
            second += (1 - self.BETA2) * np.square(slope)
            denominator = np.sqrt(second)
            denominator /= root
            denominator += np.float32(self.EPSILON)
            np.divide(first, denominator, out=denominator)
            denominator *= scale
            parameters[part] -= denominator


def clip(gradient: np.ndarray, limit: float) -> float:
    """Scale `gradient` in place to a norm of at most `limit` (0: no limit); return its norm."""
    squares = (np.square(gradient[part], dtype=np.float64) for part in _chunks(gradient.size))
    norm = float(np.sqrt(sum(np.sum(square) for square in squares)))
    if limit and norm > limit:
        gradient *= np.float32(limit / norm)
    return norm
