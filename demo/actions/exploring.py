"""Looking closer at a result: the metrics' form, the attention maps."""

from dataclasses import replace

import gradio as gr

from demo.actions.connecting import connect
from demo.actions.events import choice_of
from demo.actions.showing import Updates, show_panels
from demo.desk import Desk
from demo.heat import COLOURS
from demo.panels.attention import HEADS, MOST_WORDS, STAGES
from demo.state import SLOTS, LocalLoss, Look, Visit
from demo.view import View
from film_core.errors import FilmError
from film_core.metrics import FORMS, METRICS


def wire(view: View, desk: Desk) -> None:
    """Connect the choices inside the panels."""

    async def metrics_chosen(visit: Visit, event: gr.EventData) -> Updates:
        what, _, chosen = choice_of(event).partition(":")
        if what == "form" and chosen in FORMS:
            visit.form = chosen
        elif what == "local" and visit.result is not None:
            visit.local, visit.errors["local"] = None, None
            if chosen in METRICS and METRICS[chosen].local_map and visit.result.number:
                await _measure_loss(visit, desk, chosen)
        return show_panels(view, visit, desk, "metrics")

    def look_chosen(visit: Visit, event: gr.EventData) -> Updates:
        visit.look = look_after(visit.look, choice_of(event))
        return show_panels(view, visit, desk, "attention")

    metrics, attention = view.panels["metrics"], view.panels["attention"]
    connect(metrics, "choose", metrics_chosen, [view.visit], [metrics])
    connect(attention, "choose", look_chosen, [view.visit], [attention])


async def _measure_loss(visit: Visit, desk: Desk, metric: str) -> None:
    number = visit.result.number
    try:
        values = await desk.local_map(visit, metric)
    except FilmError as error:
        visit.errors["local"] = error
    else:
        if visit.result is not None and visit.result.number == number:
            visit.local = LocalLoss(metric, number, values)


def look_after(look: Look, choice: str) -> Look:
    """Return `look` after a choice such as "stage:1", "head:mean" or "word:17".

    A choice that isn't one of the panel's leaves it as it is: it can come from anywhere.
    """
    what, _, value = choice.partition(":")
    number = int(value) if value.isdecimal() and len(value) < 6 else None
    if what == "stage" and number in range(1, STAGES + 1):
        return replace(look, stage=number)
    if what == "source" and value in SLOTS:
        return replace(look, source=value)
    if what == "head" and (value == "mean" or number in range(1, HEADS + 1)):
        return replace(look, head=number)
    if what == "word" and value == "mean":
        return replace(look, words=())
    if what == "word" and number is not None:
        return replace(look, words=_words_after(look, number))
    if what == "several" and value in ("on", "off"):
        return replace(look, several=value == "on", words=look.words[-1:])
    if what == "show" and value in ("words", "gate"):
        return replace(look, gate=value == "gate")
    if what == "colours" and value in COLOURS:
        return replace(look, colours=value)
    if what == "strength" and number is not None and number <= 100:
        return replace(look, strength=number)
    return look


def _words_after(look: Look, word: int) -> tuple[int, ...]:
    """Return the words that are shown after `word` was pressed."""
    if not look.several:
        return (word,)
    if word in look.words:
        return tuple(other for other in look.words if other != word)
    return (*look.words, word)[-MOST_WORDS:]
