"""The attention explorer: where a word looks, for a stage, a source and a head."""

from dataclasses import replace
from html import escape

import numpy as np

from demo.attention import departures, word_map
from demo.heat import COLOURS, draw
from demo.language import Language
from demo.panels.markup import choices, downloads, letter
from demo.state import SLOTS, Look, Result, Visit, Word

STAGES = 3
HEADS = 8


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
<div class="attention">
  {_figure(result, look, under, links, say)}
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


def visible(look: Look, result: Result) -> Look:
    """Return `look` without a word that the result doesn't have."""
    if look.word is not None and look.word >= len(result.words):
        return replace(look, word=None)
    return look


def caption(result: Result, look: Look, say: Language) -> dict[str, object]:
    """Return the values of the sentence that says what a map shows."""
    word = say("attention.mean_word") if look.word is None else f"“{result.words[look.word].text}”"
    head = (
        say("attention.mean_head") if look.head is None else f"{say('attention.head')} {look.head}"
    )
    return {"word": word, "letter": look.source.upper(), "stage": look.stage, "head": head}


def _figure(
    result: Result, look: Look, under: np.ndarray, links: dict[str, str], say: Language
) -> str:
    tokens = () if look.word is None else result.words[look.word].tokens
    values = word_map(result.attention, look.stage, look.source, look.head, tokens)
    heat = draw(values, under, look.colours, look.strength)
    shown = caption(result, look, say)
    alt = say("attention.alt", **shown)
    return f"""
<figure><div class="attention-map"><img src="{heat.png}" alt="{escape(alt)}"></div>
<figcaption>{say.html("attention.of", **shown)}
  <div class="scale"><span>{_value(heat.low)}</span>
  <i style="background:{heat.gradient}" role="img"
    aria-label="{say.html("attention.scale", low=_value(heat.low), high=_value(heat.high))}"></i>
  <span>{_value(heat.high)}</span></div>
  <p class="subdued">{say.html("attention.even")}. {say.html("attention.sentence")}</p>
  <p class="downloads">{downloads(links)}</p>
</figcaption></figure>"""


def _pickers(look: Look, say: Language) -> str:
    head = "mean" if look.head is None else str(look.head)
    heads = [("mean", say("attention.mean_head")), *((str(h), str(h)) for h in range(1, HEADS + 1))]
    strengths = [(str(s), f"{s} %") for s in (30, 60, 90)]
    return "".join(
        (
            choices(
                say("attention.stage"), [(str(s), str(s)) for s in range(1, STAGES + 1)],
                str(look.stage), "stage",
            ),
            choices(
                say("attention.source"), [(s, s.upper()) for s in SLOTS], look.source, "source"
            ),
            choices(say("attention.head"), heads, head, "head"),
            choices(
                say("attention.colours"), [(c, c) for c in COLOURS], look.colours, "colours"
            ),
            choices(say("attention.strength"), strengths, str(look.strength), "strength"),
        )
    )  # fmt: skip


def _words(result: Result, look: Look, say: Language) -> str:
    by_token = departures(result.attention, look.stage, look.source, look.head)
    weights = np.array([by_token[list(word.tokens)].mean() for word in result.words])
    low, span = float(weights.min()), float(np.ptp(weights)) or 1.0
    parts = [
        choices(say("attention.words"), [("mean", say("attention.mean_word"))],
                "mean" if look.word is None else "", "word"),
        f'<p class="subdued">{say.html("attention.words_hint")}</p>',
    ]  # fmt: skip
    for slot in SLOTS:
        words = "".join(
            f'<button type="button" class="{_kind(word)}" data-choose="word:{index}" '
            f'style="--weight:{(weights[index] - low) / span:.3f}" '
            f'aria-pressed="{"true" if index == look.word else "false"}" '
            f'title="{weights[index]:.4f}">{escape(word.text)}</button> '
            for index, word in enumerate(result.words)
            if word.slot == slot
        )
        title = say.html("text", letter=slot.upper())
        parts.append(f'<div class="words {slot}"><h3>{letter(slot)}{title}</h3>{words}</div>')
    return f'<div class="word-list">{"".join(parts)}</div>'


def _kind(word: Word) -> str:
    return "word special" if word.text in ("[CLS]", "[SEP]") else "word"


def _value(value: float) -> str:
    return f"{value:.3g}"
