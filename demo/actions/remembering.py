"""The history panel: restore a result, compare another with the one shown, remove."""

import gradio as gr

from demo.actions.connecting import connect
from demo.actions.describing import drop_questions
from demo.actions.events import choice_of
from demo.actions.showing import (
    Updates,
    show_author,
    show_network,
    show_panels,
    show_result,
    show_sources,
    show_task,
)
from demo.desk import Desk
from demo.panels.viewer import compared
from demo.state import SLOTS, Result, Visit, network_of
from demo.view import View


def wire(view: View, desk: Desk) -> None:
    """Connect the buttons of the history panel."""
    panel = view.panels["history"]

    def chosen(visit: Visit, event: gr.EventData) -> Updates:
        action, _, number = choice_of(event).partition(":")
        found = [result for result in visit.results if str(result.number) == number]
        if not found:
            return show_panels(view, visit, desk, "history")
        if action == "restore":
            return _restored(view, visit, desk, found[0])
        if action == "compare":
            visit.against = None if visit.against == found[0].number else found[0].number
        elif action == "remove":
            desk.drop(visit, found[0])
            if visit.result is not None and visit.result.number == found[0].number:
                visit.result = None
        if visit.result is not None and compared(visit) is None:
            visit.against = None
        return show_result(view, visit, desk)

    connect(
        panel, "choose",
        chosen,
        [view.visit],
        [
            *view.task_parts, view.examples, view.viewer, view.facts,
            *view.panels.values(), *view.source_parts, *view.texts.values(),
            *view.authors.values(),
        ],
    )  # fmt: skip


def _restored(view: View, visit: Visit, desk: Desk, result: Result) -> Updates:
    visit.changed_sources()
    visit.errors.clear()
    drop_questions(visit)
    visit.task, visit.example, visit.reopened = result.task, "", None
    visit.sources.update(result.sources)
    visit.result = result
    visit.network = network_of(result.weights)
    updates = {
        **show_task(view, visit),
        **show_network(view, visit, result.instruction),
        **show_sources(view, visit, desk),
        **show_result(view, visit, desk),
    }
    texts = (result.text_a, result.text_b)
    for slot, text, author in zip(SLOTS, texts, result.authors, strict=True):
        visit.described[slot] = "" if author == "visitor" else text
        visit.authors[slot], visit.steps[slot] = author, []
        updates |= show_author(view, visit, slot, text)
        updates[view.texts[slot]] = text
    return updates
