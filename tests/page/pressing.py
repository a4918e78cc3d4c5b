"""The page's actions without a browser: pressed one by one, answered when a test says so."""

import asyncio
import hashlib
import inspect
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np

from demo.desk import Desk
from demo.page import build_page
from demo.state import Source, Visit
from demo.worker import JobEvent
from film_core.errors import FilmError
from film_core.images import encode_png
from tests.page.study_stand_in import WORK


def source(name: str, width: int = 40) -> Source:
    """An image whose picture is where its name says."""
    shade = int(hashlib.sha256(name.encode()).hexdigest()[:2], 16)
    data = encode_png(np.full((30, width), shade, np.uint8))
    digest = hashlib.sha256(data).hexdigest()
    return Source(digest, data, f"{name}.png", width, 30, 8, False, (), f"picture/{name}")


class Worker:
    """Takes what is asked, and answers when the test says so."""

    def __init__(self, supervisor: Any) -> None:
        self._line: list = []
        supervisor.submit, supervisor.cancel = self._take, lambda job: None

    def _take(self, job):
        self._line.append(job)
        return job

    async def asked(self, operation: str):
        """Return the next job of this operation, once it is asked for."""
        for _ in range(400):
            for job in self._line:
                if job.request["do"] == operation:
                    self._line.remove(job)
                    return job
            await asyncio.sleep(0.005)
        raise AssertionError(f"nobody asked for {operation!r}")

    @property
    def idle(self) -> bool:
        """Whether everything that was asked for was looked at."""
        return not self._line


def answer(job, **reply) -> None:
    """Answer with `reply`."""
    job.tell(JobEvent("done", reply=reply))


def fail(job, error: FilmError) -> None:
    """Answer that it failed."""
    job.tell(JobEvent("failed", error=error))


def steps_of(text: str) -> list[dict[str, str]]:
    """Return the steps in which `write` says that a text was made."""
    return [{"name": "look", "author": "measured", "answer": text}]


def write(job, text: str, author: str = "measured") -> None:
    """Answer with a description."""
    answer(job, text=text, author=author, steps=steps_of(text))


def work(job) -> None:
    """Answer as the stand-in for the fusing worker does."""
    context = SimpleNamespace(
        blob=job.blobs.__getitem__, cancelled=lambda: False, progress=lambda *_: None, number=1
    )
    answer(job, **WORK.operations[job.request["do"]](job.request, context))


class Tab:
    """What a tab of the page shows, by `elem_id`: every answer is drawn over the one before."""

    def __init__(self, desk: Desk, visit: Visit) -> None:
        self.desk, self.visit = desk, visit
        self.reading, self.fusing = Worker(desk.reading), Worker(desk.fusing)
        self.shown: dict[str, Any] = {"text-a": "", "text-b": ""}
        self._tasks: list[asyncio.Task] = []
        blocks = build_page(desk)
        names = {number: getattr(b, "elem_id", None) for number, b in blocks.blocks.items()}
        self._actions = {
            (names.get(number), event): function.fn
            for function in blocks.fns.values()
            for number, event in function.targets
            if number is not None
        }

    def press(self, name: str | None, event: str, *given: Any) -> asyncio.Task:
        """Let something happen, with these values besides the visit's own."""
        running = asyncio.create_task(self._answered(self._actions[name, event], given))
        self._tasks.append(running)
        return running

    def choose(self, name: str, choice: str, *given: Any) -> asyncio.Task:
        return self.press(name, "choose", *given, gr.EventData(None, {"value": choice}))

    def texts(self) -> tuple[str, str]:
        boxes = (self.shown["text-a"], self.shown["text-b"])
        return tuple(box.get("value", "") if isinstance(box, dict) else box for box in boxes)

    async def settle(self) -> None:
        """Wait until every action is over."""
        await asyncio.wait_for(asyncio.gather(*self._tasks), 20)

    async def turn(self) -> None:
        """Let every action go on as far as it can by itself."""
        for _ in range(20):
            await asyncio.sleep(0)
        await asyncio.sleep(0.02)

    async def _answered(self, action, given) -> None:
        answers = action(self.visit, *given)
        if not hasattr(answers, "__aiter__"):
            answers = await answers if inspect.isawaitable(answers) else answers
            answers = _one(answers)
        async for updates in answers:
            if isinstance(updates, dict) and "__type__" not in updates:
                self.shown |= {getattr(part, "elem_id", None): v for part, v in updates.items()}


async def _one(updates):
    yield updates or {}
