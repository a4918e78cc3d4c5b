"""Opening the page, changing its language."""

import gradio as gr

from demo.actions.choosing import open_example
from demo.actions.showing import Updates, show_everything
from demo.desk import Desk
from demo.examples import examples_of
from demo.language import LANGUAGES, preferred_language
from demo.state import SLOTS, Visit
from demo.view import View


def wire(page: gr.Blocks, view: View, desk: Desk) -> None:
    """Connect the opening of the page and the language buttons."""

    def opened(visit: Visit, request: gr.Request) -> Updates:
        visit.language = preferred_language(request.headers.get("accept-language", ""))
        texts = {"a": "", "b": ""}
        examples = examples_of(visit.task)
        if examples:
            texts = open_example(visit, examples[0])
        updates = show_everything(view, visit, desk, texts)
        for slot in SLOTS:
            updates[view.texts[slot]]["value"] = texts[slot]
        return {view.visit: visit, **updates}

    def language_chosen(visit: Visit, a: str, b: str, event: gr.EventData) -> Updates:
        if event.value in LANGUAGES:
            visit.language = event.value
        return show_everything(view, visit, desk, {"a": a, "b": b})

    shown = [
        view.header, view.footer, view.task, view.task_sentence, view.examples, view.viewer,
        view.facts, view.metrics, view.attention, view.swap, view.fuse, view.cancel,
        *view.sources.values(), *view.texts.values(), *view.authors.values(),
        *view.again.values(), *{c for c, _, _ in view.translated},
    ]  # fmt: skip
    shown = list(dict.fromkeys(shown))
    page.load(
        opened, [view.visit], [view.visit, *shown], show_progress="hidden", api_visibility="private"
    )
    view.header.language(
        language_chosen,
        [view.visit, view.texts["a"], view.texts["b"]],
        shown,
        show_progress="hidden",
        api_visibility="private",
    )
