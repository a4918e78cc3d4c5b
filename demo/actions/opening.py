"""Opening the page, changing its language."""

from collections.abc import AsyncIterator

import gradio as gr

from demo.actions.choosing import open_example
from demo.actions.describing import describe_unedited
from demo.actions.showing import Updates, show_everything
from demo.desk import Desk
from demo.examples import examples_of
from demo.language import LANGUAGES, preferred_language
from demo.state import SLOTS, Slot, Visit
from demo.view import View


def first_example(visit: Visit) -> dict[Slot, str]:
    """Open the first example of the visit's task, so that there is something to see; its texts."""
    examples = examples_of(visit.task)
    return open_example(visit, examples[0]) if examples else {"a": "", "b": ""}


def fill_in(view: View, desk: Desk) -> None:
    """Give the components what a new visitor sees, so that it is there before any answer is."""
    visit = Visit()
    texts = first_example(visit)
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

    async def opened(visit: Visit, request: gr.Request) -> AsyncIterator[Updates]:
        visit.language = preferred_language(request.headers.get("accept-language", ""))
        texts = first_example(visit)
        updates = show_everything(view, visit, desk, texts)
        for slot in SLOTS:
            updates[view.texts[slot]]["value"] = texts[slot]
        yield {view.visit: visit, **updates}
        if not any(texts.values()):
            async for updates in describe_unedited(view, visit, desk, texts):
                yield updates

    def language_chosen(visit: Visit, a: str, b: str, event: gr.EventData) -> Updates:
        if event.value in LANGUAGES:
            visit.language = event.value
        return show_everything(view, visit, desk, {"a": a, "b": b})

    shown = [
        view.header, view.footer, view.task, view.task_sentence, view.examples, view.viewer,
        view.facts, *view.panels.values(), view.swap, view.fuse, view.cancel,
        *view.sources.values(), *view.texts.values(), *view.authors.values(),
        *view.again.values(), *{c for c, _, _ in view.translated},
    ]  # fmt: skip
    shown = list(dict.fromkeys(shown))
    page.load(
        opened,
        [view.visit],
        [view.visit, *shown],
        show_progress="hidden",
        api_visibility="private",
        trigger_mode="multiple",
    )
    view.header.language(
        language_chosen,
        [view.visit, view.texts["a"], view.texts["b"]],
        shown,
        show_progress="hidden",
        api_visibility="private",
        trigger_mode="multiple",
    )
