"""The explorer of a steering network: what the words changed, and where each of them acts."""

from html import escape

import numpy as np

from demo.heat import SIGNED, draw, span_of
from demo.language import Language
from demo.panels.attention import MOST_WORDS
from demo.panels.facts import grey_levels
from demo.panels.markup import (
    choices,
    downloads,
    letter,
    map_plane,
    picked,
    scale_bar,
    word_button,
)
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
    rows = picked(not look.gate, "steering", look.colours, look.strength, say)
    if look.gate:
        del rows["colours"]  # what the words changed has a sign
        shown, figure = [], _change(result, look, under, say)
    else:
        shown = _shown_words(result, look)
        figure = _maps(result, shown, look, under, say)
    return f"""
<div class="attention">
  <figure>{figure}<p class="downloads">{downloads(links)}</p></figure>
  <div class="attention-side">{"".join(rows.values())}{_words(result, look, shown, say)}</div>
</div>"""


def _shown_words(result: Result, look: Look) -> list[int]:
    """Return the words whose maps are shown: the chosen ones, else the one that asks for most."""
    if look.words:
        return list(look.words)
    first = acting(result)
    return [] if first is None else [first]


def _change(result: Result, look: Look, under: np.ndarray, say: Language) -> str:
    change = 255 * result.change
    span = span_of([change, np.float32([_SMALLEST_SCALE])], signed=True)
    heat = draw(change, under, SIGNED, look.strength, span)
    size = np.abs(change)
    sentence = say(
        "steering.changed", mean=grey_levels(float(size.mean())),
        largest=grey_levels(float(size.max())),
    )  # fmt: skip
    plane = map_plane(heat.png, sentence, "", result.width, result.height)
    low, high = f"{span[0]:.0f}", f"+{span[1]:.0f}"
    scale = scale_bar(heat.gradient, low, high, say("steering.scale_change"))
    return (
        f'<div class="attention-maps" data-count="1">{plane}</div>'
        f"<figcaption>{escape(sentence)}{scale}</figcaption>"
    )


def _maps(result: Result, shown: list[int], look: Look, under: np.ndarray, say: Language) -> str:
    words = [result.words[index] for index in shown]
    if not words:
        return f'<p class="subdued">{say.html("steering.no_words")}</p>'
    heats = [
        (word, draw(word_map(result.steering, word), under, look.colours, look.strength, (0, 1)))
        for word in words
    ]
    several = len(heats) > 1
    planes = "".join(
        map_plane(heat.png, say("steering.map_of", word=word.text), word.text if several else "",
                  result.width, result.height)
        for word, heat in heats
    )  # fmt: skip
    lines = "".join(f"<p>{escape(_told(result, word, say))}</p>" for word, _ in heats)
    scale = scale_bar(heats[0][1].gradient, "0", "1", say("steering.scale"))
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


def _words(result: Result, look: Look, shown: list[int], say: Language) -> str:
    sizes = [max(map(abs, wishes(result.steering, word).values())) for word in result.words]
    most = max([*sizes, 0.2])
    at_once = [("off", say("attention.one")), ("on", say("attention.several", most=MOST_WORDS))]
    parts = [
        choices(say("attention.at_once"), at_once, "on" if look.several else "off", "several"),
        f'<p class="subdued">{say.html("steering.words_hint")}</p>',
    ]
    for slot in TEXTS:
        words = "".join(
            word_button(
                index, word.text, sizes[index] / most, index in shown, f"{sizes[index]:.2f}"
            )
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
