"""Choosing a task or an example."""

import hashlib
from collections.abc import AsyncIterator

import gradio as gr

from demo.actions.connecting import connect
from demo.actions.describing import describe_unedited, drop_questions
from demo.actions.events import choice_of
from demo.actions.showing import (
    Updates,
    show_author,
    show_panels,
    show_result,
    show_sources,
    show_task,
    show_viewer,
)
from demo.desk import Desk
from demo.examples import Example, find_examples
from demo.state import SLOTS, Result, Slot, Source, Visit
from demo.view import View
from film_core.notes import from_message
from film_core.tasks import TASKS


def open_example(visit: Visit, example: Example) -> dict[Slot, str]:
    """Put `example` with its precomputed result into the visit; return its two texts."""
    visit.task = example.task
    visit.example, visit.reopened = example.key, None
    visit.errors.clear()
    drop_questions(visit)
    for slot in SLOTS:
        visit.sources[slot] = _source(example, slot)
        visit.described[slot] = visit.authors[slot] = ""
    visit.changed_sources()
    done = example.result
    if done is None:
        visit.result = None
        return {"a": "", "b": ""}
    texts = {slot: str(done.get(f"text_{slot}", "")) for slot in SLOTS}
    for slot in SLOTS:
        visit.fill(slot, texts[slot], "example")
    visit.result = Result(
        number=0,
        picture=f"example/{example.key}/fused.png",
        width=visit.sources["a"].width,
        height=visit.sources["a"].height,
        task=example.task,
        text_a=texts["a"],
        text_b=texts["b"],
        metrics=done["metrics"],
        comparison=done.get("comparison", {}),
        seconds=done.get("timings", {}),
        device=done.get("device", ""),
        weights=done.get("weights", ""),
        notes=tuple(map(from_message, done.get("notes", ()))),
        sources=dict(visit.sources),
    )
    return texts


def _source(example: Example, slot: Slot) -> Source:
    from PIL import Image

    data = example.file(slot).read_bytes()
    with Image.open(example.file(slot)) as image:
        (width, height), colour = image.size, image.mode not in ("L", "1", "I;16")
    return Source(
        hashlib.sha256(data).hexdigest(), data, f"{example.title} ({slot.upper()})", width, height,
        8, colour, (), f"example/{example.key}/{slot}.png",
    )  # fmt: skip


def wire(view: View, desk: Desk) -> None:
    """Connect the task and the examples."""

    async def task_chosen(visit: Visit, task: str, a: str, b: str) -> AsyncIterator[Updates]:
        if task not in TASKS or task == visit.task:
            return
        visit.task, visit.suggestion, visit.reopened = task, None, None
        updates = {
            **show_task(view, visit),
            **show_sources(view, visit, desk),
            **show_panels(view, visit, desk, "batch", "study"),
        }
        if visit.result is None:  # the pictures are called by what they are of for the task
            updates |= show_viewer(view, visit, desk)
        yield updates
        async for updates in describe_unedited(view, visit, desk, {"a": a, "b": b}):
            yield updates

    async def example_chosen(visit: Visit, event: gr.EventData) -> AsyncIterator[Updates]:
        example = find_examples().get(choice_of(event))
        if example is None:
            return
        texts = open_example(visit, example)
        visit.ending = None
        updates = {
            view.progress: "",
            **show_task(view, visit),
            **show_sources(view, visit, desk),
            **show_result(view, visit, desk),
        }
        for slot in SLOTS:
            updates |= show_author(view, visit, slot, texts[slot])
            updates[view.texts[slot]] = texts[slot]
        yield updates
        if example.result is None:
            async for updates in describe_unedited(view, visit, desk, texts):
                yield updates

    shown = [
        *view.task_parts, view.examples, view.progress, view.viewer, view.facts,
        *view.panels.values(),
        *view.source_parts, *view.texts.values(), *view.authors.values(),
    ]  # fmt: skip
    connect(
        view.task,
        "input",
        task_chosen,
        [view.visit, view.task, view.texts["a"], view.texts["b"]],
        shown,
    )
    connect(view.examples, "choose", example_chosen, [view.visit], shown)
