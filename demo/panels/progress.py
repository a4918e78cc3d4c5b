"""What is happening now, how far it is, and what came of it."""

import re
from html import escape

from demo.language import Language
from demo.state import Ending
from demo.worker.job import JobEvent
from film_core.errors import Cancelled, FilmError


def render_progress(event: JobEvent, seconds: float, say: Language) -> str:
    """Return the progress of a job that waits or runs, `seconds` after it was asked for."""
    if event.kind == "queued":
        if event.stage:
            sentence = f"{say('progress.queued_start')}: {stage_name(event, say)}"
        elif event.place:
            sentence = say("progress.queued", place=event.place)
            if event.wait is not None and event.wait >= 1:
                sentence += " " + say("progress.wait", seconds=f"{event.wait:.0f}")
        else:
            sentence = say("progress.sending")
    elif event.stage == "again":
        sentence = say("progress.again", detail=event.detail)
    else:
        sentence = stage_name(event, say)
    return render_stage(sentence, event.fraction, seconds, say)


def render_stage(sentence: str, fraction: float | None, seconds: float, say: Language) -> str:
    """Return a sentence with a bar; a bar that wanders where `fraction` is None."""
    known = fraction is not None
    percent = round(100 * max(0.0, min(1.0, fraction))) if known else 0
    left = ""
    if known and fraction > 0.05 and seconds > 2:
        rest = seconds * (1 - fraction) / fraction
        left = say("progress.left", seconds=f"{rest:.0f}")
    elif seconds >= 1:
        left = say("progress.elapsed", seconds=f"{seconds:.0f}")
    values = f'aria-valuenow="{percent}"' if known else ""
    return (
        f'<div class="progress" data-state="running"><p role="status">{escape(sentence)}'
        f'<span class="progress-time">{escape(left)}</span></p>'
        f'<div class="bar" data-known="{str(known).lower()}" role="progressbar" aria-valuemin="0" '
        f'aria-valuemax="100" {values} aria-label="{escape(sentence)}">'
        f'<i style="width:{percent if known else 30}%"></i></div></div>'
    )


def render_end(sentence: str, state: str = "done", to_result: str = "") -> str:
    """Return how it ended: `state` is "done", "note" or "failed".

    Args:
        to_result: words of a link to the result, for screens on which it isn't in sight.
    """
    role = "alert" if state == "failed" else "status"
    link = f'<a class="to-result" href="#work">{escape(to_result)}</a>' if to_result else ""
    return (
        f'<div class="progress" data-state="{state}"><p role="{role}">{escape(sentence)}{link}</p>'
        "</div>"
    )


def render_failure(error: FilmError, say: Language) -> str:
    """Return why there is no result; a cancel is no failure."""
    if isinstance(error, Cancelled):
        return render_end(say("progress.cancelled"), "note")
    return render_end(say.error(error), "failed")


def render_ending(ending: Ending, say: Language) -> str:
    """Return how the last fusion ended, in the language `say`."""
    if ending.error is not None:
        return render_failure(ending.error, say)
    link = say("progress.see") if ending.linked else ""
    return render_end(say(ending.key, **ending.values), ending.state, link)


def stage_name(event: JobEvent, say: Language) -> str:
    """Return the name of a stage in the visitor's language, with its detail."""
    name = say.known(f"stage.{event.stage}", event.stage)
    detail = stage_detail(event.stage, event.detail, say)
    return f"{name} ({detail})" if detail else name


def stage_detail(stage: str, detail: str, say: Language) -> str:
    """Return more about a stage: in the visitor's language with its numbers, or a name as it is."""
    template = say.known(f"detail.{stage}", "")
    numbers = re.findall(r"\d+", detail)
    if not detail or template.count("{}") > len(numbers):
        return detail
    return template.format(*numbers) if template else detail
