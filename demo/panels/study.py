"""Did the text do anything? One answer with its number, and everything that it rests on."""

from html import escape
from typing import TYPE_CHECKING

from demo.heat import gradient
from demo.language import Language
from demo.panels.markup import alert, downloads, letter, scale_bar
from demo.panels.network import CHIPS
from demo.panels.progress import render_stage
from demo.state import SLOTS, Visit
from demo.study import MOST_TEXTS
from film_core.errors import FilmError

if TYPE_CHECKING:
    from film_core.study import Row, Study, Variant

COLOURS = "magma"


def render_study(visit: Visit, links: dict[str, str], say: Language) -> str:
    """Return the panel.

    Args:
        links: addresses of the study's files, by file name.
    """
    if visit.pair is None:
        return f'<p class="subdued">{say.html("study.none")}</p>'
    asked = visit.study
    error = visit.errors.get("study")
    failed = alert(say.error(error)) if isinstance(error, FilmError) else ""
    study = asked.study
    rows = study is not None and len(study.rows) > 0
    return f"""
<div class="study">
  <div class="study-ask"><p>{say.html("study.why")}{_network(visit, say)}</p>
  {_yours(visit, say)}{_switches(visit, say)}{_buttons(visit, say)}{failed}</div>
  {_answer(study, asked.running, say) if rows else ""}
  {_cards(visit, study, say) if rows else ""}
  {_words(study, say) if rows else ""}
  {_table(study, say) if rows else ""}
  <p class="downloads">{downloads(links)}</p>
</div>"""


def _network(visit: Visit, say: Language) -> str:
    """Say which network is studied, where the visitor has chosen the other one."""
    return f" <strong>{say.html('study.network')}</strong>" if visit.network == "steer" else ""


def label(variant: "Variant", say: Language) -> str:
    """Return what a row is called in the visitor's language."""
    if variant.kind == "yours":
        return variant.name
    return say(f"study.kind.{variant.kind}", name=variant.name)


def _yours(visit: Visit, say: Language) -> str:
    asked = visit.study
    listed = "".join(
        f"<li>{letter(slot)} <span>{escape(text)}</span>"
        f'<button type="button" class="quiet" data-choose="remove:{slot}:{escape(text)}" '
        f'aria-label="{say.html("study.remove_this", text=text)}" {_disabled(asked.running)}>'
        f"{say.html('study.remove')}</button></li>"
        for slot, text in asked.yours
    )
    if asked.running or len(asked.yours) >= MOST_TEXTS:
        form = ""
    else:
        options = "".join(
            f'<option value="{slot}">{say.html("study.instead", letter=slot.upper())}</option>'
            for slot in SLOTS
        )
        form = (
            f'<div class="study-add"><select aria-label="{say.html("study.which")}">{options}'
            f'</select><input type="text" aria-label="{say.html("study.text")}" '
            f'placeholder="{say.html("study.text")}"><button type="button" class="add">'
            f"{say.html('study.add')}</button></div>"
        )
    chips = "".join(
        f'<button type="button" lang="en" data-choose="add:a:{escape(phrase)}">{escape(phrase)}'
        "</button>"
        for phrase in CHIPS[visit.task]
        if form and ("a", phrase) not in asked.yours
    )
    if chips:
        form += (
            f'<div class="chips" role="group" aria-label="{say.html("study.chips")}">'
            f'<span class="choices-label">{say.html("study.chips")}</span>{chips}</div>'
        )
    return f'<ul class="study-yours">{listed}</ul>{form}'


def _switches(visit: Visit, say: Language) -> str:
    asked = visit.study
    buttons = "".join(
        f'<button type="button" data-choose="{name}" aria-pressed="{str(on).lower()}" '
        f"{_disabled(asked.running)}>{say.html(f'study.{name}')}</button>"
        for name, on in (("words", asked.words), ("controls", asked.controls))
    )
    return (
        f'<div class="choices" role="group" aria-label="{say.html("study.compare")}">'
        f'<span class="choices-label">{say.html("study.compare")}</span>{buttons}</div>'
    )


def _buttons(visit: Visit, say: Language) -> str:
    asked, study = visit.study, visit.study.study
    if asked.running:
        planned = study.planned if study is not None else 0
        fraction = (asked.number - 1) / planned if planned and asked.number else None
        sentence = (
            say("study.running", number=asked.number, count=planned)
            if planned
            else say("study.planning")
        )
        return (
            f'<div class="choices"><button type="button" data-choose="stop">'
            f"{say.html('study.stop')}</button></div>"
            f"{render_stage(sentence, fraction, asked.seconds, say)}"
        )
    started = study is not None and 0 < len(study.rows) < study.planned
    note = ""
    if started:
        rest = say.html("study.stopped", number=len(study.rows), count=study.planned)
        note = f'<span class="subdued">{rest}</span>'
    return (
        f'<div class="choices"><button type="button" data-choose="start" class="start">'
        f"{say.html('study.carry_on' if started else 'study.start')}</button>{note}</div>"
    )


def _answer(study: "Study", running: bool, say: Language) -> str:
    verdict = study.verdict
    sentences = []
    for finding in verdict.findings:
        values = dict(finding.values)
        if "kind" in values:
            kind, name = values["kind"], values["name"]
            values["label"] = name if kind == "yours" else say(f"study.kind.{kind}", name=name)
        sentences.append(say.known(finding.code, finding.sentence).format(**values))
    first, *rest = sentences
    so_far = f'<p class="subdued">{say.html("study.so_far")}</p>' if running else ""
    others = "".join(
        f"<p>{escape(sentence)}</p>" for sentence in [*rest, *map(say.note, study.notes)]
    )
    return (
        f'<div class="study-answer" data-level="{verdict.level}" role="status">'
        f'<p class="moved measured">{escape(first)}</p>{others}{so_far}</div>'
    )


def _cards(visit: Visit, study: "Study", say: Language) -> str:
    cards, scale = [], 0.0
    for row in study.rows:
        addresses = visit.study.pictures.get(row.variant)
        if addresses is None:
            continue
        picture, heat, scale = addresses
        name = label(row.variant, say)
        alt_image, alt_map = (say.html(f"study.alt_{kind}", name=name) for kind in ("image", "map"))
        pictures = f'<img src="{escape(picture)}" alt="{alt_image}" loading="lazy">'
        if row.variant.kind != "base":  # its map would be black all over
            pictures += f'<img src="{escape(heat)}" alt="{alt_map}" loading="lazy">'
        cards.append(
            f'<figure class="study-card"><div>{pictures}</div>'
            f'<figcaption title="{escape(row.variant.text_a)} | {escape(row.variant.text_b)}">'
            f"<b>{escape(name)}</b><span>{_change(row, say)}</span></figcaption></figure>"
        )
    bar = scale_bar(gradient(COLOURS), "0", f"{scale:.3g}", say("study.scale"))
    bar += f'<p class="subdued">{say.html("study.scale")}</p>'
    return f'<div class="study-cards">{"".join(cards)}</div>{bar}'


def _change(row: "Row", say: Language) -> str:
    if row.variant.kind == "base":
        return say.html("study.is_base")
    return say.html(
        "study.change", mean=f"{row.change.mean:.3f}", most=f"{row.change.most:.2f}"
    )  # fmt: skip


def _words(study: "Study", say: Language) -> str:
    rows = sorted(study.words, key=lambda row: -row.change.mean)
    if not rows:
        return ""
    longest = rows[0].change.mean or 1.0
    bars = "".join(
        f'<li class="{row.variant.word.source}">{letter(row.variant.word.source)}'
        f"<span>{escape(row.variant.name)}</span>"
        f'<i style="width:{100 * row.change.mean / longest:.1f}%"></i>'
        f"<b>{row.change.mean:.3f}</b></li>"
        for row in rows
    )
    return (
        f"<h3>{say.html('study.importance')}</h3>"
        f'<p class="subdued">{say.html("study.importance_sentence")}</p>'
        f'<div class="scroll" tabindex="0" role="region" '
        f'aria-label="{say.html("study.importance")}"><ol class="study-words">{bars}</ol></div>'
    )


def _table(study: "Study", say: Language) -> str:
    from film_core.metrics import METRICS

    rows = [row for row in study.rows if row.variant.kind != "without"]
    heads = "".join(
        f'<th scope="col">{name} {"↑" if metric.higher_is_better else "↓"}</th>'
        for name, metric in METRICS.items()
    )
    lines = "".join(
        f'<tr><th scope="row">{escape(label(row.variant, say))}</th><td>{row.change.mean:.3f}</td>'
        f"<td>{row.change.most:.2f}</td>"
        + "".join(
            f"<td>{row.metrics[name]:.{metric.digits}f}</td>"
            if name in row.metrics
            else "<td></td>"
            for name, metric in METRICS.items()
        )
        + "</tr>"
        for row in rows
    )
    return f"""<details class="metrics"><summary>{say.html("study.table")}</summary>
<div class="scroll" tabindex="0" role="region" aria-label="{say.html("study.table")}"><table>
<thead><tr><th scope="col">{say.html("study.row")}</th><th scope="col">{say.html("study.mean")}</th>
<th scope="col">{say.html("study.largest")}</th>{heads}</tr></thead><tbody>{lines}</tbody></table>
</div></details>"""


def _disabled(running: bool) -> str:
    return "disabled" if running else ""
