"""The metrics table: arrows, ranges and explanations all come from the metrics' own metadata."""

import math
from html import escape
from typing import TYPE_CHECKING

from demo.language import Language
from demo.panels.markup import choices, tip
from demo.state import Visit

if TYPE_CHECKING:
    from film_core.metrics import Metric

FUSED = "fused"
RIVALS = ("mean", "maximum", "pyramid")  # rules that a network has to beat; sources are no rivals


def render_metrics(visit: Visit, form: str, say: Language) -> str:
    """Return the table of the newest result in `form` ("raw" or "paper")."""
    from film_core.metrics import METRICS

    result = visit.result
    if result is None:
        return f'<p class="subdued">{say.html("metrics.none")}</p>'
    columns = {FUSED: result.metrics[form]}
    columns |= {name: values[form] for name, values in result.comparison.items()}
    heads = "".join(
        f'<th scope="col" class="{"own" if name == FUSED else ""}">'
        f"{escape(say.known(f'metrics.{name}', name))}</th>"
        for name in columns
    )
    rows = []
    for name, metric in METRICS.items():
        values = {column: table.get(name, math.nan) for column, table in columns.items()}
        best = _best(values, metric.higher_is_better)
        cells = "".join(
            _cell(metric, value, column == FUSED, column in best, say)
            for column, value in values.items()
        )
        rows.append(f'<tr><th scope="row">{_name(metric, say)}</th>{cells}</tr>')
    picker = choices(
        say("metrics.form"), [(f, say(f"metrics.{f}")) for f in ("raw", "paper")], form, "form"
    )
    return f"""
<div class="metrics">
  <div class="panel-head">{picker}
    <p class="subdued">{say.html(f"metrics.{form}.sentence")}</p></div>
  <div class="scroll" tabindex="0" role="region" aria-label="{say.html("metrics")}">
  <table><thead><tr><th scope="col">{say.html("metrics.name")}</th>{heads}</tr></thead>
  <tbody>{"".join(rows)}</tbody></table></div>
  <p class="subdued">{say.html("metrics.explain")}</p>
</div>"""


def _name(metric: "Metric", say: Language) -> str:
    better = say.html("metrics.higher" if metric.higher_is_better else "metrics.lower")
    arrow = "↑" if metric.higher_is_better else "↓"
    lines = [f"<b>{escape(metric.long_name)}</b>"]
    lines.append(escape(say.known(f"metric.{metric.name}.sentence", metric.sentence)))
    unit = f" {metric.unit}" if metric.unit else ""
    lines.append(f"{arrow} {better}; {escape(metric.range_text + unit)}")
    if metric.rewards_wrongly:
        wrongly = say.known(f"metric.{metric.name}.wrongly", metric.rewards_wrongly)
        lines.append(say.html("metrics.rewards_wrongly", sentence=wrongly))
    if metric.source:
        lines.append(f"<i>{escape(metric.source)}</i>")
    explained = tip(metric.name, "<br>".join(lines), f"tip-{escape(metric.name)}")
    return f'{explained} <span class="arrow" role="img" aria-label="{better}">{arrow}</span>'


def _best(values: dict[str, float], higher: bool) -> set[str]:
    rivals = {
        column: value
        for column, value in values.items()
        if column in (FUSED, *RIVALS) and math.isfinite(value)
    }
    if len(rivals) < 2:
        return set()
    top = max(rivals.values()) if higher else min(rivals.values())
    return {column for column, value in rivals.items() if math.isclose(value, top, rel_tol=1e-4)}


def _cell(metric: "Metric", value: float, own: bool, best: bool, say: Language) -> str:
    kind = " ".join(name for name, wanted in (("own", own), ("best", best)) if wanted)
    if not math.isfinite(value):
        why = escape(metric.undefined) or say.html("metrics.undefined_why")
        text = say("metrics.undefined") if math.isnan(value) else "∞"
        return f'<td class="{kind}" title="{why}">{text}</td>'
    mark = f'<span class="unseen">{say.html("metrics.best")}</span>' if best else ""
    return f'<td class="{kind}">{value:.{metric.digits}f}{mark}</td>'
