"""Small pieces of HTML that several panels use."""

from html import escape

from demo.heat import COLOURS
from demo.language import Language

LETTERS = {"a": "A", "b": "B"}


def letter(slot: str) -> str:
    """Return the badge of a source: its letter, in its colour."""
    return f'<span class="letter {slot}" aria-hidden="true">{LETTERS[slot]}</span>'


def alert(sentence: str) -> str:
    """Return a sentence that stands beside the field it is about; "" for no sentence."""
    return f'<p class="alert" role="alert">{escape(sentence)}</p>' if sentence else ""


def choices(
    label: str, options: list[tuple[str, str]], chosen: str, prefix: str, kind: str = ""
) -> str:
    """Return a row of buttons of which one is pressed.

    Args:
        label: what is chosen, shown before the buttons.
        options: (value, text) of each.
        chosen: value of the pressed one.
        prefix: put before the value in ``data-choose``, which `client/choices.js` reports.
        kind: further CSS class.
    """
    buttons = "".join(
        f'<button type="button" data-choose="{escape(prefix)}:{escape(value)}" '
        f'aria-pressed="{"true" if value == chosen else "false"}">{escape(text)}</button>'
        for value, text in options
    )
    return (
        f'<div class="choices {kind}" role="group" aria-label="{escape(label)}">'
        f'<span class="choices-label">{escape(label)}</span>{buttons}</div>'
    )


def picked(of_words: bool, name: str, colours: str, strength: int, say: Language) -> dict[str, str]:
    """Return the choices that every explorer of maps offers, by what is chosen.

    Args:
        of_words: whether words' maps are shown, not what they make together.
        name: begins the phrases for these two ("attention", "steering").
        colours, strength: as in `Look`; a map with a sign has colours of its own.
    """
    kinds = [(kind, say(f"{name}.show_{kind}")) for kind in ("words", "gate")]
    strengths = [(str(s), f"{s} %") for s in (30, 60, 90)]
    return {
        "show": choices(say("attention.show"), kinds, "words" if of_words else "gate", "show"),
        "colours": choices(say("attention.colours"), [(c, c) for c in COLOURS], colours, "colours"),
        "strength": choices(say("attention.strength"), strengths, str(strength), "strength"),
    }


def map_plane(png: str, alt: str, tag: str, width: int, height: int) -> str:
    """Return a map over its picture; `tag` names it among several, "" for no name."""
    name = f'<span class="tag">{escape(tag)}</span>' if tag else ""
    return (
        f'<div class="attention-map"><div class="attention-plane" style="--ratio:{width}/{height}">'
        f'<img src="{png}" alt="{escape(alt)}">{name}</div></div>'
    )


def scale_bar(gradient: str, low: str, high: str, label: str) -> str:
    """Return a colour scale with its two ends; `label` says what it is."""
    return (
        f'<div class="scale"><span>{low}</span><i style="background:{gradient}" role="img" '
        f'aria-label="{escape(label)}"></i><span>{high}</span></div>'
    )


def word_button(
    index: int, text: str, weight: float, pressed: bool, title: str, kind: str = "", more: str = ""
) -> str:
    """Return a word that can be chosen, shaded by `weight` in [0, 1].

    Args:
        kind: further CSS class.
        more: further attributes, as HTML.
    """
    return (
        f'<button type="button" class="{f"word {kind}".strip()}" data-choose="word:{index}" '
        f'{more}style="--weight:{weight:.3f}" aria-pressed="{"true" if pressed else "false"}" '
        f'title="{title}">{escape(text)}</button> '
    )


def downloads(links: dict[str, str]) -> str:
    """Return links to files; `links` holds their addresses by file name."""
    return " ".join(
        f'<a href="{escape(address)}" download="{escape(name)}">{escape(name)}</a>'
        for name, address in links.items()
    )


def tip(name: str, sentence: str, identity: str) -> str:
    """Return `name` with an explanation that appears on hovering and focus and is read aloud."""
    return (
        f'<span class="tip"><span class="tip-name" tabindex="0" '
        f'aria-describedby="{identity}">{escape(name)}</span>'
        f'<span class="tip-text" role="tooltip" id="{identity}">{sentence}</span></span>'
    )
