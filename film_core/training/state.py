"""All that a run carries from step to step, saved so that resuming is exact."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from film_core.checkpoints.failures import truncated
from film_core.checkpoints.writing import write_atomically

_ARRAYS = ("parameters", "first", "second", "average")


@dataclass
class TrainingState:
    """The run after `step` steps.

    Attributes:
        step: steps done.
        parameters: (n,) float32, in the layout's order.
        first, second: Adam's moments, (n,) float32.
        average: (n,) float32 moving average of the parameters.
        seconds: time spent training.
    """

    step: int
    parameters: np.ndarray
    first: np.ndarray
    second: np.ndarray
    average: np.ndarray
    seconds: float = 0.0

    @classmethod
    def begin(cls, parameters: np.ndarray) -> "TrainingState":
        """Return the state before the first step."""
        zeros = np.zeros_like(parameters)
        return cls(0, parameters, zeros, zeros.copy(), parameters.copy())

    def follow(self, decay: float) -> None:
        """Move the average towards the parameters; early on faster, so that it forgets the start.

        The decay of step t is min(decay, t / (t + 9)); 0 keeps the parameters themselves.
        """
        if decay == 0:
            self.average[...] = self.parameters
            return
        share = np.float32(1 - min(decay, self.step / (self.step + 9)))
        self.average += share * (self.parameters - self.average)

    def save(self, path: Path) -> None:
        """Write to `path`, atomically.

        Raises:
            OutputError: no room, no permission.
        """
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        arrays["step"] = np.array(self.step, np.int64)
        arrays["seconds"] = np.array(self.seconds, np.float64)
        write_atomically(path, save(arrays))

    @classmethod
    def load(cls, path: Path) -> "TrainingState":
        """Read what `save` wrote.

        Raises:
            TruncatedCheckpointError: damaged.
        """
        try:
            arrays = load(path.read_bytes())
            parts = [arrays[name].copy() for name in _ARRAYS]
            return cls(int(arrays["step"]), *parts, seconds=float(arrays["seconds"]))
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise truncated(path.name, str(error)[:120]) from None
