"""Measuring how far the sources are apart, aligning them, and taking that back."""

from collections.abc import AsyncIterator

import gradio as gr

from demo.actions.connecting import connect
from demo.actions.describing import describe_unedited, look_again, texts_by_now
from demo.actions.events import choice_of
from demo.actions.showing import Updates, language_of, show_panels, show_result, show_sources
from demo.desk import Desk
from demo.panels.registration import render_registration
from demo.state import Visit
from demo.view import View
from film_core.errors import FilmError


def wire(view: View, desk: Desk) -> None:
    """Connect the buttons of the registration panel."""
    panel = view.panels["registration"]

    async def chosen(visit: Visit, a: str, b: str, event: gr.EventData) -> AsyncIterator[Updates]:
        choice = choice_of(event)
        if visit.pair is None or choice not in ("measure", "align", "undo"):
            return
        visit.errors["registration"] = None
        asked_for = visit.pair
        look_again(visit)  # aligning takes seconds, in which a visitor writes on
        yield {panel: render_registration(visit, language_of(visit), busy=choice)}
        try:
            if choice == "measure":
                found = await desk.register(visit)
                if visit.pair == asked_for:  # otherwise it is of images that are here no longer
                    visit.registration = found
                yield show_panels(view, visit, desk, "registration")
                return
            if choice == "align" and visit.registration is not None:
                before = dict(visit.sources)
                registration = visit.registration
                sources, lost = await desk.align(visit)
                if visit.pair != asked_for:
                    yield show_panels(view, visit, desk, "registration")
                    return
                visit.changed_sources()
                visit.sources.update(sources)
                visit.registration, visit.unaligned, visit.lost = registration, before, lost
            elif choice == "undo" and visit.unaligned is not None:
                visit.sources.update(visit.unaligned)
                visit.changed_sources()
        except FilmError as error:
            visit.errors["registration"] = error
            yield show_panels(view, visit, desk, "registration")
            return
        visit.example = ""
        yield {**show_sources(view, visit, desk), **show_result(view, visit, desk)}
        texts = texts_by_now(visit, {"a": a, "b": b})
        async for updates in describe_unedited(view, visit, desk, texts):
            yield updates

    connect(
        panel, "choose",
        chosen,
        [view.visit, view.texts["a"], view.texts["b"]],
        [
            view.viewer, view.facts, *view.panels.values(), *view.source_parts,
            *view.texts.values(), *view.authors.values(),
        ],
    )  # fmt: skip
