"""One piece of work for a worker, and what the page hears of it while it runs."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal

from film_core.errors import FilmError

_numbers = itertools.count(1)


@dataclass(frozen=True)
class JobEvent:
    """What happened to a job.

    Attributes:
        kind: "queued" (waits), "progress" (runs), "done" (with `reply`) or "failed" (with `error`).
        stage: what is being done now, as the worker named it; "" where there is nothing to say.
        fraction: share done in [0, 1], None where unknown.
        detail: more about the stage, such as a file name.
        place: for "queued": how many jobs run or wait before this one.
        wait: for "queued": seconds until its turn, judged by the last jobs; None where unknown.
    """

    kind: Literal["queued", "progress", "done", "failed"]
    stage: str = ""
    fraction: float | None = None
    detail: str = ""
    place: int = 0
    wait: float | None = None
    reply: dict[str, Any] | None = None
    error: FilmError | None = None

    @property
    def last(self) -> bool:
        """Whether nothing more will be heard of the job."""
        return self.kind in ("done", "failed")


@dataclass(eq=False)
class Job:
    """A request to a worker.

    Attributes:
        visitor: whose job it is; the queue is fair between visitors.
        request: the message, with ``"do"`` naming the operation.
        blobs: what the request refers to by content hash; sent only where the worker lacks it.
        seconds: how long it may run before its worker is stopped.
    """

    visitor: str
    request: dict[str, Any]
    blobs: dict[str, bytes] = field(default_factory=dict)
    seconds: float = 600.0
    number: int = field(default_factory=lambda: next(_numbers))
    attempts: int = 0
    deadline: float = float("inf")
    cancelled: bool = False
    created: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[JobEvent] = asyncio.Queue()

    def tell(self, event: JobEvent) -> None:
        """Report `event` to whoever waits for the job; callable from any thread."""
        try:
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)
        except RuntimeError:
            return  # the loop is closed: the page is going down and nobody waits

    async def events(self) -> AsyncIterator[JobEvent]:
        """Yield what happens to the job, up to and including the last event."""
        while True:
            event = await self._events.get()
            # Only the newest progress matters, except that a repetition must be heard of.
            while not (event.last or event.stage == "again" or self._events.empty()):
                event = self._events.get_nowait()
            yield event
            if event.last:
                return
