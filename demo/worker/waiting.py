"""The waiting line of a worker: first come first served, in turn between visitors, bounded."""

from collections import OrderedDict, deque

from demo.worker.job import Job
from film_core.errors import FilmError


class QueueFullError(FilmError):
    """The line is full, in all or for one visitor."""


class WaitingLine:
    """Jobs that wait, taken one visitor at a time so that nobody's ten jobs delay another's one.

    Not thread-safe: the supervisor holds its lock around every call.
    """

    def __init__(self, limit: int, limit_per_visitor: int) -> None:
        self.limit = limit
        self.limit_per_visitor = limit_per_visitor
        self._lines: OrderedDict[str, deque[Job]] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(line) for line in self._lines.values())

    def add(self, job: Job) -> None:
        """Put `job` at the end of its visitor's line.

        Raises:
            QueueFullError: a limit is reached; the sentence says which.
        """
        if len(self) >= self.limit:
            raise QueueFullError(
                "queue.full",
                "{waiting} jobs are waiting, which is all that this page accepts: try again in a "
                "minute.",
                waiting=len(self),
            )
        line = self._lines.setdefault(job.visitor, deque())
        if len(line) >= self.limit_per_visitor:
            raise QueueFullError(
                "queue.visitor_full",
                "{waiting} jobs of yours are already waiting, the limit for one visitor: wait for "
                "one of them or cancel it.",
                waiting=len(line),
            )
        line.append(job)

    def put_back(self, job: Job) -> None:
        """Put a job that must be tried again in front of everything."""
        self._lines.setdefault(job.visitor, deque()).appendleft(job)
        self._lines.move_to_end(job.visitor, last=False)

    def take(self) -> Job | None:
        """Return the next job and move its visitor behind the others; None when nobody waits."""
        while self._lines:
            visitor, line = self._lines.popitem(last=False)
            if not line:
                continue
            job = line.popleft()
            if line:
                self._lines[visitor] = line
            return job
        return None

    def remove(self, job: Job) -> bool:
        """Take `job` out of the line; False where it wasn't waiting."""
        line = self._lines.get(job.visitor)
        if line is None or job not in line:
            return False
        line.remove(job)
        if not line:
            del self._lines[job.visitor]
        return True

    def in_order(self) -> list[Job]:
        """Return the waiting jobs in the order in which they will be taken."""
        lines = [list(line) for line in self._lines.values()]
        longest = max((len(line) for line in lines), default=0)
        return [line[turn] for turn in range(longest) for line in lines if turn < len(line)]
