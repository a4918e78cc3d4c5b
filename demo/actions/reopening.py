"""Opening a saved result or a link: its settings come back, its images where they are known."""

from collections.abc import AsyncIterator

import gradio as gr

from demo.actions.choosing import open_example
from demo.actions.connecting import connect
from demo.actions.describing import describe_unedited, drop_questions
from demo.actions.events import choice_of
from demo.actions.showing import (
    Updates,
    show_author,
    show_network,
    show_result,
    show_sources,
    show_task,
)
from demo.actions.sources import uploaded_file
from demo.desk import Desk
from demo.examples import example_of
from demo.state import SLOTS, Reopened, Source, Visit, network_of
from demo.view import View
from film_core.errors import FilmError
from film_core.fusion.origin import Origin


def wire(view: View, desk: Desk) -> None:
    """Connect the file field for saved results and what belongs to it."""

    async def uploaded(visit: Visit, event: gr.EventData) -> AsyncIterator[Updates]:
        try:
            token, name = uploaded_file(event, desk)
            origin = await desk.read_origin(visit, token, name)
        except FilmError as error:
            visit.errors["reopened"] = error
            yield show_sources(view, visit, desk)
            return
        restore(visit, desk, origin, name)
        yield show_restored(view, visit, desk)

    async def chosen(visit: Visit, a: str, b: str, event: gr.EventData) -> AsyncIterator[Updates]:
        if choice_of(event) != "forget":
            return
        visit.reopened = None
        yield show_sources(view, visit, desk)
        async for updates in describe_unedited(view, visit, desk, {"a": a, "b": b}):
            yield updates

    shown = [
        *view.task_parts, view.examples, view.viewer, view.facts,
        *view.panels.values(), *view.source_parts, *view.texts.values(), *view.authors.values(),
    ]  # fmt: skip
    connect(view.reopened, "upload", uploaded, [view.visit], shown)
    connect(view.reopened, "choose", chosen, [view.visit, *view.texts.values()], shown)


def restore(visit: Visit, desk: Desk, origin: Origin, name: str) -> None:
    """Bring back what `origin` says; images that aren't known here stay to be chosen.

    Args:
        name: of the file it came from; "" for a link.
    """
    known = _known_sources(visit)
    example = example_of(origin.sha256_a, origin.sha256_b)
    visit.errors.clear()
    drop_questions(visit)
    if example is not None:
        open_example(visit, example)
        known = {source.digest: source for source in visit.sources.values()}
        visit.network = network_of(origin.weights)
        if visit.result is not None and visit.result.origin == origin:
            return  # the example itself, with its result
    visit.task, visit.example = origin.task, ""
    visit.network = network_of(origin.weights)
    visit.changed_sources()
    for slot in SLOTS:
        visit.sources[slot] = known.get(origin.digest(slot))
        visit.described[slot], visit.authors[slot] = "", "visitor"
    visit.reopened = Reopened(origin, name, desk.weights_for(visit))


def show_restored(view: View, visit: Visit, desk: Desk) -> Updates:
    """Return everything that `restore` may have changed."""
    updates = {
        **show_task(view, visit),
        **show_network(view, visit, visit.reopened and visit.reopened.origin.instruction),
        **show_sources(view, visit, desk),
        **show_result(view, visit, desk),
    }
    for slot in SLOTS:
        text = visit.described[slot] if visit.reopened is None else visit.reopened.origin.text(slot)
        updates[view.texts[slot]] = text
        updates |= show_author(view, visit, slot, text)
    return updates


def _known_sources(visit: Visit) -> dict[str, Source]:
    sources = [source for result in visit.results for source in result.sources.values()]
    sources += [source for source in visit.sources.values() if source is not None]
    return {source.digest: source for source in sources}
