"""The attention explorer: where words look, for a stage, a source and a head; and their gate."""

import base64
from html import escape

import numpy as np

from demo.attention import departures
from demo.heat import draw, gradient
from demo.language import Language
from demo.looking import looked_at, runs_of_words, scale_of, visible
from demo.panels.markup import (
    choices,
    downloads,
    letter,
    map_plane,
    picked,
    scale_bar,
    word_button,
)
from demo.state import SLOTS, Look, Result, Visit, Word

STAGES = 3
HEADS = 8
MOST_WORDS = 6  # maps side by side; more would be too small to compare
_GATE_HEIGHT = 60  # of the drawing of the gate's numbers, in units of its own


def render_attention(
    visit: Visit, under: np.ndarray | None, links: dict[str, str], sheet: str, say: Language
) -> str:
    """Return the explorer for the newest result.

    Args:
        under: (H, W) uint8, the grey source that `visit.look` names; None where there are no maps.
        links: addresses of the maps as files, by file name.
        sheet: address of an example's precomputed overview, "" for none.
    """
    result = visit.result
    if result is None:
        return f'<p class="subdued">{say.html("attention.none")}</p>'
    if result.attention is None or under is None:
        why = "attention.none_example" if result.number == 0 else "attention.none_old"
        return f'{_sheet(sheet, say)}<p class="subdued">{say.html(why)}</p>'
    look = visible(visit.look, result)
    return f"""
<div class="attention" {_data(result, look)}>
  {_figures(result, look, under, links, say)}
  <div class="attention-side">{_pickers(look, say)}{_words(result, look, say)}</div>
</div>"""


def _sheet(address: str, say: Language) -> str:
    if not address:
        return ""
    about = say.html("attention.sheet")
    return (
        f'<figure class="sheet"><img src="{escape(address)}" alt="{about}">'
        f"<figcaption>{about}</figcaption></figure>"
    )


def caption(result: Result, look: Look, word: str, say: Language) -> str:
    """Return the sentence that says what a map shows; `word` is "" for the mean and the gate."""
    shown = {"letter": look.source.upper(), "stage": look.stage}
    if look.gate:
        return say("attention.gate_of", **shown)
    head = (
        say("attention.mean_head") if look.head is None else f"{say('attention.head')} {look.head}"
    )
    named = f"“{word}”" if word else say("attention.mean_word")
    return say("attention.of", word=named, head=head, **shown)


def _data(result: Result, look: Look) -> str:
    """Return what `client/attention.js` needs to answer the pointer without asking the server."""
    if look.gate:
        return ""
    runs = runs_of_words(result, look)
    most = float(runs.max()) or 1.0
    levels = np.rint(runs / most * 255).astype(np.uint8)  # (words, 432)
    return (
        f'data-runs="{base64.b64encode(levels.tobytes()).decode()}" data-most="{most:.6g}" '
        f'data-source="{escape(result.sources[look.source].picture)}" '
        f'data-strength="{look.strength}" data-colours="{escape(gradient(look.colours))}"'
    )


def _figures(
    result: Result, look: Look, under: np.ndarray, links: dict[str, str], say: Language
) -> str:
    shown = looked_at(result, look)
    colours, span = scale_of(look, shown)
    heats = [(word, draw(values, under, colours, look.strength, span)) for word, values in shown]
    several = len(heats) > 1
    maps = "".join(
        map_plane(heat.png, caption(result, look, word, say), word if several else "",
                  result.width, result.height)
        for word, heat in heats
    )  # fmt: skip
    heat = heats[0][1]
    low, high = _value(heat.low), _value(heat.high)
    kind = "gate" if look.gate else "attention"
    numbers = _gate(result, look, say) if look.gate else ""
    here = say.html("attention.here")
    hint = say.html("attention.here_hint")
    pointer = (
        ""
        if look.gate
        else f'<p class="attention-here subdued" data-text="{here}" data-hint="{hint}">{hint}</p>'
    )
    about = "" if several else f"{escape(caption(result, look, heats[0][0], say))}"
    return f"""
<figure><div class="attention-maps" data-count="{len(heats)}">{maps}</div>{pointer}
<figcaption>{about}
  {scale_bar(heat.gradient, low, high, say(f"{kind}.scale", low=low, high=high))}{numbers}
  <p class="subdued">{say.html(f"{kind}.even")}. {say.html(f"{kind}.sentence")}</p>
  <p class="downloads">{downloads(links)}</p>
</figcaption></figure>"""


def _gate(result: Result, look: Look, say: Language) -> str:
    """Return the gate's 256 numbers as a drawing; they repeat along the rows of the grid."""
    values = result.attention.maps[look.stage - 1][look.source].gate
    most = float(np.abs(values).max()) or 1.0
    middle = _GATE_HEIGHT / 2
    points = " ".join(
        f"{place},{middle - value / most * (middle - 2):.1f}" for place, value in enumerate(values)
    )
    negative = int((values < 0).sum())
    said = say.html("gate.numbers", count=len(values), negative=negative)
    return (
        f'<svg class="gate" viewBox="0 0 {len(values)} {_GATE_HEIGHT}" preserveAspectRatio="none" '
        f'role="img" aria-label="{said}"><path d="M0 {middle}H{len(values)}"/>'
        f'<polyline points="{points}"/></svg><p class="subdued">{said}</p>'
    )


def _pickers(look: Look, say: Language) -> str:
    head = "mean" if look.head is None else str(look.head)
    heads = [("mean", say("attention.mean_head")), *((str(h), str(h)) for h in range(1, HEADS + 1))]
    common = picked(not look.gate, "attention", look.colours, look.strength, say)
    rows = [
        common["show"],
        choices(
            say("attention.stage"), [(str(s), str(s)) for s in range(1, STAGES + 1)],
            str(look.stage), "stage",
        ),
        choices(say("attention.source"), [(s, s.upper()) for s in SLOTS], look.source, "source"),
    ]  # fmt: skip
    if not look.gate:  # it is one for all heads, and has colours of its own
        rows.append(choices(say("attention.head"), heads, head, "head"))
        rows.append(common["colours"])
    rows.append(common["strength"])
    return "".join(rows)


def _words(result: Result, look: Look, say: Language) -> str:
    if look.gate:
        return ""
    by_token = departures(result.attention, look.stage, look.source, look.head)
    weights = np.array([by_token[list(word.tokens)].mean() for word in result.words])
    low, span = float(weights.min()), float(np.ptp(weights)) or 1.0
    at_once = [("off", say("attention.one")), ("on", say("attention.several", most=MOST_WORDS))]
    parts = [
        choices(say("attention.words"), [("mean", say("attention.mean_word"))],
                "" if look.words else "mean", "word"),
        choices(say("attention.at_once"), at_once, "on" if look.several else "off", "several"),
        f'<p class="subdued">{say.html("attention.words_hint")}</p>',
    ]  # fmt: skip
    for slot in SLOTS:
        words = "".join(
            word_button(
                index, word.text, (weights[index] - low) / span, index in look.words,
                f"{weights[index]:.4f}", _kind(word), f'data-word="{index}" ',
            )
            for index, word in enumerate(result.words)
            if word.slot == slot
        )  # fmt: skip
        title = say.html("text", letter=slot.upper())
        parts.append(f'<div class="words {slot}"><h3>{letter(slot)}{title}</h3>{words}</div>')
    return f'<div class="word-list">{"".join(parts)}</div>'


def _kind(word: Word) -> str:
    return "special" if word.text in ("[CLS]", "[SEP]") else ""


def _value(value: float) -> str:
    return f"{value:.3g}"
