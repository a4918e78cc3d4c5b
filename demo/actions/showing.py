"""From a visit to updates of the page: which components show what. No action draws by itself."""

import io
from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from demo import batches, files, studies
from demo.desk import Desk
from demo.examples import examples_of, find_examples
from demo.language import Language, load_language
from demo.looking import visible
from demo.panels.about import render_about
from demo.panels.attention import caption, render_attention
from demo.panels.batch import render_batch
from demo.panels.examples import render_examples
from demo.panels.facts import render_facts
from demo.panels.header import render_header
from demo.panels.history import render_history
from demo.panels.markup import alert
from demo.panels.metrics import render_metrics
from demo.panels.network import render_network
from demo.panels.progress import render_ending
from demo.panels.registration import render_registration
from demo.panels.reopening import render_reopened
from demo.panels.source import render_source
from demo.panels.steps import render_steps
from demo.panels.study import render_study
from demo.panels.suggestion import render_suggestion
from demo.panels.viewer import download_name, render_viewer
from demo.panels.word_maps import render_word_maps
from demo.state import SLOTS, Slot, Visit
from demo.view import View
from film_core.tasks import TASKS

Updates = dict[Any, Any]


def language_of(visit: Visit) -> Language:
    """Return the language that the visit has chosen."""
    return load_language(visit.language)


def show_sources(view: View, visit: Visit, desk: Desk) -> Updates:
    """Return both source fields, and what is said about the two together."""
    say = language_of(visit)
    desk.tidy(visit)
    fields = {}
    for slot, source in visit.sources.items():
        lost = source is not None and desk.is_lost(source.picture)
        fields[view.sources[slot]] = render_source(visit, slot, desk.settings, say, lost)
    return {
        **fields,
        view.suggestion: render_suggestion(visit, say),
        view.reopened: render_reopened(visit, desk.settings, say),
    }


def show_task(view: View, visit: Visit) -> Updates:
    """Return what depends on the task alone."""
    say = language_of(visit)
    return {
        view.task: gr.update(
            choices=[(say(f"task.{name}"), name) for name in TASKS], value=visit.task
        ),
        view.task_sentence: f'<p class="subdued">{say.html(f"task.{visit.task}.sentence")}</p>',
        view.examples: render_examples(examples_of(visit.task), visit.example, say),
        **show_network(view, visit),
    }


def show_network(view: View, visit: Visit, told: str | None = None) -> Updates:
    """Return the choice of the network, what is known of it, and the field for an instruction.

    Args:
        told: puts an instruction into the field; None leaves what is there.
    """
    from film_core.checkpoints import list_weights

    say = language_of(visit)
    about = render_network(visit.network, visit.task, list_weights(), say)
    return {
        view.network: gr.update(value=visit.network),
        view.network_about: about,
        view.instruction: gr.update(
            visible=visit.network == "steer", **({} if told is None else {"value": told})
        ),
    }


def show_author(view: View, visit: Visit, slot: Slot, text: str) -> Updates:
    """Return the line below a description: who wrote it, or what is wrong with it."""
    say = language_of(visit)
    error = visit.errors.get(f"text_{slot}")
    if error is not None:
        return {view.authors[slot]: f'<p class="alert" role="alert">{escape(say.error(error))}</p>'}
    author = visit.authors[slot]
    opened = visit.reopened
    if opened is not None and text == opened.origin.text(slot):
        line = say.html("text.saved")
    elif not text.strip() or not author:
        line = ""
    elif text != visit.described[slot]:
        line = say.html("text.edited")
    elif author == "example":
        line = say.html("text.example")
    elif author == "measured":
        line = say.html("text.author", author=author)
    else:
        line = say.html("text.model", author=author)
    steps = "" if author == "example" else render_steps(visit.steps[slot], say)
    return {view.authors[slot]: f'<p class="subdued">{line}</p>{steps}' if line else ""}


def show_ending(view: View, visit: Visit) -> Updates:
    """Return how the last fusion ended; nothing while another runs or where it isn't said."""
    if visit.ending is None or visit.job is not None:
        return {}
    return {view.progress: render_ending(visit.ending, language_of(visit))}


def show_viewer(view: View, visit: Visit, desk: Desk) -> Updates:
    """Return the pictures."""
    value = render_viewer(visit, _exact(visit, desk), language_of(visit))
    if visit.result is not None and desk.is_lost(visit.result.picture):
        del value["download"]
    return {view.viewer: value}


def show_result(view: View, visit: Visit, desk: Desk) -> Updates:
    """Return everything that shows the newest result."""
    say = language_of(visit)
    facts = render_facts(visit, say, example_note(visit, say), _made(visit, desk))
    if visit.result is not None and desk.is_lost(visit.result.picture):
        facts = alert(say("picture.lost", limit=desk.settings.shelf_megabytes)) + facts
    return {
        **show_viewer(view, visit, desk),
        view.facts: facts,
        **show_panels(view, visit, desk),
    }


def show_panels(view: View, visit: Visit, desk: Desk, *names: str) -> Updates:
    """Return the panels called `names`, all for none."""
    say = language_of(visit)
    return {view.panels[name]: PANELS[name](visit, desk, say) for name in names or PANELS}


def show_everything(view: View, visit: Visit, desk: Desk, texts: dict[Slot, str]) -> Updates:
    """Return the whole page, as after opening it or changing its language."""
    say = language_of(visit)
    updates = {
        view.header: render_header(say),
        view.footer: footer(desk, say),
        **show_task(view, visit),
        **show_sources(view, visit, desk),
        **show_result(view, visit, desk),
        **show_ending(view, visit),
    }
    for slot in SLOTS:
        updates |= show_author(view, visit, slot, texts[slot])
        updates[view.texts[slot]] = gr.update(label=say("text", letter=slot.upper()))
    for component, named in view.texts_in(say).items():
        updates[component] = {**named, **updates.get(component, {})}
    return updates


def grey_source(visit: Visit, desk: Desk) -> np.ndarray | None:
    """Return (H, W) uint8 at the result's size, the source that the explorer lies over.

    What is decoded here is a PNG that a worker wrote or that belongs to the repository.
    """
    result = visit.result
    if result is None or (result.attention is None and result.steering is None):
        return None
    if result.steering is not None:
        return np.rint(255 * np.clip(result.luminance - result.change, 0, 1)).astype(np.uint8)
    address = result.sources[visit.look.source].picture
    data = desk.picture(address)
    if data is None:
        return np.zeros((result.height, result.width), np.uint8)
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("L").resize((result.width, result.height)))


def example_note(visit: Visit, say: Language) -> str:
    """Return what is to be said about a precomputed example, "" for own images."""
    example = find_examples().get(visit.example)
    if example is None:
        return ""
    source = ", ".join(
        str(example.about[key]).rstrip(".")
        for key in ("source", "licence")
        if example.about.get(key)
    )
    return f"{say('example.shown', title=example.title)} {say('example.source', source=source)}"


def footer(desk: Desk, say: Language) -> str:
    """Return the foot of the page."""
    return (
        f'<footer class="subdued"><p>{say.html("source.rule")}</p>'
        f"<p>{say.html('footer.privacy', minutes=f'{desk.settings.idle_minutes:g}')}</p></footer>"
    )


def _made(visit: Visit, desk: Desk) -> dict[str, str]:
    """Return addresses of those sources of the result that exist nowhere but here."""
    sources = {} if visit.result is None else visit.result.sources
    return {
        source.name: desk.offer(
            visit, f"source {slot}", source.name, "image/png", partial(bytes, source.data)
        )
        for slot, source in sources.items()
        if source.made
    }


def _exact(visit: Visit, desk: Desk) -> str:
    result = visit.result
    if result is None or result.luminance is None:
        return ""
    name = download_name(result).replace(".png", "-luminance-16bit.png")
    return desk.offer(visit, "luminance", name, "image/png", partial(files.png_16, result))


def _metrics(visit: Visit, desk: Desk, say: Language) -> str:
    result, links = visit.result, {}
    if result is not None:
        stem = f"metrics-{result.task}-{result.number or 'example'}"
        for kind, media_type, make in (
            ("csv", "text/csv", files.metrics_csv),
            ("json", "application/json", files.metrics_json),
        ):
            name = f"{stem}.{kind}"
            made = partial(make, result, visit.earlier)
            links[name] = desk.offer(visit, f"metrics {kind}", name, media_type, made)
    under = None
    if result is not None and result.luminance is not None:
        under = np.rint(result.luminance * 255).astype(np.uint8)
    return render_metrics(visit, say, links, under)


def _attention(visit: Visit, desk: Desk, say: Language) -> str:
    result, links = visit.result, {}
    under = grey_source(visit, desk)
    if under is not None and result.steering is not None:
        look = visible(visit.look, result)
        name = f"word-maps-{result.task}-{result.number}.npz"
        make = partial(files.word_maps_npz, result)
        links[name] = desk.offer(visit, "attention npz", name, "application/zip", make)
        return render_word_maps(result, look, under, links, say)
    if under is not None:
        look = visible(visit.look, result)
        stem = f"attention-{result.task}-{result.number}"
        words = ", ".join(result.words[index].text for index in look.words)
        even = "gate.even" if look.gate else "attention.even"
        sayings = [
            (caption(result, look, words, language), language(even))
            for language in (say, load_language("en"))
        ]
        for kind, media_type in files.FIGURE_KINDS.items():
            make = partial(files.attention_figure, result, look, under, sayings, kind)
            name = f"{stem}.{kind}"
            links[name] = desk.offer(visit, f"attention {kind}", name, media_type, make)
        make = partial(files.attention_npz, result)
        name = f"{stem}.npz"
        links[name] = desk.offer(visit, "attention npz", name, "application/zip", make)
    example = find_examples().get(visit.example)
    known = example is not None and example.result is not None
    drawn = known and example.file("attention").is_file()
    sheet = f"example/{example.key}/attention.png" if drawn else ""
    return render_attention(visit, under, links, sheet, say)


def _study(visit: Visit, desk: Desk, say: Language) -> str:
    while visit.study.left:
        desk.take_away(visit.study.left.pop())
    return render_study(visit, studies.show(desk, visit), say)


def _batch(visit: Visit, desk: Desk, say: Language) -> str:
    batches.mark_lost(desk, visit)
    return render_batch(visit, desk.settings, batches.offers(desk, visit), say)


def _history(visit: Visit, desk: Desk, say: Language) -> str:
    lost = {result.number for result in visit.results if desk.is_lost(result.picture)}
    sentence = say("picture.lost", limit=desk.settings.shelf_megabytes)
    return render_history(visit, desk.settings.idle_minutes, say, dict.fromkeys(lost, sentence))


def _about(visit: Visit, desk: Desk, say: Language) -> str:
    from film_core.checkpoints import list_weights

    device = str(desk.fusing.status().about.get("device", ""))
    return render_about(list_weights(), device, desk.settings, say)


PANELS: dict[str, Callable[[Visit, Desk, Language], str]] = {
    "metrics": _metrics,
    "attention": _attention,
    "registration": lambda visit, desk, say: render_registration(visit, say),
    "study": _study,
    "batch": _batch,
    "history": _history,
    "about": _about,
}
"""The panels below the result, in the order of their tabs; names are also text keys."""
