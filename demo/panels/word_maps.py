"""The explorer of a steering network: what the words changed, and where each of them acts."""

from html import escape

import numpy as np

from demo.heat import COLOURS, SIGNED, draw, span_of
from demo.language import Language
from demo.panels.attention import MOST_WORDS
from demo.panels.facts import grey_levels
from demo.panels.markup import choices, downloads, letter
from demo.state import Look, Result, Word
from demo.steering import TEXTS, acting, wishes, word_map

_ASKED = 0.05  # strengths below this are not told as a wish
_SMALLEST_SCALE = 4.0  # grey levels: a change of nothing is not blown up to look like something


def render_word_maps(
    result: Result, look: Look, under: np.ndarray, links: dict[str, str], say: Language
) -> str:
    """Return the explorer for a steered result.

    Args:
        under: (H, W) uint8, the grey picture below the maps.
        links: addresses of the maps as files, by file name.
    """
    kinds = [(kind, say(f"steering.show_{kind}")) for kind in ("words", "gate")]
    pickers = choices(say("attention.show"), kinds, "gate" if look.gate else "words", "show")
    if not look.gate:
        named = [(c, c) for c in COLOURS]
        pickers += choices(say("attention.colours"), named, look.colours, "colours")
    strengths = [(str(s), f"{s} %") for s in (30, 60, 90)]
    pickers += choices(say("attention.strength"), strengths, str(look.strength), "strength")
    figure = _change(result, look, under, say) if look.gate else _maps(result, look, under, say)
    return f"""
<div class="attention">
  <figure>{figure}<p class="downloads">{downloads(links)}</p></figure>
  <div class="attention-side">{pickers}{_words(result, look, say)}</div>
</div>"""


def chosen_words(result: Result, look: Look) -> list[Word]:
    """Return the words whose maps are shown: the chosen ones, else the one that asks for most."""
    chosen = [result.words[index] for index in look.words if index < len(result.words)]
    first = acting(result)
    return chosen or ([] if first is None else [result.words[first]])


def _change(result: Result, look: Look, under: np.ndarray, say: Language) -> str:
    change = 255 * result.change
    span = span_of([change, np.float32([_SMALLEST_SCALE])], signed=True)
    heat = draw(change, under, SIGNED, look.strength, span)
    size = np.abs(change)
    sentence = say(
        "steering.changed", mean=grey_levels(float(size.mean())),
        largest=grey_levels(float(size.max())),
    )  # fmt: skip
    plane = _plane(heat.png, sentence, "", result)
    scale = _scale(heat.gradient, f"{span[0]:.0f}", f"+{span[1]:.0f}", say("steering.scale_change"))
    return (
        f'<div class="attention-maps" data-count="1">{plane}</div>'
        f"<figcaption>{escape(sentence)}{scale}</figcaption>"
    )


def _maps(result: Result, look: Look, under: np.ndarray, say: Language) -> str:
    words = chosen_words(result, look)
    if not words:
        return f'<p class="subdued">{say.html("steering.no_words")}</p>'
    heats = [
        (word, draw(word_map(result.steering, word), under, look.colours, look.strength, (0, 1)))
        for word in words
    ]
    several = len(heats) > 1
    planes = "".join(
        _plane(heat.png, say("steering.map_of", word=word.text), word.text if several else "",
               result)
        for word, heat in heats
    )  # fmt: skip
    lines = "".join(f"<p>{escape(_told(result, word, say))}</p>" for word, _ in heats)
    scale = _scale(heats[0][1].gradient, "0", "1", say("steering.scale"))
    return (
        f'<div class="attention-maps" data-count="{len(heats)}">{planes}</div>'
        f'<figcaption>{lines}{scale}<p class="subdued">{say.html("steering.sentence")}</p>'
        "</figcaption>"
    )


def _told(result: Result, word: Word, say: Language) -> str:
    asked = {n: v for n, v in wishes(result.steering, word).items() if abs(v) > _ASKED}
    if not asked:
        return say("steering.asks_nothing", word=word.text)
    listed = ", ".join(
        f"{say(f'steering.{name}')} {value:+.2f}"
        for name, value in sorted(asked.items(), key=lambda item: -abs(item[1]))
    )
    return say("steering.asks", word=word.text, listed=listed)


def _plane(png: str, alt: str, tag: str, result: Result) -> str:
    name = f'<span class="tag">{escape(tag)}</span>' if tag else ""
    ratio = f"{result.width}/{result.height}"
    return (
        f'<div class="attention-map"><div class="attention-plane" style="--ratio:{ratio}">'
        f'<img src="{png}" alt="{escape(alt)}">{name}</div></div>'
    )


def _scale(gradient: str, low: str, high: str, label: str) -> str:
    return (
        f'<div class="scale"><span>{low}</span><i style="background:{gradient}" role="img" '
        f'aria-label="{escape(label)}"></i><span>{high}</span></div>'
    )


def _words(result: Result, look: Look, say: Language) -> str:
    sizes = [max(map(abs, wishes(result.steering, word).values())) for word in result.words]
    most = max([*sizes, 0.2])
    shown = chosen_words(result, look)
    at_once = [("off", say("attention.one")), ("on", say("attention.several", most=MOST_WORDS))]
    parts = [
        choices(say("attention.at_once"), at_once, "on" if look.several else "off", "several"),
        f'<p class="subdued">{say.html("steering.words_hint")}</p>',
    ]
    for slot in TEXTS:
        words = "".join(
            f'<button type="button" class="word" data-choose="word:{index}" '
            f'style="--weight:{sizes[index] / most:.3f}" '
            f'aria-pressed="{"true" if word in shown and not look.gate else "false"}" '
            f'title="{sizes[index]:.2f}">{escape(word.text)}</button> '
            for index, word in enumerate(result.words)
            if word.slot == slot
        )
        if not words:
            continue
        if slot == "instruction":
            title = say.html("instruction")
        else:
            title = letter(slot) + say.html("text", letter=slot.upper())
        parts.append(f'<div class="words {slot}"><h3>{title}</h3>{words}</div>')
    return f'<div class="word-list">{"".join(parts)}</div>'
