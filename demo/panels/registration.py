"""Do the two sources lie on each other? Four ways to see it, and a measurement."""

from html import escape

from demo.language import Language
from demo.panels.markup import alert
from demo.state import Visit
from film_core.errors import FilmError

MODES = ("overlay", "difference", "checkerboard", "blink")
NOTICEABLE = 1.5  # pixels of mean displacement from which edges double


def render_registration(visit: Visit, say: Language, busy: str = "") -> str:
    """Return the panel; `busy` names the step that is running, "" for none."""
    if visit.pair is None:
        return f'<p class="subdued">{say.html("registration.none")}</p>'
    a, b = visit.sources["a"], visit.sources["b"]
    modes = "".join(
        f'<button type="button" data-mode="{mode}">{say.html(f"registration.{mode}")}</button>'
        for mode in MODES
    )
    error = visit.errors.get("registration")
    failed = alert(say.error(error)) if isinstance(error, FilmError) else ""
    return f"""
<div class="registration" data-mode="overlay">
  <div class="panel-head"><div class="choices" role="group"
    aria-label="{say.html("registration.view")}"><span class="choices-label">
    {say.html("registration.view")}</span>{modes}</div></div>
  <div class="reg-stage" style="aspect-ratio:{a.width}/{a.height}">
    <img src="{escape(a.picture)}" alt="{say.html("result.alt_source", letter="A")}">
    <img class="top" src="{escape(b.picture)}" alt="{say.html("result.alt_source", letter="B")}">
  </div>
  <div class="reg-side"><p>{say.html("registration.why")}</p>
  {_finding(visit, say)}{failed}{_buttons(visit, busy, say)}</div>
</div>"""


def _finding(visit: Visit, say: Language) -> str:
    found = visit.registration
    if visit.unaligned is not None:
        done = say.html("registration.aligned", percent=f"{100 * visit.lost:.1f}")
        return f'<p class="moved measured">{done}</p>'
    if found is None:
        return ""
    if not found.certain:
        text = say("registration.uncertain", agreement=f"{found.agreement_aligned:.2f}")
        return f'<p class="moved">{escape(text)}</p>'
    values = {
        "pixels": f"{found.displacement:.1f}",
        "dx": f"{found.dx:+.1f}",
        "dy": f"{found.dy:+.1f}",
        "rotation": f"{found.rotation:+.2f}",
        "scale": f"{found.scale:.4f}",
        "before": f"{found.agreement:.2f}",
        "after": f"{found.agreement_aligned:.2f}",
    }
    apart = found.displacement >= NOTICEABLE
    key = "registration.apart" if apart else "registration.together"
    return (
        f'<p class="moved {"warn" if apart else "measured"}">{say.html(key, **values)}</p>'
        f'<p class="subdued">{say.html("registration.numbers", **values)}</p>'
    )


def _buttons(visit: Visit, busy: str, say: Language) -> str:
    found = visit.registration
    wanted = ["undo"] if visit.unaligned is not None else ["measure"]
    if visit.unaligned is None and found is not None and found.certain and found.displacement > 0:
        wanted.append("align")
    buttons = "".join(
        f'<button type="button" data-choose="{name}" {"disabled" if busy else ""}>'
        f"{say.html(f'registration.{name}')}</button>"
        for name in wanted
    )
    running = f'<span class="subdued busy">{say.html("registration.busy")}</span>' if busy else ""
    return f'<div class="choices">{buttons}{running}</div>'
