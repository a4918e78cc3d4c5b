"""Filling in the descriptions, without ever overwriting what a visitor wrote."""

from collections.abc import AsyncIterator, Iterable

from demo.actions.showing import Updates, language_of, show_author
from demo.desk import Desk
from demo.state import SLOTS, Slot, Visit
from demo.view import View
from film_core.errors import FilmError


def look_at(visit: Visit, *slots: Slot) -> None:
    """Note that the texts of `slots` have been read: what `typed_since` tells begins now."""
    for slot in slots:
        visit.typed[slot] = None


def typed_since(visit: Visit, slot: Slot) -> str | None:
    """Return the visitor's own text that was written since `look_at`, None where there is none."""
    text = visit.typed[slot]
    return text if text is not None and is_edited(visit, slot, text) else None


def look_again(visit: Visit) -> None:
    """Look at both texts, but for one that an answer is under way to: its question still does."""
    look_at(visit, *(slot for slot in SLOTS if visit.questions[slot] is None))


def texts_by_now(visit: Visit, texts: dict[Slot, str]) -> dict[Slot, str]:
    """Return `texts` with what the visitor has written since `look_at`."""
    written = {slot: typed_since(visit, slot) for slot in SLOTS}
    return {slot: texts[slot] if own is None else own for slot, own in written.items()}


def awaited(visit: Visit) -> list[Slot]:
    """Return the sources whose descriptions are under way, but for those written meanwhile."""
    return [
        slot
        for slot in SLOTS
        if visit.questions[slot] is not None and typed_since(visit, slot) is None
    ]


def drop_questions(visit: Visit) -> None:
    """Let no description that is still under way arrive: other texts stand in the boxes now."""
    visit.questions.update(dict.fromkeys(SLOTS))


def is_edited(visit: Visit, slot: Slot, text: str) -> bool:
    """Whether `text` is the visitor's own, or of what they opened, not one that was filled in."""
    if visit.reopened is not None and text == visit.reopened.origin.text(slot):
        return True
    return bool(text.strip()) and hash(text) not in visit.filled


async def describe_unedited(
    view: View, visit: Visit, desk: Desk, texts: dict[Slot, str]
) -> AsyncIterator[Updates]:
    """Describe again every source whose description the visitor hasn't touched, or waits for."""
    expected = awaited(visit)
    slots = [s for s in SLOTS if s in expected or not is_edited(visit, s, texts[s])]
    async for updates in describe(view, visit, desk, slots, texts):
        yield updates


async def describe(
    view: View, visit: Visit, desk: Desk, slots: Iterable[Slot], texts: dict[Slot, str]
) -> AsyncIterator[Updates]:
    """Describe the sources `slots`, showing that it happens and then the texts.

    An answer is dropped where a newer question was put, or none is open any more.
    """
    say = language_of(visit)
    slots = [slot for slot in slots if visit.sources[slot] is not None]
    if not slots:
        return
    look_at(visit, *slots)
    questions = {slot: object() for slot in slots}
    visit.questions.update(questions)
    busy = f'<p class="subdued busy">{say.html("text.describing")}</p>'
    try:
        yield {view.authors[slot]: busy for slot in slots}
        async for updates in _answers(view, visit, desk, questions, texts):
            yield updates
    finally:  # also where the page has gone, or the sources were swapped
        for slot in SLOTS:
            if visit.questions[slot] in questions.values():
                visit.questions[slot] = None


async def _answers(
    view: View, visit: Visit, desk: Desk, questions: dict[Slot, object], texts: dict[Slot, str]
) -> AsyncIterator[Updates]:
    alone = "pair" in visit.errors and visit.errors["pair"] is not None
    for slot, question in questions.items():
        updates: Updates = {}
        source = visit.sources[slot]
        if source is None or visit.questions[slot] is not question:
            continue
        visit.errors[f"text_{slot}"] = None
        text = texts[slot]
        try:
            text, author, steps = await desk.describe(visit, slot, alone)
            if visit.sources[slot] is not source or visit.questions[slot] is not question:
                continue
            visit.fill(slot, text, author)
            visit.steps[slot] = steps
            own = typed_since(visit, slot)
            if own is None:
                updates[view.texts[slot]] = text
            else:
                text = own
        except FilmError as error:
            if visit.questions[slot] is not question:
                continue
            visit.errors[f"text_{slot}"] = error
        visit.questions[slot] = None
        yield {**updates, **show_author(view, visit, slot, text)}
