"""A source field: the image or where to drop one, what it is, and what is wrong with it."""

from html import escape

from demo.language import Language
from demo.panels.markup import LETTERS, alert, letter
from demo.settings import Settings
from demo.state import Slot, Visit
from film_core.errors import FilmError
from film_core.tasks import TASKS

ACCEPT = (
    ".png,.jpg,.jpeg,.tif,.tiff,.bmp,.webp,image/png,image/jpeg,image/tiff,image/bmp,image/webp"
)


def render_source(
    visit: Visit, slot: Slot, settings: Settings, say: Language, lost: bool = False
) -> str:
    """Return the field of source `slot`; `lost` where its picture is no longer there."""
    source = visit.sources[slot]
    task = TASKS[visit.task]
    modality = say(f"modality.{(task.source_a if slot == 'a' else task.source_b).name}")
    error = visit.errors.get(slot)
    wrong = say.error(error) if isinstance(error, FilmError) else ""
    if lost and not wrong:
        wrong = say("picture.lost_source", limit=settings.shelf_megabytes)
    empty = source is None or lost
    inside = _empty(settings, say) if empty else _picture(visit, slot, say)
    facts, clear = "", ""
    if source is not None:
        kind = say("source.colour" if source.colour else "source.grey")
        size = say(
            "source.size", width=source.width, height=source.height, bits=source.bits, kind=kind
        )
        notes = "".join(f"<li>{escape(say.note(note))}</li>" for note in source.notes)
        facts = (
            f'<p class="drop-facts"><span class="drop-name">{escape(source.name)}</span> '
            f"{escape(size)}</p>" + (f'<ul class="notes">{notes}</ul>' if notes else "")
        )
        clear = (
            f'<button type="button" class="quiet" data-act="clear" '
            f'aria-label="{say.html("source.remove")} {LETTERS[slot]}">{say.html("source.remove")}'
            "</button>"
        )
    return f"""
<section class="drop {slot}" data-state="{"empty" if source is None else "filled"}"
    data-limit-bytes="{int(settings.max_megabytes * 1e6)}">
  <div class="drop-head">{letter(slot)}<h2>{escape(modality)}</h2>{clear}</div>
  <label class="drop-target">{inside}
    <input class="unseen" type="file" accept="{ACCEPT}"
      aria-label="{say.html("source.drop")} ({LETTERS[slot]}, {escape(modality)})">
    <span class="drop-progress"><i></i></span></label>
  {facts}{alert(wrong)}
</section>"""


def _empty(settings: Settings, say: Language) -> str:
    limits = say(
        "source.limits",
        megabytes=f"{settings.max_megabytes:g}",
        megapixels=f"{settings.max_megapixels:g}",
    )
    return (
        '<span class="drop-hint"><svg viewBox="0 0 32 32" aria-hidden="true">'
        '<path d="M16 21V8m0 0l-5 5m5-5l5 5M6 21v4a2 2 0 0 0 2 2h16a2 2 0 0 0 2-2v-4" fill="none" '
        'stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/>'
        f"</svg><b>{say.html('source.drop')}</b><small>{escape(limits)}</small></span>"
    )


def _picture(visit: Visit, slot: Slot, say: Language) -> str:
    source = visit.sources[slot]
    alt = say.html("source.alt", letter=LETTERS[slot], name=source.name)
    # Whoever comes with two images of their own must see where they go, also under an example.
    kind, what = ("own", "source.own") if visit.example else ("", "source.replace")
    return (
        f'<img src="{escape(source.picture)}" alt="{alt}">'
        f'<span class="drop-replace {kind}">{say.html(what)}</span>'
    )
