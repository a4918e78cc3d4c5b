"""The two source images: upload, remove, swap, describe again."""

import math
from collections.abc import AsyncIterator

import gradio as gr

from demo.actions.connecting import connect
from demo.actions.describing import (
    awaited,
    describe,
    describe_unedited,
    drop_questions,
    is_edited,
    look_again,
    texts_by_now,
)
from demo.actions.events import sent_with
from demo.actions.showing import (
    Updates,
    language_of,
    show_author,
    show_result,
    show_sources,
    show_task,
)
from demo.desk import Desk, plain_name
from demo.panels.progress import render_stage
from demo.state import SLOTS, Slot, Visit
from demo.view import View
from film_core.errors import FilmError, ImageError


def wire(view: View, desk: Desk) -> None:
    """Connect the source fields and what belongs to them."""
    shown = [
        *view.task_parts, view.examples, view.progress, view.viewer, view.facts,
        *view.panels.values(),
        *view.source_parts, *view.texts.values(), *view.authors.values(),
    ]  # fmt: skip
    for slot in SLOTS:
        _wire_field(view, desk, slot, shown)

    async def swapped(visit: Visit, a: str, b: str) -> AsyncIterator[Updates]:
        exchange(visit)
        updates = {**show_sources(view, visit, desk), **show_result(view, visit, desk)}
        updates |= {view.texts["a"]: b, view.texts["b"]: a}
        yield (
            updates | show_author(view, visit, "a", b) | show_author(view, visit, "b", a)
            | show_task(view, visit)
        )  # fmt: skip
        # What was under way was written for the other place.
        texts: dict[Slot, str] = {"a": b, "b": a}
        async for updates in describe(view, visit, desk, awaited(visit), texts):
            yield updates

    connect(view.swap, "click", swapped, [view.visit, view.texts["a"], view.texts["b"]], shown)


def exchange(visit: Visit) -> None:
    """Make A of B and B of A, with all that was said about them."""
    for kept in (
        visit.sources, visit.described, visit.authors, visit.steps, visit.typed, visit.questions,
    ):  # fmt: skip
        kept["a"], kept["b"] = kept["b"], kept["a"]
    visit.example = ""
    visit.errors.clear()
    visit.changed_sources()


def _wire_field(view: View, desk: Desk, slot: Slot, shown: list) -> None:
    async def uploaded(visit: Visit, a: str, b: str, event: gr.EventData) -> AsyncIterator[Updates]:
        say = language_of(visit)
        look_again(visit)
        visit.ending = None
        yield {view.progress: render_stage(say("source.opening"), None, 0, say)}
        try:
            visit.sources[slot] = await desk.read(visit, *uploaded_file(event, desk))
            visit.errors[slot] = None
        except FilmError as error:
            visit.errors[slot] = error
            yield {view.progress: "", **show_sources(view, visit, desk)}
            return
        texts = {"a": a, "b": b}
        visit.questions[slot] = None
        if visit.example:  # own images now: what belonged to the example goes
            visit.example = ""
            drop_questions(visit)
            visit.sources["b" if slot == "a" else "a"] = None
            for s in SLOTS:
                if not is_edited(visit, s, texts[s]):
                    texts[s] = visit.described[s] = visit.authors[s] = ""
        visit.changed_sources()
        await _check_pair(visit, desk, slot)
        updates, own = {view.progress: ""}, texts_by_now(visit, texts)
        for s, given in zip(SLOTS, (a, b), strict=True):
            if own[s] == texts[s] != given:
                updates[view.texts[s]] = texts[s]
            updates |= show_author(view, visit, s, own[s])
        yield {
            **updates,
            **show_sources(view, visit, desk),
            **show_result(view, visit, desk),
            **show_task(view, visit),
        }
        async for updates in describe_unedited(view, visit, desk, own):
            yield updates

    def cleared(visit: Visit, text: str) -> Updates:
        visit.sources[slot] = visit.questions[slot] = None
        visit.errors.clear()
        visit.example = ""
        visit.changed_sources()
        if not is_edited(visit, slot, text):  # the visitor's own stays for the next image
            text = visit.described[slot] = visit.authors[slot] = ""
        return {
            view.texts[slot]: text,
            **show_author(view, visit, slot, text),
            **show_sources(view, visit, desk),
            **show_result(view, visit, desk),
            **show_task(view, visit),
        }

    async def again(visit: Visit, a: str, b: str) -> AsyncIterator[Updates]:
        async for updates in describe(view, visit, desk, [slot], {"a": a, "b": b}):
            yield updates

    def typed(visit: Visit, text: str) -> None:
        visit.typed[slot] = text

    def edited(visit: Visit, text: str) -> Updates:
        visit.errors[f"text_{slot}"] = None
        return show_author(view, visit, slot, text)

    texts = [view.texts["a"], view.texts["b"]]
    connect(view.sources[slot], "upload", uploaded, [view.visit, *texts], shown)
    connect(view.sources[slot], "clear", cleared, [view.visit, view.texts[slot]], shown)
    connect(view.again[slot], "click", again, [view.visit, *texts], shown)
    heard = [view.visit, view.texts[slot]]
    connect(view.texts[slot], "input", typed, heard, None, trigger="always_last")
    connect(view.texts[slot], "blur", edited, [view.visit, view.texts[slot]], [view.authors[slot]])


async def _check_pair(visit: Visit, desk: Desk, slot: Slot) -> None:
    """Find out what the two images seem to be, or note at source `slot` why they don't fit."""
    pair, sources = visit.pair, dict(visit.sources)
    if pair is None:
        visit.note_pair(None)
        return
    found, wrong = None, None
    try:
        found = await desk.check_pair(visit)
    except FilmError as error:
        wrong = error
    if visit.sources != sources:
        return  # the newer ones have a check of their own
    visit.note_pair(wrong, slot)
    if visit.pair == pair and visit.reopened is None:
        visit.suggestion = found


def too_many_bytes(name: str, size: float, desk: Desk) -> ImageError:
    """Return the error for a file of `size` bytes, more than this page reads."""
    return ImageError(
        "image.too_many_bytes",
        "'{name}' has {megabytes:.1f} MB; at most {limit:g} MB are read: "
        "use a smaller image or a compressed format such as PNG.",
        name=name, megabytes=rounded_up(size), limit=desk.settings.max_megabytes,
    )  # fmt: skip


def rounded_up(size: float) -> float:
    """Return `size` bytes in MB with one decimal, never below it: it is said to be too large."""
    return math.ceil(size / 1e5) / 10


def is_size(said: object) -> bool:
    """Whether what a browser says is a file's size can be one."""
    return isinstance(said, int | float) and 0 <= said < 2**60


def uploaded_file(event: gr.EventData, desk: Desk) -> tuple[str, str]:
    """Return (name on the shelf, file name) of what the browser says that it has sent.

    Raises:
        ImageError: it is too large, or did not arrive.
    """
    data = sent_with(event)
    name = plain_name(data.get("name", ""))
    if data.get("reason") == "too_large":
        size = data.get("size")
        raise too_many_bytes(name, size if is_size(size) else 0.0, desk)
    if not data.get("token"):
        raise ImageError(
            "upload.failed",
            "The upload of '{name}' did not arrive: check the connection and choose it again.",
            name=name,
        )
    return str(data["token"]), name
