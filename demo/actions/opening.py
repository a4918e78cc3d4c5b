"""Opening the page, changing its language."""

from collections.abc import AsyncIterator

import gradio as gr

from demo.actions.choosing import open_example
from demo.actions.connecting import connect
from demo.actions.describing import describe_unedited
from demo.actions.events import choice_of
from demo.actions.reopening import restore, show_restored
from demo.actions.showing import Updates, show_everything
from demo.desk import Desk
from demo.examples import examples_of, find_examples
from demo.language import LANGUAGES, preferred_language
from demo.reproducing import is_link, read_fragment
from demo.state import SLOTS, Slot, Visit
from demo.view import View
from film_core.errors import FilmError

# What is behind "#" never leaves the browser by itself: texts don't end up in anybody's logs.
_WITH_LINK = "(visit, a, b) => [visit, a, b, location.hash.slice(1)]"


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
        visit: Visit, a: str, b: str, link: str, request: gr.Request
    ) -> AsyncIterator[Updates]:
        # The page came with everything that a new visit shows, and the visitor may have begun:
        # only what is otherwise is drawn, from the visit as it is now.
        texts = {"a": a, "b": b}
        language = preferred_language(request.headers.get("accept-language", ""))
        translated, visit.language = language != visit.language, language
        restored: Updates = {}
        if is_link(link):
            try:
                restore(visit, desk, read_fragment(link), "")
                restored = show_restored(view, visit, desk)
            except FilmError as error:
                visit.errors["reopened"] = error
        if translated or is_link(link):
            updates = show_everything(view, visit, desk, texts)
            for text in view.texts.values():
                if text in restored:
                    restored[text] = {**updates[text], "value": restored[text]}
            yield {**updates, **restored}
        example = find_examples().get(visit.example)
        if example is not None and example.result is None:
            async for updates in describe_unedited(view, visit, desk, texts):
                yield updates

    def language_chosen(visit: Visit, a: str, b: str, event: gr.EventData) -> Updates:
        if choice_of(event) in LANGUAGES:
            visit.language = choice_of(event)
        return show_everything(view, visit, desk, {"a": a, "b": b})

    shown = [
        view.header, view.footer, *view.task_parts, view.examples, view.viewer,
        view.facts, *view.panels.values(), view.swap, view.fuse, view.cancel,
        *view.source_parts, *view.texts.values(), *view.authors.values(),
        *view.again.values(), *{c for c, _, _ in view.translated},
    ]  # fmt: skip
    shown = list(dict.fromkeys(shown))
    given = [view.visit, view.texts["a"], view.texts["b"]]
    connect(page, "load", opened, [*given, view.link], shown, _WITH_LINK)
    connect(view.header, "language", language_chosen, given, shown)
