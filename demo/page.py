"""The page: which components there are and where they stand. What they do is in `demo.actions`."""

from pathlib import Path

import gradio as gr

from demo.actions import wire
from demo.actions.opening import fill_in, first_visit
from demo.actions.showing import PANELS
from demo.desk import Desk
from demo.endpoints import add_endpoints
from demo.language import Language, load_language
from demo.panels.header import render_header
from demo.panels.network import steers
from demo.state import SLOTS, Visit
from demo.view import View, describer_choices, network_choices
from film_core.checkpoints import list_weights
from film_core.tasks import TASKS

# What panels need besides choices.js.
SCRIPTS = {
    "attention": ("attention.js",),
    "registration": ("registration.js",),
    "study": ("study.js",),
    "batch": ("sending.js", "batch.js"),
}
_CLIENT = Path(__file__).parent / "client"


def build_page(desk: Desk) -> gr.Blocks:
    """Return the page, wired to `desk`; texts are English until a visit chooses its language."""
    say = load_language("en")
    first, texts = first_visit()
    with gr.Blocks(title=say("title"), fill_width=True, analytics_enabled=False) as page:
        view = _lay_out(desk, say, first)
        fill_in(view, desk, first, texts)
        add_endpoints(desk)  # first, so that they have the plain names
        wire(page, view, desk)
    return page


def _lay_out(desk: Desk, say: Language, first: Visit) -> View:
    translated: list = []

    def text(component, **keys: str):
        """Note which texts of `component` are to be translated, and set them in English."""
        for name, key in keys.items():
            translated.append((component, name, key))
            setattr(component, name, say(key))
        return component

    visit = gr.State(first)  # how long it is kept is the business of `demo.visits`
    header = drawn(
        render_header(say), js_on_load=_scripts("header.js", "answering.js"), elem_id="head"
    )
    with gr.Row(elem_id="studio", equal_height=False):
        with gr.Column(elem_id="inputs", min_width=0):
            task = text(
                gr.Radio(
                    [(say(f"task.{name}"), name) for name in TASKS], value="ivf", elem_id="task"
                ),
                label="task",
            )
            task_sentence = drawn(elem_id="task-sentence")
            examples = drawn(js_on_load=_scripts("choices.js"), elem_id="examples")
            reopened = drawn(
                js_on_load=_scripts("sending.js", "choices.js", "reopening.js"), elem_id="reopened"
            )
            sources, texts, authors, again = {}, {}, {}, {}
            with gr.Row(elem_id="sources", equal_height=True):
                for slot in SLOTS:
                    sources[slot] = drawn(
                        js_on_load=_scripts("sending.js", "source.js"), elem_id=f"source-{slot}"
                    )
            suggestion = drawn(js_on_load=_scripts("choices.js"), elem_id="suggestion")
            swap = text(gr.Button("", size="sm", elem_id="swap"), value="source.swap")
            describer = text(
                gr.Radio(
                    describer_choices(say),
                    value="measured",
                    elem_id="describer",
                    visible=desk.asking is not None,
                ),
                label="describer",
            )
            for slot in SLOTS:
                with gr.Group(elem_classes=["description", slot]):
                    texts[slot] = text(
                        gr.Textbox(
                            lines=4, max_lines=12, elem_id=f"text-{slot}",
                            max_length=desk.settings.max_characters,
                        ),
                        placeholder="text.placeholder",
                    )  # fmt: skip
                    with gr.Row(elem_classes=["under-text"]):
                        authors[slot] = drawn(elem_id=f"author-{slot}")
                        again[slot] = text(
                            gr.Button("", size="sm", elem_id=f"again-{slot}", min_width=0),
                            value="text.again",
                        )
            network = text(
                gr.Radio(
                    network_choices(say),
                    value="film",
                    elem_id="network",
                    visible=steers(list_weights()),
                ),
                label="network",
            )
            network_about = drawn(js_on_load=_scripts("choices.js"), elem_id="network-about")
            instruction = text(
                gr.Textbox(
                    lines=2, max_lines=6, elem_id="instruction", visible=False,
                    max_length=desk.settings.max_characters,
                ),
                label="instruction", placeholder="instruction.placeholder",
            )  # fmt: skip
            with gr.Row(elem_id="go"):
                fuse = text(
                    gr.Button("", variant="primary", size="lg", elem_id="fuse"), value="fuse"
                )
                cancel = text(
                    gr.Button("", size="lg", elem_id="cancel", visible=False), value="fuse.cancel"
                )
            progress = drawn(elem_id="progress")
            opening = gr.Textbox(visible=False)
        with gr.Column(elem_id="work", min_width=0):
            viewer = drawn(
                {},
                html_template=client("viewer.html"),
                js_on_load=client("viewer.js"),
                elem_id="viewer",
            )
            facts = drawn(js_on_load=client("copying.js"), elem_id="facts")
            with gr.Tabs(elem_id="panels"):
                panels = {}
                for name in PANELS:
                    with text(gr.Tab("", id=name), label=name):
                        scripts = _scripts("choices.js", *SCRIPTS.get(name, ()))
                        panels[name] = drawn(js_on_load=scripts, elem_id=name)
    footer = drawn(elem_id="foot")
    return View(
        visit, header, task, task_sentence, examples, reopened, sources, suggestion, swap,
        describer, texts, authors, again, network, network_about, instruction, fuse, cancel,
        progress, opening, viewer, facts, panels, footer, translated,
    )  # fmt: skip


def drawn(value=None, **options) -> gr.HTML:
    """Return an HTML component that takes its looks from `style/` alone."""
    return gr.HTML(value, apply_default_css=False, **options)


def _scripts(*names: str) -> str:
    """Return scripts of one component; each may `ask` the server."""
    return "\n".join(client(name) for name in ("asking.js", *names))


def client(name: str) -> str:
    """Return a file of `demo/client`."""
    return (_CLIENT / name).read_text(encoding="utf-8")
