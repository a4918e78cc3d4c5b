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


def is_edited(visit: Visit, slot: Slot, text: str) -> bool:
    """Whether `text` is the visitor's own, or of what they opened, not one that was filled in."""
    if visit.reopened is not None and text == visit.reopened.origin.text(slot):
        return True
    return bool(text.strip()) and hash(text) not in visit.filled


async def describe_unedited(
    view: View, visit: Visit, desk: Desk, texts: dict[Slot, str]
) -> AsyncIterator[Updates]:
    """Describe again every source whose description the visitor hasn't touched."""
    slots = [slot for slot in SLOTS if not is_edited(visit, slot, texts[slot])]
    async for updates in describe(view, visit, desk, slots, texts):
        yield updates


async def describe(
    view: View, visit: Visit, desk: Desk, slots: Iterable[Slot], texts: dict[Slot, str]
) -> AsyncIterator[Updates]:
    """Describe the sources `slots`, showing that it happens and then the texts."""
    say = language_of(visit)
    slots = [slot for slot in slots if visit.sources[slot] is not None]
    if not slots:
        return
    yield {
        view.authors[s]: f'<p class="subdued busy">{say.html("text.describing")}</p>' for s in slots
    }
    look_at(visit, *slots)
    alone = "pair" in visit.errors and visit.errors["pair"] is not None
    for slot in slots:
        updates: Updates = {}
        source = visit.sources[slot]
        if source is None:
            continue
        visit.errors[f"text_{slot}"] = None
        text = texts[slot]
        try:
            text, author = await desk.describe(visit, slot, alone)
            if visit.sources[slot] is not source:  # replaced meanwhile; its own text is on its way
                continue
            visit.fill(slot, text, author)
            own = typed_since(visit, slot)
            if own is None:
                updates[view.texts[slot]] = text
            else:
                text = own
        except FilmError as error:
            visit.errors[f"text_{slot}"] = error
        yield {**updates, **show_author(view, visit, slot, text)}
