"""Which held-out pairs are new to a network: weights that a run starts from may know some already.

A run chooses the pairs that it holds out by itself. Where it holds out others than the runs before
it did, those had trained on some of them, and measured on these the network looks better than it
is.
"""

import re
from dataclasses import replace

from film_core.checkpoints import Card


def doubtful(names: list[str], init: Card | None) -> list[str]:
    """Return those of `names` that weights with the card `init` may have been trained on.

    Args:
        names: "data set/pair" of what a run holds out.
        init: card of the weights that it starts from; None where nobody trained them.
    """
    if init is None:
        return []
    # A card that says nothing may be of weights trained on anything.
    return [
        name for name in names
        if name not in init.held_out and (not init.data or _names(name.split("/")[0], init.data))
    ]  # fmt: skip


def all_data(data: str, init: Card | None) -> str:
    """Return `data`, what a run trains on, with what the weights that it starts from had seen."""
    if init is None or not init.data or init.data == data:
        return data
    return f"{data}; before that {init.data}"


def _names(dataset: str, data: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(dataset)}(?!\w)", data) is not None


def with_held_out(card: Card, names: list[str], doubted: list[str], init: Card | None) -> Card:
    """Return `card` naming the held-out pairs that no run before trained on, and how many did."""
    notes = card.notes
    if doubted:
        notes += (
            f" Of the {len(names)} pairs held out, {len(doubted)} may have been trained on before: "
            f"the card of {init.name} doesn't name them as held out."
        )
    held_out = [name for name in names if name not in doubted]
    return replace(card, held_out=held_out, notes=notes.strip())
