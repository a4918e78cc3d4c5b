"""The owner of one worker: starts it, feeds it, notices when it dies or hangs, starts it again.

All decisions are taken in one thread (`_keep`), which reads one inbox: messages of the worker, its
end, and wake-ups by `submit` and `cancel`. So there is one order of events and little to lock.
"""

import contextlib
import json
import logging
import os
import queue
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.worker.channel import Channel, socket_pair
from demo.worker.job import Job, JobEvent
from demo.worker.waiting import WaitingLine
from film_core.errors import Cancelled, FilmError

log = logging.getLogger("film_studio.worker")
_ROOT = Path(__file__).resolve().parents[2]
_DYING_SECONDS = 2.0  # from the end of a worker's line to the end of its process
SECRETS = ("FILM_ENDPOINT_KEY",)
"""Variables that a worker gets only where it is named one that needs them."""


@dataclass(frozen=True)
class WorkerLimits:
    """How long and how much.

    Attributes:
        start_seconds: for a worker to get ready; the first start on a machine compiles.
        cancel_seconds: for a worker to stop by itself after a cancel, before it is killed.
        starts: failed starts in a row after which the worker is given up until the next job.
        attempts: how often a job is tried when its worker dies under it.
        waiting, waiting_per_visitor: the line's limits.
        cache_bytes: how much the worker keeps of what visitors sent, besides the job's own images;
            little, as the page sends what is missing again in milliseconds.
    """

    start_seconds: float = 1800.0
    cancel_seconds: float = 15.0
    starts: int = 3
    attempts: int = 2
    waiting: int = 60
    waiting_per_visitor: int = 4
    cache_bytes: int = 8 * 2**20


@dataclass
class WorkerStatus:
    """What the page shows of a worker.

    Attributes:
        state: "starting", "ready" (idle), "busy", or "unable" (with `error`).
        stage, fraction, detail: what a start is doing; as in `JobEvent`.
        about: what the worker told when it got ready, such as its device.
        restarts: how often it had to be started again.
        waiting: jobs in the line.
    """

    state: str = "starting"
    stage: str = ""
    fraction: float | None = None
    detail: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    restarts: int = 0
    waiting: int = 0
    error: FilmError | None = None


class Supervisor:
    """Runs one worker process for as long as the page lives.

    Args:
        module: import name of the module whose ``WORK`` the worker runs.
        limits: times and sizes.
        environment: variables set for the worker besides the page's own.
        secrets: those of `SECRETS` that the worker gets; a stranger's file that takes over a
            worker's decoder finds no others.
    """

    def __init__(
        self,
        module: str,
        limits: WorkerLimits | None = None,
        environment: dict[str, str] | None = None,
        secrets: tuple[str, ...] = (),
    ) -> None:
        self.module = module
        self.limits = limits or WorkerLimits()
        self._environment = environment or {}
        self._withheld = set(SECRETS) - set(secrets)
        self._lock = threading.Lock()
        self._line = WaitingLine(self.limits.waiting, self.limits.waiting_per_visitor)
        self._status = WorkerStatus()
        self._inbox: queue.Queue[tuple[int, str, Any]] = queue.Queue()
        self._life = 0  # counts worker processes, so that news of a dead one is not taken for news
        self._process: subprocess.Popen | None = None
        self._channel: Channel | None = None
        self._job: Job | None = None
        self._began = 0.0
        self._durations: deque[float] = deque(maxlen=8)
        self._told_last: set[int] = set()
        self._failed_starts = 0
        self._start_deadline = float("inf")
        self._closing = False
        self._keeper = threading.Thread(target=self._keep, name=f"keeper {module}", daemon=True)

    # -- for the page ---------------------------------------------------------------------------

    def start(self) -> None:
        """Start the worker; returns at once."""
        self._keeper.start()

    def submit(self, job: Job) -> Job:
        """Put `job` in the line.

        Raises:
            QueueFullError: the line is full.
        """
        with self._lock:
            self._line.add(job)
        self._wake()
        return job

    def cancel(self, job: Job) -> None:
        """Give up `job`; whoever waits for it hears so at once."""
        with self._lock:
            job.cancelled = True
            self._line.remove(job)
        self._finish(job, JobEvent("failed", error=Cancelled()))
        self._wake()

    def status(self) -> WorkerStatus:
        """Return what the worker is doing."""
        with self._lock:
            return WorkerStatus(**{**vars(self._status), "waiting": len(self._line)})

    @property
    def process_id(self) -> int | None:
        """The worker's process id, None while there is none."""
        return None if self._process is None else self._process.pid

    def close(self, seconds: float = 5.0) -> None:
        """Stop the worker for good; what waits is told."""
        self._closing = True
        self._wake()
        if self._keeper.is_alive():
            self._keeper.join(seconds)

    # -- the keeper's thread --------------------------------------------------------------------

    def _keep(self) -> None:
        self._launch()
        while not self._closing:
            try:
                life, kind, content = self._inbox.get(timeout=self._patience())
            except queue.Empty:
                self._check_deadlines()
                continue
            if kind == "message" and life == self._life:
                try:
                    self._hear(content)
                except (LookupError, TypeError, AttributeError, ValueError) as failure:
                    self._bury(_died(f"an unreadable message: {failure!r}"[:120]))
            elif kind == "gone" and life == self._life:
                self._bury(self._epitaph())
            self._check_deadlines()
            self._next_job()
        self._stop_process()
        going = FilmError("page.closing", "The page is being stopped: try again in a minute.")
        with self._lock:
            rest = self._line.in_order()
        for job in [*rest, *([self._job] if self._job else [])]:
            self._finish(job, JobEvent("failed", error=going))

    def _patience(self) -> float:
        nearest = min(self._start_deadline, self._job.deadline if self._job else float("inf"))
        return max(0.05, min(nearest - time.monotonic(), 3600.0))

    def _launch(self) -> None:
        self._life += 1
        ours, theirs = socket_pair()
        command = [sys.executable, "-m", "demo.worker", self.module, str(theirs)]
        self._process = subprocess.Popen(
            [*command, str(self.limits.cache_bytes)],
            pass_fds=[theirs],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),  # what a compiler prints is no part of any answer
            env={**self._inherited(), **self._environment},
            cwd=_ROOT,
            start_new_session=True,  # so that a compiler it started dies with it
        )
        os.close(theirs)
        self._channel = Channel(ours)
        self._start_deadline = time.monotonic() + self.limits.start_seconds
        self._set(state="starting", stage="", fraction=None, detail="", error=None)
        threading.Thread(
            target=self._listen, args=(self._life, self._channel), name="ears", daemon=True
        ).start()

    def _inherited(self) -> dict[str, str]:
        return {name: text for name, text in os.environ.items() if name not in self._withheld}

    def _listen(self, life: int, channel: Channel) -> None:
        try:
            while True:
                self._inbox.put((life, "message", channel.receive()))
        except (EOFError, OSError, ValueError):
            self._inbox.put((life, "gone", None))
        finally:
            channel.close()  # here, where nobody can be reading it

    def _hear(self, message: dict[str, Any]) -> None:
        event, job = message["event"], self._job
        if event == "starting":
            progress = (message["stage"], message["done"], message["detail"])
            self._set(stage=progress[0], fraction=progress[1], detail=progress[2])
            self._tell_waiting()
        elif event == "ready":
            self._failed_starts, self._start_deadline = 0, float("inf")
            self._set(state="ready", about=message["about"], stage="", fraction=None, detail="")
        elif event == "unable":
            self._stop_process()
            self._give_up(_error(message["error"]))
        elif job is None or message.get("job") != job.number:
            return
        elif event == "need":
            self._send({"sent": {digest: job.blobs[digest] for digest in message["digests"]}})
        elif event == "progress":
            if not job.cancelled:
                job.tell(JobEvent("progress", message["stage"], message["done"], message["detail"]))
        elif event in ("done", "failed"):
            self._durations.append(time.monotonic() - self._began)
            self._job = None
            self._set(state="ready")
            last = (
                JobEvent("done", reply=message["reply"])
                if event == "done"
                else JobEvent("failed", error=_error(message["error"]))
            )
            self._finish(job, last)

    def _next_job(self) -> None:
        status = self._status.state
        if status == "unable" and len(self._line):
            self._failed_starts = 0
            self._launch()
        if status == "ready" and self._job is None:
            with self._lock:
                job = self._line.take()
            if job is not None:
                job.attempts += 1
                job.deadline = time.monotonic() + job.seconds
                self._job, self._began = job, time.monotonic()
                self._set(state="busy")
                self._send({"job": job.number, "request": job.request, "blobs": list(job.blobs)})
        self._tell_waiting()

    def _check_deadlines(self) -> None:
        now, job = time.monotonic(), self._job
        if job is not None and job.cancelled and job.deadline == float("inf"):
            return
        if job is not None and job.cancelled and not getattr(job, "stop_sent", False):
            job.stop_sent = True
            job.deadline = now + self.limits.cancel_seconds
            self._send({"cancel": job.number})
        elif job is not None and now > job.deadline:
            job.attempts = self.limits.attempts  # too slow once is too slow twice
            self._bury(
                FilmError(
                    "worker.timeout",
                    "This took longer than the {seconds:.0f} seconds that this page allows: use "
                    "smaller images or a shorter text.",
                    seconds=job.seconds,
                )
            )
        elif now > self._start_deadline:
            self._bury(
                FilmError(
                    "worker.start_timeout",
                    "The computation did not get ready within {seconds:.0f} seconds: run "
                    "`python -m film_core doctor` where the page is hosted.",
                    seconds=self.limits.start_seconds,
                )
            )

    def _bury(self, reason: FilmError) -> None:
        """End the worker, answer or repeat its job, and start a fresh one at once."""
        started = self._status.state in ("ready", "busy")
        self._stop_process()
        job, self._job = self._job, None
        log.warning("worker %s ended: %s", self.module, reason.code)
        if job is not None and not job.cancelled:
            if job.attempts < self.limits.attempts:
                job.tell(JobEvent("progress", "again", None, reason.values.get("cause", "")))
                with self._lock:
                    self._line.put_back(job)
            else:
                self._finish(job, JobEvent("failed", error=reason))
        self._failed_starts = 0 if started else self._failed_starts + 1
        if self._failed_starts >= self.limits.starts:
            self._give_up(reason)
            return
        self._set(restarts=self._status.restarts + 1)
        self._launch()

    def _give_up(self, reason: FilmError) -> None:
        self._start_deadline = float("inf")
        self._set(state="unable", error=reason, stage="", fraction=None, detail="")
        with self._lock:
            rest = [job for job in iter(self._line.take, None)]
        for job in rest:
            self._finish(job, JobEvent("failed", error=reason))

    def _epitaph(self) -> FilmError:
        try:
            code = self._process.wait(_DYING_SECONDS)
        except subprocess.TimeoutExpired:  # it lives on but no longer says anything readable
            return _died("an unreadable message, or a closed line")
        cause = f"{signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return _died(cause)

    def _stop_process(self) -> None:
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):  # it may be gone already
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._life += 1  # its end is no news any more
        self._process, self._channel = None, None
        self._start_deadline = float("inf")

    def _send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # if it has just died, the listening thread says so
            self._channel.send(message)

    def _finish(self, job: Job, event: JobEvent) -> None:
        with self._lock:
            if job.number in self._told_last:
                return
            self._told_last.add(job.number)
            _log(job, event)
            if len(self._told_last) > 10_000:
                self._told_last = set(sorted(self._told_last)[5_000:])
        job.tell(event)

    def _tell_waiting(self) -> None:
        with self._lock:
            waiting = self._line.in_order()
            status = WorkerStatus(**vars(self._status))
        ahead = 1 if self._job is not None else 0
        mean = statistics.fmean(self._durations) if self._durations else None
        for place, job in enumerate(waiting, start=ahead):
            wait = place * mean if mean is not None and status.state != "starting" else None
            job.tell(JobEvent("queued", status.stage, status.fraction, status.detail, place, wait))

    def _set(self, **changes: Any) -> None:
        with self._lock:
            for name, value in changes.items():
                setattr(self._status, name, value)

    def _wake(self) -> None:
        self._inbox.put((self._life, "wake", None))


def _log(job: Job, event: JobEvent) -> None:
    """Write a line of JSON about a finished job: what, how long, its end; nothing of whom."""
    seconds = round(time.monotonic() - job.created, 3)
    outcome = "done" if event.error is None else event.error.code
    entry = {"job": job.request["do"], "seconds": seconds, "attempts": job.attempts}
    log.info(json.dumps({**entry, "outcome": outcome}))


def _died(cause: str) -> FilmError:
    return FilmError(
        "worker.died",
        "The computation was stopped from outside or crashed ({cause}). A fresh one has been "
        "started and nothing of yours is lost: press the button again.",
        cause=cause,
    )


def _error(content: dict[str, Any]) -> FilmError:
    if content["cancelled"]:
        return Cancelled()
    return FilmError(content["code"], content["sentence"], **content["values"])
