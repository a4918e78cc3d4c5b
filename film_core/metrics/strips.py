"""An image worked through in strips of rows: temporaries stay in cache, and memory stays bounded.

A 24-megapixel pair would need gigabytes of local means and variances if they were made whole; a
strip of them needs a few megabytes, and is faster for it. Work can be stopped
between two strips.
"""

import threading
from collections.abc import Iterator
from contextvars import ContextVar

from film_core.errors import Cancelled

ROWS = 32  # rows of a strip are a multiple of this
STOPPED: ContextVar[threading.Event | None] = ContextVar("STOPPED", default=None)
"""Set by whoever wants the work of this context to end at the next strip."""


def strips(
    rows: int, width: int, overlap: int = 0, pixels: int = 24_000
) -> Iterator[tuple[slice, slice]]:
    """Cut `rows` rows of results into strips.

    Args:
        rows: number of rows of results.
        width: row length in pixels; decides how many rows a strip has.
        overlap: rows that a result needs beyond its own (window side - 1).
        pixels: a strip's aim; the default makes float64 fields of 0.2 MB.

    Yields:
        The strip's rows among the results, and the rows of the image that they are made from.

    Raises:
        Cancelled: `STOPPED` was set.
    """
    stopped = STOPPED.get()
    step = max(ROWS, pixels // max(1, width) // ROWS * ROWS)
    for first in range(0, rows, step):
        if stopped is not None and stopped.is_set():
            raise Cancelled()
        last = min(first + step, rows)
        yield slice(first, last), slice(first, last + overlap)
