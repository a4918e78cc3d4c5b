"""Many pairs at once: what pairs with what, a table that fills, and everything in one zip."""

from html import escape
from typing import TYPE_CHECKING

from demo.batch import PairOfFiles, PairOutcome
from demo.language import Language
from demo.panels.markup import alert, downloads, letter
from demo.panels.progress import render_stage
from demo.panels.source import ACCEPT
from demo.settings import Settings
from demo.state import SLOTS, Visit
from film_core.errors import FilmError

if TYPE_CHECKING:
    from film_core.batch import Unpaired

_SHOWN_METRICS = ("VIFF", "Qabf", "SSIM")
_NUMBERS = len(_SHOWN_METRICS) + 1  # and the seconds


def render_batch(visit: Visit, settings: Settings, links: dict[str, str], say: Language) -> str:
    """Return the panel.

    Args:
        links: addresses of the batch's files, by file name.
    """
    error = visit.errors.get("batch")
    failed = alert(say.error(error)) if isinstance(error, FilmError) else ""
    task = visit.batch.about[0] if visit.batch.running else visit.task
    why = say.html("batch.why", task=say(f"task.{task}"))
    return f"""
<div class="batch" data-limit-bytes="{int(settings.max_megabytes * 1e6)}"
    data-limit-zip="{int(settings.batch_megabytes * 1e6)}">
  <div class="batch-ask"><p>{why}</p>{_fields(visit, settings, say)}{failed}
  {_choices(visit, say)}{_state(visit, say)}</div>
  {_table(visit, say)}{_left_out(visit, say)}
  <p class="downloads">{downloads(links)}</p>
</div>"""


def _fields(visit: Visit, settings: Settings, say: Language) -> str:
    asked = visit.batch
    disabled = "disabled" if asked.running else ""
    fields = [
        _field("zip", say.html("batch.zip"), "", ".zip,application/zip", disabled),
        *(
            _field(
                slot, f"{letter(slot)} {say.html('batch.images', letter=slot.upper())}",
                "multiple", ACCEPT, disabled,
            )
            for slot in SLOTS
        ),
    ]  # fmt: skip
    limits = say.html(
        "batch.limits", one=f"{settings.max_megabytes:g}", all=f"{settings.batch_megabytes:g}",
        pairs=settings.batch_pairs,
    )  # fmt: skip
    given = ""
    if asked.archive:
        given = escape(asked.archive_name)
    elif any(asked.files.values()):
        given = say.html("batch.given", a=len(asked.files["a"]), b=len(asked.files["b"]))
    clear = (
        f'<button type="button" class="quiet" data-choose="clear" {disabled}>'
        f"{say.html('batch.clear')}</button>"
    )
    return (
        f'<div class="choices">{"".join(fields)}</div><p class="subdued">{limits}</p>'
        f'<p class="batch-sending subdued" role="status" '
        f'data-text="{say.html("batch.sending")}"></p>'
        + (f'<p class="batch-given">{given} {clear}</p>' if given else "")
    )


def _field(side: str, text: str, multiple: str, accept: str, disabled: str) -> str:
    return (
        f'<label class="pick">{text}<input class="unseen" type="file" data-side="{side}" '
        f'accept="{accept}" {multiple} {disabled}></label>'
    )


def _choices(visit: Visit, say: Language) -> str:
    asked = visit.batch
    if not asked.pairs:
        return ""
    pressed = str(asked.own_texts).lower()
    disabled = "disabled" if asked.running else ""
    return (
        f'<div class="choices"><button type="button" data-choose="texts" aria-pressed="{pressed}" '
        f"{disabled}>{say.html('batch.own_texts')}</button>"
        f'<span class="subdued">'
        f"{say.html('batch.texts_own' if asked.own_texts else 'batch.texts_measured')}</span></div>"
    )


def _state(visit: Visit, say: Language) -> str:
    asked = visit.batch
    if not asked.pairs:
        return ""
    done, count = len(asked.outcomes), len(asked.pairs)
    if asked.running:
        here = done - asked.started
        share = here / (count - asked.started) if here else None
        bar = render_stage(
            say("batch.running", number=min(done + 1, count), count=count),
            share,
            asked.seconds,
            say,
        )
        stop = say.html("batch.stop")
        return (
            f'<div class="choices"><button type="button" data-choose="stop">{stop}</button></div>'
            f"{bar}"
        )
    key = "batch.carry_on" if 0 < done < count else "batch.start"
    summary = say.html("batch.pairs", count=count, left=len(asked.unpaired))
    if done:
        failed = sum(outcome.state == "failed" for outcome in asked.outcomes.values())
        summary = say.html("batch.summary", done=done - failed, failed=failed, count=count)
    return (
        f'<div class="choices"><button type="button" class="start" data-choose="start">'
        f'{say.html(key)}</button><span class="batch-summary">{summary}</span></div>'
    )


def _table(visit: Visit, say: Language) -> str:
    from film_core.metrics import METRICS

    asked = visit.batch
    if not asked.pairs:
        return ""
    heads = "".join(
        f'<th scope="col">{name} {"↑" if METRICS[name].higher_is_better else "↓"}</th>'
        for name in _SHOWN_METRICS
    )
    rows = "".join(_row(visit, pair, say) for pair in asked.pairs)
    first = "".join(
        f'<th scope="col">{say.html(f"batch.{name}")}</th>' for name in ("name", "picture", "state")
    )
    return (
        f'<div class="scroll metrics" tabindex="0" role="region" aria-label="{say.html("batch")}">'
        f'<table><thead><tr>{first}{heads}<th scope="col">{say.html("batch.seconds")}</th></tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    )


def _row(visit: Visit, pair: PairOfFiles, say: Language) -> str:
    outcome = visit.batch.outcomes.get(pair.name)
    files = f"<small>{escape(pair.a)}<br>{escape(pair.b)}</small>"
    if outcome is None:
        cells = f"<td></td><td>{say.html('batch.waiting')}</td>{'<td></td>' * _NUMBERS}"
    elif outcome.error is not None:
        reason = escape(say.error(outcome.error))
        cells = (
            f'<td></td><td class="failed" colspan="{_NUMBERS + 1}">'
            f"{say.html('batch.failed')}: {reason}</td>"
        )
    else:
        cells = _done(pair, outcome, say)
    return f'<tr><th scope="row">{escape(pair.name)}{files}</th>{cells}</tr>'


def _done(pair: PairOfFiles, outcome: PairOutcome, say: Language) -> str:
    from film_core.metrics import METRICS

    raw = outcome.facts["metrics"]["raw"]
    values = [(raw.get(name), METRICS[name].digits) for name in _SHOWN_METRICS]
    numbers = [*values, (outcome.facts["seconds"], 1)]
    cells = "".join(
        f"<td>{'' if value is None else f'{value:.{digits}f}'}</td>" for value, digits in numbers
    )
    alt = say.html("batch.alt", name=pair.name)
    return (
        f'<td><img src="{escape(outcome.picture)}" alt="{alt}" loading="lazy"></td>'
        f"<td>{say.html('batch.done')}</td>{cells}"
    )


def _left_out(visit: Visit, say: Language) -> str:
    listed = visit.batch.unpaired
    if not listed:
        return ""
    items = "".join(f"<li>{escape(_reason(one, say))}</li>" for one in listed[:200])
    return (
        f"<details open><summary>{say.html('batch.left_out', count=len(listed))}</summary>"
        f'<ul class="notes">{items}</ul></details>'
    )


def _reason(one: "Unpaired", say: Language) -> str:
    return say.known(f"unpaired.{one.code}", one.sentence).format(path=one.path, **one.values)
