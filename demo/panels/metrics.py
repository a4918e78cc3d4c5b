"""The metrics table: arrows, ranges and explanations all come from the metrics' own metadata."""

import math
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from demo.heat import draw
from demo.language import Language
from demo.panels.markup import alert, choices, downloads, scale_bar, tip
from demo.state import Visit
from film_core.errors import FilmError

if TYPE_CHECKING:
    from film_core.metrics import Metric

FUSED = "fused"
RIVALS = ("mean", "maximum", "pyramid")  # rules that a network has to beat; sources are no rivals


def render_metrics(
    visit: Visit, say: Language, links: dict[str, str], under: np.ndarray | None
) -> str:
    """Return the table of the newest result, and where a metric is lost.

    Args:
        links: addresses of the table as files, by file name.
        under: (H, W) uint8, the fused picture in grey; None for a precomputed example.
    """
    from film_core.metrics import METRICS

    result, form = visit.result, visit.form
    if result is None:
        return f'<p class="subdued">{say.html("metrics.none")}</p>'
    columns = {FUSED: result.metrics[form]}
    known = sorted(result.comparison, key=lambda name: name in RIVALS)  # the sources first
    columns |= {name: result.comparison[name][form] for name in known}
    titles = {name: say.known(f"metrics.{name}", name) for name in columns}
    told = dict.fromkeys(columns, "")
    for other in visit.earlier:
        name = other.column
        columns[name] = other.metrics[form]
        titles[name] = say("result.number", number=other.number)
        told[name] = " | ".join(
            text for text in (other.weights, other.text_a, other.text_b, other.instruction) if text
        )
    heads = "".join(
        f'<th scope="col" class="{"own" if name == FUSED else ""}" title="{escape(told[name])}">'
        f"{escape(title)}</th>"
        for name, title in titles.items()
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
  <p class="downloads">{downloads(links)}</p>
  {_losses(visit, under, say)}
</div>"""


def _losses(visit: Visit, under: np.ndarray | None, say: Language) -> str:
    from film_core.metrics import METRICS

    if under is None:
        return ""
    local = visit.local if visit.local and visit.local.result == visit.result.number else None
    names = [name for name, metric in METRICS.items() if metric.local_map is not None]
    options = [("none", say("metrics.local_none")), *((name, name) for name in names)]
    picker = choices(say("metrics.local"), options, local.metric if local else "none", "local")
    error = visit.errors.get("local")
    failed = alert(say.error(error)) if isinstance(error, FilmError) else ""
    if local is None:
        return f'<div class="panel-head">{picker}</div>{failed}'
    metric = METRICS[local.metric]
    heat = draw(local.values, under, visit.look.colours, 75)
    sentence = say.known(f"metric.{metric.name}.local", metric.local_map.sentence)
    alt = say("metrics.local_alt", name=metric.name)
    bar = scale_bar(heat.gradient, f"{heat.low:.2f}", f"{heat.high:.2f}", alt)
    return f"""<div class="panel-head">{picker}</div>
<figure class="loss"><div class="attention-map"><img src="{heat.png}" alt="{escape(alt)}"></div>
<figcaption>{bar}<p class="subdued">{escape(sentence)}</p></figcaption></figure>"""


def _name(metric: "Metric", say: Language) -> str:
    better = say.html("metrics.higher" if metric.higher_is_better else "metrics.lower")
    arrow = "↑" if metric.higher_is_better else "↓"
    lines = [f"<b>{escape(metric.long_name)}</b>"]
    lines.append(escape(say.known(f"metric.{metric.name}.sentence", metric.sentence)))
    bounds = say.known(f"metric.{metric.name}.range", f"{metric.range_text} {metric.unit}".strip())
    lines.append(f"{arrow} {better}; {escape(bounds)}")
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
        known = say.known(f"metric.{metric.name}.undefined", metric.undefined)
        why = escape(known or say("metrics.undefined_why"))
        text = say("metrics.undefined") if math.isnan(value) else "∞"
        return f'<td class="{kind}" title="{why}">{text}</td>'
    mark = f'<span class="unseen">{say.html("metrics.best")}</span>' if best else ""
    return f'<td class="{kind}">{value:.{metric.digits}f}{mark}</td>'
