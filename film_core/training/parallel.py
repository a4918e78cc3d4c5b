"""Data parallel training: each process takes its part of every batch; gradients are averaged.

Over Jittor's MPI, started as ``mpirun -np 2 python -m film_core train …``. All processes draw the
same batch and keep the same parameters, so nothing but gradients travels.
"""

import jittor as jt
import numpy as np

from film_core.errors import SettingError
from film_core.training.recipe import Recipe
from film_core.training.sampling import Batch

WHOLE_BATCH_TERMS = ("lp_ssim",)
"""Loss terms that aren't a mean over the images of a batch: their parts don't add up."""


class Ranks:
    """The processes that train together; without MPI there is one.

    Attributes:
        rank: this process, from 0.
        count: how many there are.
    """

    def __init__(self) -> None:
        self.rank: int = jt.rank if jt.in_mpi else 0
        self.count: int = jt.world_size if jt.in_mpi else 1

    @property
    def leads(self) -> bool:
        """Whether this process validates, reports and writes."""
        return self.rank == 0

    def check(self, recipe: Recipe) -> None:
        """Raise SettingError where the recipe's batches can't be shared out."""
        if recipe.batch % self.count:
            raise SettingError(
                "training.ranks",
                "A batch of {batch} can't be shared by {count} processes; set batch to a multiple "
                "of {count}, or start fewer.",
                batch=recipe.batch, count=self.count,
            )  # fmt: skip
        whole = [name for name in WHOLE_BATCH_TERMS if recipe.losses.get(name)]
        if self.count > 1 and whole:
            raise SettingError(
                "training.ranks_loss",
                "The loss term {name} looks at a whole batch, which {count} processes don't hold; "
                "leave it out, or train in one process.",
                name=whole[0], count=self.count,
            )  # fmt: skip

    def part(self, batch: Batch) -> Batch:
        """Return this process's pairs of `batch`."""
        size = len(batch.names) // self.count
        mine = slice(self.rank * size, (self.rank + 1) * size)
        return Batch(
            batch.names[mine], batch.image_a[mine], batch.image_b[mine], batch.answer[mine],
            batch.known[mine], batch.aim_a[mine], batch.aim_b[mine], batch.text[mine],
        )  # fmt: skip

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Return the mean of every process's `values` (n,) float32, the same bits in all."""
        if self.count == 1:
            return values
        return jt.array(values).mpi_all_reduce("mean").numpy()

    def from_first(self, values: np.ndarray) -> np.ndarray:
        """Return the first process's `values` (n,) float32 in all."""
        if self.count == 1:
            return values
        return jt.array(values).mpi_broadcast(0).numpy()
