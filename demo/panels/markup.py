"""Small pieces of HTML that several panels use."""

from html import escape

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
