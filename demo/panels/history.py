"""The results of this visit: look again, go back to one, compare any two, remove."""

import time
from collections.abc import Mapping
from html import escape
from types import MappingProxyType

from demo.language import Language
from demo.panels.facts import grey_levels
from demo.state import Result, Visit

_TEXT_SHOWN = 140


def render_history(
    visit: Visit, minutes: float, say: Language, lost: Mapping[int, str] = MappingProxyType({})
) -> str:
    """Return the visit's results, newest first; they are kept `minutes` after the page closed.

    Args:
        lost: what is said instead of a picture that is no longer there, by the result's number.
    """
    if not visit.results:
        return f'<p class="subdued">{say.html("history.none")}</p>'
    cards = "".join(
        _card(result, visit, say, lost.get(result.number, "")) for result in reversed(visit.results)
    )
    leaves = say.html("history.leaves", minutes=f"{minutes:g}")
    return f'<p class="subdued">{leaves}</p><ol class="history">{cards}</ol>'


def _card(result: Result, visit: Visit, say: Language, lost: str) -> str:
    shown = visit.result is not None and visit.result.number == result.number
    against = visit.against == result.number
    actions = [] if shown else ["restore", "compare"]
    buttons = "".join(
        f'<button type="button" data-choose="{action}:{result.number}" '
        f'aria-pressed="{"true" if action == "compare" and against else "false"}">'
        f"{say.html(f'history.{action}')}</button>"
        for action in [*actions, "remove"]
    )
    raw = result.metrics["raw"]
    values = " · ".join(f"{name} {raw[name]:.3f}" for name in ("VIFF", "Qabf", "SSIM"))
    moved = ""
    if result.moved is not None:
        moved = say("history.moved", mean=grey_levels(result.moved.mean), since=result.moved.since)
    title = f"{say('result.number', number=result.number)} · {say(f'task.{result.task}')}"
    made = time.strftime("%H:%M:%S", time.gmtime(result.made))
    texts = "".join(
        f'<p class="subdued"><b class="{slot}">{slot.upper()}</b> {escape(_short(text))}</p>'
        for slot, text in (("a", result.text_a), ("b", result.text_b))
    )
    if result.instruction:
        told = f"<b>{say.html('instruction')}</b> {escape(_short(result.instruction))}"
        texts += f'<p class="subdued">{told}</p>'
    state = f'<span class="now">{say.html("history.shown")}</span>' if shown else ""
    picture = (
        f'<p class="subdued">{escape(lost)}</p>'
        if lost
        else f'<img src="{escape(result.picture)}" '
        f'alt="{say.html("result.alt_fused")} {result.number}" loading="lazy">'
    )
    return f"""<li class="card" data-shown="{str(shown).lower()}">
{picture}<div><h3>{escape(title)} {state}</h3>
<p class="subdued">{made} UTC · {escape(result.weights)} · {escape(values)}</p>
{texts}<p class="subdued">{escape(moved)}</p><div class="choices">{buttons}</div></div></li>"""


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _TEXT_SHOWN else f"{plain[:_TEXT_SHOWN]}…"
