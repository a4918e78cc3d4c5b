"""Inside a worker process: take requests from the channel, run them one by one, answer.

The main thread computes. A second thread listens, so that a cancel is heard while the first one is
busy and the process ends at once when the page is gone.
"""

import importlib
import os
import queue
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from demo.worker.channel import Channel
from film_core.errors import Cancelled, FilmError


class Work(Protocol):
    """What a worker can do; made once in the worker process."""

    operations: dict[str, Callable[[dict[str, Any], "Context"], dict[str, Any]]]

    def start(self, progress: Callable[..., None]) -> dict[str, Any]:
        """Make ready (load, compile) and return what the page should know, such as the device."""


class Context:
    """What an operation may ask for while it runs."""

    def __init__(self, channel: Channel, number: int, blobs: "BlobCache") -> None:
        self._channel = channel
        self._blobs = blobs
        self.number = number
        self.stop = threading.Event()

    def progress(self, stage: str, done: float | None = None, detail: str = "") -> None:
        """Report what is being done and how much of it is done, in [0, 1]."""
        self._channel.send(
            {
                "job": self.number,
                "event": "progress",
                "stage": stage,
                "done": done,
                "detail": detail,
            }
        )

    def cancelled(self) -> bool:
        """Whether the visitor no longer wants the answer."""
        return self.stop.is_set()

    def blob(self, digest: str) -> bytes:
        """Return what the request called by its content hash."""
        return self._blobs[digest]


class BlobCache:
    """Byte strings by content hash, the least recently used dropped beyond `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._blobs: OrderedDict[str, bytes] = OrderedDict()

    def __contains__(self, digest: str) -> bool:
        return digest in self._blobs

    def __getitem__(self, digest: str) -> bytes:
        self._blobs.move_to_end(digest)
        return self._blobs[digest]

    def put(self, digest: str, blob: bytes, keep: set[str]) -> None:
        """Keep `blob`; drop old ones to stay below the limit, but never one named in `keep`."""
        self._blobs[digest] = blob
        for old in list(self._blobs):
            if sum(map(len, self._blobs.values())) <= self.limit:
                return
            if old not in keep and old != digest:
                del self._blobs[old]


def main(module: str, descriptor: int, blob_limit: int) -> None:
    """Run the worker whose `Work` is `module`.WORK until the page goes away."""
    os.set_inheritable(descriptor, False)  # a compiler that outlives us must not hold the line
    channel = Channel(descriptor)
    requests: queue.Queue[dict[str, Any]] = queue.Queue()
    running: dict[int, Context] = {}
    blobs = BlobCache(blob_limit)
    threading.Thread(
        target=_listen, args=(channel, requests, running, blobs), name="listener", daemon=True
    ).start()

    def starting(stage: str, done: float | None = None, detail: str = "") -> None:
        channel.send({"event": "starting", "stage": stage, "done": done, "detail": detail})

    try:
        work: Work = importlib.import_module(module).WORK
        ready = work.start(starting)
    except FilmError as error:
        channel.send({"event": "unable", "error": _error(error)})
        return
    channel.send({"event": "ready", "about": ready})

    while True:
        message = requests.get()
        context = running[message["job"]]
        missing = [digest for digest in message["blobs"] if digest not in blobs]
        if missing:
            channel.send({"job": message["job"], "event": "need", "digests": missing})
            sent = requests.get()
            for digest, blob in sent["sent"].items():
                blobs.put(digest, blob, set(message["blobs"]))
        _run(work, message, context, channel)
        running.pop(message["job"], None)


def _run(work: Work, message: dict[str, Any], context: Context, channel: Channel) -> None:
    number = message["job"]
    try:
        if context.cancelled():
            raise Cancelled()
        reply = work.operations[message["request"]["do"]](message["request"], context)
    except FilmError as error:
        channel.send({"job": number, "event": "failed", "error": _error(error)})
    except MemoryError:
        error = FilmError(
            "worker.memory",
            "There was not enough memory for this: use smaller images or a shorter text.",
        )
        channel.send({"job": number, "event": "failed", "error": _error(error)})
    except Exception as error:  # a fault of ours: the visitor gets a sentence, the log the trace
        sys.excepthook(type(error), error, error.__traceback__)
        fault = FilmError(
            "worker.fault",
            "Something in FILM Studio itself went wrong ({kind}); nothing of yours is lost. "
            "Please report it with what you did.",
            kind=type(error).__name__,
        )
        channel.send({"job": number, "event": "failed", "error": _error(fault)})
    else:
        channel.send({"job": number, "event": "done", "reply": reply})


def _listen(
    channel: Channel, requests: queue.Queue, running: dict[int, Context], blobs: BlobCache
) -> None:
    while True:
        try:
            message = channel.receive()
        except (EOFError, OSError):
            os._exit(0)  # the page is gone; nobody wants what the other thread computes
        if "cancel" in message:
            context = running.get(message["cancel"])
            if context is not None:
                context.stop.set()
            continue
        if "request" in message:  # before it is taken, so that an early cancel finds it
            running[message["job"]] = Context(channel, message["job"], blobs)
        requests.put(message)


def _error(error: FilmError) -> dict[str, Any]:
    values = {}
    for key, value in error.values.items():
        value = value.item() if isinstance(value, np.generic) else value
        values[key] = value if isinstance(value, str | int | float | None) else str(value)
    return {
        "cancelled": isinstance(error, Cancelled),
        "code": error.code,
        "sentence": error.sentence,
        "values": values,
    }
