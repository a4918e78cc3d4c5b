"""Below the result: what the text changed, in grey levels, and where the time went."""

from html import escape

from demo.language import Language
from demo.panels.markup import downloads
from demo.reproducing import as_command, as_fragment
from demo.state import Moved, Result, Visit

INVISIBLE = 0.5  # mean grey levels of 255: a displayed 8-bit picture hardly changes below this
SLIGHT = 2.0
STRONG = 16.0  # grey levels by which a spot, or a region, stands out wherever it is


def render_facts(visit: Visit, say: Language, example_note: str, made: dict[str, str]) -> str:
    """Return the text's effect, notes, timings, and what makes the newest result again.

    Args:
        example_note: what is said of an example.
        made: addresses of sources that exist nowhere but here, by file name.
    """
    result = visit.result
    if result is None:
        return ""
    if result.number == 0:
        sentence = f'<p class="moved">{escape(example_note)}</p>'
    elif result.moved is None:
        sentence = f'<p class="moved">{say.html("result.moved_ask")}</p>'
    else:
        sentence = f'<p class="moved measured">{escape(moved_sentence(result.moved, say))}</p>'
    notes = "".join(f"<li>{escape(say.note(note))}</li>" for note in result.notes)
    steps = " · ".join(
        f"{escape(say.known(f'stage.{name}', name))} {seconds:.2f} s"
        for name, seconds in result.seconds.items()
    )
    facts = [
        (say("result.size", width=result.width, height=result.height), ""),
        (say("result.device"), result.device),
        (say("result.weights"), result.weights),
    ]
    listed = "".join(
        f"<li>{escape(name)} <b>{escape(value)}</b></li>" if value else f"<li>{escape(name)}</li>"
        for name, value in facts
    )
    # Those of an example were taken on another machine: here, they would be read as a promise.
    timings = f'<li class="steps">{steps}</li>' if steps and result.number else ""
    return (
        f'<div class="facts">{sentence}<ul class="factlist">{listed}{timings}</ul>'
        + (f'<ul class="notes">{notes}</ul>' if notes else "")
        + _again(result, made, say)
        + "</div>"
    )


def _again(result: Result, made: dict[str, str], say: Language) -> str:
    done = say.html("again.copied")
    rows = "".join(
        f'<div class="again-row"><span>{say.html(f"again.{what}")}</span>{code}'
        f'<button type="button" data-copies="again-{what}" data-done="{done}">'
        f"{say.html('again.copy')}</button></div>"
        for what, code in (
            ("link", f'<code id="again-link" data-fragment="{as_fragment(result.origin)}"></code>'),
            ("command", f'<code id="again-command">{escape(as_command(result))}</code>'),
        )
    )
    files = ""
    if made:
        files = f'<p class="downloads">{say.html("again.aligned")} {downloads(made)}</p>'
    return (
        f'<details class="again"><summary>{say.html("again")}</summary>'
        f'<p class="subdued">{say.html("again.sentence")}</p>{rows}{files}'
        '<p class="copied subdued" role="status"></p></details>'
    )


def moved_sentence(moved: Moved, say: Language) -> str:
    """Return what changing only the text did, as a number and in words."""
    number = say("result.moved", mean=grey_levels(moved.mean), largest=grey_levels(moved.largest))
    if moved.mean < INVISIBLE and moved.largest < 2 * SLIGHT:
        verdict = say("result.moved_nothing")
    elif moved.mean < SLIGHT and moved.largest < STRONG:
        verdict = say("result.moved_little")
    else:
        verdict = say("result.moved_visible")
    return f"{number} {verdict}"


def grey_levels(value: float) -> str:
    """Return a number of grey levels with as many digits as it takes to be honest about it."""
    if value == 0:
        return "0"
    if value < 0.0005:
        return f"{value:.1e}"
    return f"{value:.3f}" if value < 1 else f"{value:.1f}"
