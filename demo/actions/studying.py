"""The prompt study: putting it together, running it row by row, stopping and carrying on."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace

from demo import studies
from demo.actions.running import at_work, wire_work
from demo.desk import Desk
from demo.state import SLOTS, Visit
from demo.study import MOST_TEXTS
from demo.view import View


def wire(view: View, desk: Desk) -> None:
    """Connect the buttons of the study panel."""
    wire_work(
        view, desk, "study", lambda visit: visit.study, lambda visit: visit.pair is not None,
        _run, _change,
    )  # fmt: skip


def _change(visit: Visit, desk: Desk, what: str, value: str) -> None:
    """Change what is to be asked; a choice that isn't one of the panel's changes nothing."""
    asked = visit.study
    if what == "words":
        asked.words = not asked.words
    elif what == "controls":
        asked.controls = not asked.controls
    elif what == "remove":
        slot, _, text = value.partition(":")
        asked.yours[:] = [yours for yours in asked.yours if yours != (slot, text)]
    elif what == "add":
        slot, _, text = value.partition(":")
        text = "".join(c for c in text if c != "\0" and not "\ud800" <= c <= "\udfff")
        text = " ".join(text.split())[: desk.settings.max_characters]
        new = slot in SLOTS and text and (slot, text) not in asked.yours
        if new and len(asked.yours) < MOST_TEXTS:
            asked.yours.append((slot, text))


async def _run(
    visit: Visit, desk: Desk, text_a: str, text_b: str, _told: str
) -> AsyncIterator[None]:
    """Compute what is missing row by row; yields where the panel should be drawn again."""
    asked, began = visit.study, time.monotonic()
    asked.number = 0
    about = (*visit.pair, text_a, text_b)
    fixed = replace(visit, sources=dict(visit.sources))  # every row is of what is chosen now
    if asked.about != about:
        asked.forget()
        asked.about = about
    with at_work(visit, "study", asked):
        yield
        empty, variants = await studies.plan(desk, fixed, text_a, text_b)
        kept = {} if asked.study is None else {row.variant: row for row in asked.study.rows}
        for number, variant in enumerate(variants, 1):
            if variant in kept:
                continue
            if asked.stopping or asked.about != about:
                break
            rows = [kept[one] for one in variants if one in kept]
            asked.study = replace(empty, rows=rows)
            asked.number, asked.seconds = number, time.monotonic() - began
            yield
            kept[variant] = await studies.row(desk, fixed, variant)
        if asked.about == about:
            asked.study = replace(empty, rows=[kept[one] for one in variants if one in kept])
    yield
