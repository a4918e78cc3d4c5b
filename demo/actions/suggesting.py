"""Taking or leaving what the page suggests about the two images."""

from collections.abc import AsyncIterator

import gradio as gr

from demo.actions.connecting import connect
from demo.actions.describing import describe_unedited
from demo.actions.events import choice_of
from demo.actions.showing import Updates, show_author, show_result, show_sources, show_task
from demo.actions.sources import exchange
from demo.desk import Desk
from demo.state import SLOTS, Visit
from demo.view import View


def wire(view: View, desk: Desk) -> None:
    """Connect the buttons of the suggestion."""

    async def chosen(visit: Visit, a: str, b: str, event: gr.EventData) -> AsyncIterator[Updates]:
        found, visit.suggestion = visit.suggestion, None
        if found is None or choice_of(event) != "use":
            yield show_sources(view, visit, desk)
            return
        texts = {"a": a, "b": b}
        visit.task = found.task
        if found.swapped:
            exchange(visit)
            texts = {"a": b, "b": a}
        updates = {
            **show_task(view, visit),
            **show_sources(view, visit, desk),
            **show_result(view, visit, desk),
        }
        for slot in SLOTS:
            updates[view.texts[slot]] = texts[slot]
            updates |= show_author(view, visit, slot, texts[slot])
        yield updates
        async for updates in describe_unedited(view, visit, desk, texts):
            yield updates

    connect(
        view.suggestion, "choose",
        chosen,
        [view.visit, *view.texts.values()],
        [
            *view.task_parts, view.examples, view.viewer, view.facts,
            *view.panels.values(), *view.source_parts, *view.texts.values(),
            *view.authors.values(),
        ],
    )  # fmt: skip
