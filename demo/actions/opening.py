"""Opening the page, opening it again, changing its language."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from demo.actions.choosing import open_example
from demo.actions.connecting import connect
from demo.actions.describing import describe, describe_unedited, texts_by_now
from demo.actions.events import choice_of
from demo.actions.fusing import fuse
from demo.actions.reopening import restore, show_restored
from demo.actions.showing import Updates, show_author, show_ending, show_everything
from demo.desk import Desk
from demo.examples import examples_of, find_examples
from demo.language import LANGUAGES, preferred_language
from demo.reproducing import is_link, read_fragment
from demo.state import SLOTS, Ending, Slot, Visit
from demo.view import View
from film_core.errors import FilmError

# What is behind "#" never leaves the browser by itself: texts don't end up in anybody's logs.
_SCRIPT = Path(__file__).parents[1] / "client" / "opening.js"


@dataclass(frozen=True)
class Opening:
    """What a page says when it opens. It may be anything: nothing about it is certain.

    Attributes:
        link: what stands behind "#".
        key: of the visit that the tab had.
        told: the instruction as it stood.
        returning: whether the tab had one, so that the texts are those of then.
        read: whether the tab has read the link before, so that they are newer than the link's.
    """

    link: str = ""
    key: str = ""
    told: str = ""
    returning: bool = False
    read: bool = False


def read_opening(said: str) -> Opening:
    """Return what `said`, JSON of a browser, means; what isn't understood is left out."""
    try:
        told = json.loads(said)
    except (TypeError, ValueError, RecursionError):
        return Opening()
    if not isinstance(told, dict):
        return Opening()
    texts = {name: told.get(name) for name in ("link", "key", "told")}
    known = {name: text for name, text in texts.items() if isinstance(text, str)}
    said = {name: told.get(name) is True for name in ("returning", "read")}
    return Opening(**known, **said)


def first_visit() -> tuple[Visit, dict[Slot, str]]:
    """Return what every visit begins with, the first example of its task, and its two texts."""
    visit = Visit()
    examples = examples_of(visit.task)
    return visit, open_example(visit, examples[0]) if examples else {"a": "", "b": ""}


def fill_in(view: View, desk: Desk, visit: Visit, texts: dict[Slot, str]) -> None:
    """Give the components what a new visitor sees, so that it is there before any answer is."""
    for component, value in show_everything(view, visit, desk, texts).items():
        if isinstance(value, dict) and value.get("__type__") == "update":
            for name in ("label", "placeholder"):
                if name in value:
                    setattr(component, name, value[name])
        else:
            component.value = value
    for slot in SLOTS:
        view.texts[slot].value = texts[slot]


def wire(page: gr.Blocks, view: View, desk: Desk) -> None:
    """Connect the opening of the page and the language buttons."""

    async def opened(
        fresh: Visit, a: str, b: str, said: str, request: gr.Request
    ) -> AsyncIterator[Updates]:
        # The page came with everything that a new visit shows, and the visitor may have begun:
        # only what is otherwise is drawn, from the visit as it is now.
        opening, texts = read_opening(said), {"a": a, "b": b}
        visit, before = desk.visits.take_up(opening.key, fresh, str(request.session_hash))
        language, kept = visit.language, before is not None
        changes: Updates = {}
        if kept:
            desk.stop(before.visit)
            desk.drop_session(before.session)
            changes[view.visit] = visit
            texts = texts if opening.returning else dict(visit.described)
        else:
            language = preferred_language(request.headers.get("accept-language", ""))
        translated, visit.language = language != visit.language, language
        if opening.returning and not kept:
            changes |= _begun_anew(view, visit, desk, texts)
        link = opening.link if is_link(opening.link) and opening.link != visit.link else ""
        if link:
            visit.link = link
            try:
                restore(visit, desk, read_fragment(link), "")
                changes |= show_restored(view, visit, desk)
                if opening.read and not kept:
                    changes |= _as_typed(view, visit, changes, texts, opening.told)
            except FilmError as error:
                visit.errors["reopened"] = error
        if translated or link or kept or opening.returning:
            updates = show_everything(view, visit, desk, texts)
            for slot, text in view.texts.items():
                updates[text] = {**updates[text], "value": changes.pop(text, texts[slot])}
            if opening.returning and view.instruction not in changes:
                field = updates.get(view.instruction, gr.update())
                changes[view.instruction] = {**field, "value": opening.told}
            yield {**updates, **changes}
        if kept and visit.unfinished:  # the page went while it was being fused
            given = (texts["a"], texts["b"], opening.told)
            async with aclosing(fuse(view, visit, desk, *given)) as steps:
                async for updates in steps:
                    yield updates
        example = find_examples().get(visit.example)
        if example is not None and example.result is None:
            async for updates in describe_unedited(view, visit, desk, texts):
                yield updates
        elif kept and not link:  # the page may have gone while it was being described
            texts = texts_by_now(visit, texts)
            blank = [slot for slot in SLOTS if not texts[slot].strip()]
            async for updates in describe(view, visit, desk, blank, texts):
                yield updates

    def language_chosen(visit: Visit, a: str, b: str, event: gr.EventData) -> Updates:
        if choice_of(event) in LANGUAGES:
            visit.language = choice_of(event)
        return show_everything(view, visit, desk, {"a": a, "b": b})

    shown = [
        view.header, view.footer, *view.task_parts, view.examples, view.progress, view.viewer,
        view.facts, *view.panels.values(), view.swap, view.fuse, view.cancel,
        *view.source_parts, *view.texts.values(), *view.authors.values(),
        *view.again.values(), *{c for c, _, _ in view.translated},
    ]  # fmt: skip
    shown = list(dict.fromkeys(shown))
    given = [view.visit, view.texts["a"], view.texts["b"]]
    script = _SCRIPT.read_text(encoding="utf-8")
    connect(page, "load", opened, [*given, view.opening], [view.visit, *shown], script)
    connect(view.header, "language", language_chosen, given, shown)


def _as_typed(
    view: View, visit: Visit, restored: Updates, texts: dict[Slot, str], told: str
) -> Updates:
    """Return what puts the texts that the page brought in the place of those of its link."""
    updates: Updates = {view.instruction: {**restored[view.instruction], "value": told}}
    for slot in SLOTS:
        updates[view.texts[slot]] = texts[slot]
        updates |= show_author(view, visit, slot, texts[slot])
    return updates


def _begun_anew(view: View, visit: Visit, desk: Desk, texts: dict[Slot, str]) -> Updates:
    """Return what a page says whose visit is not here any more; the texts it brought stay.

    Where it had no more than the example, that is there again, and nothing needs to be said.
    """
    if all(hash(texts[slot]) in visit.filled for slot in SLOTS):
        return {}
    for slot in SLOTS:
        visit.sources[slot] = None
        visit.authors[slot] = "visitor"
    visit.example = ""
    visit.changed_sources()
    visit.ending = Ending("opening.gone", {"minutes": f"{desk.settings.idle_minutes:g}"})
    return show_ending(view, visit)
