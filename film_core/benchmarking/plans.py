"""What each benchmark measures."""

from dataclasses import dataclass, field

import numpy as np

from film_core.images.nearest import nearest_indices


@dataclass(frozen=True)
class Task:
    """One piece of work, the same for every implementation.

    Attributes:
        kind: ``forward``, ``edit``, ``train`` or ``metrics``.
        height, width: of the images in pixels.
        rows: text tokens.
        batch: images that go through together.
        path: instruction set of our kernels, "" for the widest.
        compared: whether PyTorch does it too; large images would take it minutes.
        repetitions: at most so many; None leaves it to the caller.
    """

    kind: str
    height: int
    width: int
    rows: int = 149
    batch: int = 1
    path: str = ""
    compared: bool = True
    repetitions: int | None = None

    @property
    def name(self) -> str:
        """Name of the row, such as ``forward 288x384 T149``."""
        batch = f"{self.batch} x " if self.batch > 1 else ""
        words = f" T{self.rows}" if self.kind != "metrics" else ""
        path = f" {self.path}" if self.path else ""
        return f"{self.kind} {batch}{self.height}x{self.width}{words}{path}"

    @property
    def flop(self) -> float | None:
        """Floating-point operations of a forward pass, see `forward_flop`."""
        if self.kind != "forward":
            return None
        return self.batch * forward_flop(self.height, self.width, self.rows)


@dataclass(frozen=True)
class Plan:
    """A benchmark: what it is for, and its tasks."""

    sentence: str
    tasks: list[Task] = field(default_factory=list)


def forward_flop(height: int, width: int, rows: int, text_width: int = 768) -> float:
    """Return the floating-point operations of one forward pass after the exact reductions.

    Every convolution counts as written: our kernels need fewer for the 3x3 ones between the stages
    (Winograd's 16 products instead of 36), so speeds and floors by this figure are nominal. A
    multiply-add counts two. exp, GELU, norms and borders of tiles are left out.
    """
    narrow = 128 * 32 * 4 + 9 * 11 * 32  # a block of 32 channels: 1x1, then depthwise
    wide = 128 * 64 * 8 + 9 * 11 * 64
    per_pixel = 8 * narrow + wide + 2 * 9 * 32 + 4 * 9 * 32 * 32 + 6 * 3 * 32 * 32 + 65 * 32
    tokens = 13824
    keys = _key_columns(width) * 32 * (32 + 256)
    attention = keys + rows * tokens * 256 + 8 * tokens * 256 + rows * 256 * 256
    return 2.0 * (height * width * per_pixel + 6 * attention + rows * text_width * 256)


def _key_columns(width: int) -> int:
    """Return how many grid pixels the key projection reads: a column that repeats counts once."""
    columns = np.tile(nearest_indices(width, 384), 2)  # two rows of the grid are three runs of 256
    at = np.arange(columns.size)
    first = (at % 256 == 0) | (at % 384 == 0) | (columns != np.roll(columns, 1))
    return 144 * int(first.sum())


PLANS: dict[str, Plan] = {
    "forward": Plan(
        "a whole pass, from two images and the text to the fused image",
        [
            Task("forward", 288, 384),
            Task("forward", 288, 384, path="avx2"),
            Task("forward", 480, 640, repetitions=3),
            Task("forward", 1024, 1280, compared=False, repetitions=3),
            Task("forward", 288, 384, rows=16),
            Task("forward", 96, 128, rows=40, batch=8, repetitions=3),
        ],
    ),
    "edit": Plan(
        "a new text for the same images; PyTorch has nothing that it could keep",
        [Task("forward", 288, 384), Task("edit", 288, 384)],
    ),
    "memory": Plan(
        "peak memory over the started interpreter; the largest image takes minutes",
        [
            Task("forward", 288, 384, repetitions=2),
            Task("forward", 1024, 1280, compared=False, repetitions=1),
            Task("forward", 4000, 6000, compared=False, repetitions=1),
        ],
    ),
    "train": Plan(
        "a training step: forward, loss, backward, Adam",
        [
            Task("train", 96, 128, rows=40, batch=2),
            Task("train", 288, 384, rows=40, batch=2, repetitions=2),
        ],
    ),
    "metrics": Plan(
        "all twelve metrics of one fused image",
        [Task("metrics", 480, 640, compared=False)],
    ),
}
