"""Opening a saved result: what came back with it, and which two images it still needs."""

from html import escape

from demo.language import Language
from demo.panels.markup import alert, letter
from demo.settings import Settings
from demo.state import SLOTS, Slot, Visit
from film_core.errors import FilmError
from film_core.tasks import TASKS

_DIGITS = 12  # of a SHA-256, as many as anybody compares


def render_reopened(visit: Visit, settings: Settings, say: Language) -> str:
    """Return where a saved result can be opened, and what is still missing for the open one."""
    error = visit.errors.get("reopened")
    failed = alert(say.error(error)) if isinstance(error, FilmError) else ""
    return f"""
<div class="reopen" data-limit-bytes="{int(settings.max_megabytes * 1e6)}">
  <label class="quiet-pick">{say.html("reopen")}<input class="unseen" type="file"
    accept=".png,image/png"></label>{failed}{_needs(visit, say)}
</div>"""


def _needs(visit: Visit, say: Language) -> str:
    opened = visit.reopened
    if opened is None:
        return ""
    title = say.html("reopen.file", name=opened.name) if opened.name else say.html("reopen.link")
    states = {slot: _state(visit, slot) for slot in SLOTS}
    lines = "".join(
        f'<li data-state="{state}">{letter(slot)}<span>{_sentence(visit, slot, state, say)}</span>'
        "</li>"
        for slot, state in states.items()
    )
    ready = all(state == "here" for state in states.values())
    done = f"<p>{say.html('reopen.ready')}</p>" if ready else ""
    other = ""
    if opened.weights != opened.origin.weights:
        other = say("reopen.weights", made=opened.origin.weights, here=opened.weights)
        other = f'<p class="moved warn">{escape(other)}</p>'
    forget = say.html("reopen.forget")
    return (
        f'<div class="reopened" role="status"><p>{title}</p><ul>{lines}</ul>{done}{other}'
        f'<button type="button" class="quiet" data-choose="forget">{forget}</button></div>'
    )


def _state(visit: Visit, slot: Slot) -> str:
    source, origin = visit.sources[slot], visit.reopened.origin
    if source is None:
        return "missing"
    if source.digest == origin.digest(slot):
        return "here"
    return "swapped" if source.digest == origin.digest("b" if slot == "a" else "a") else "other"


def _sentence(visit: Visit, slot: Slot, state: str, say: Language) -> str:
    task = TASKS[visit.reopened.origin.task]
    modality = say(f"modality.{(task.source_a if slot == 'a' else task.source_b).name}")
    digest = visit.reopened.origin.digest(slot)[:_DIGITS]
    return say.html(f"reopen.{state}", modality=modality, digest=digest)
