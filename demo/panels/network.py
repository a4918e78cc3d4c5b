"""Below the descriptions: which network fuses, how it takes words, and phrases to begin with."""

from html import escape

from demo.language import Language
from film_core.checkpoints import Card, weights_of_network

CHIPS: dict[str, tuple[str, ...]] = {
    "ivf": (
        "Take the people from the infrared, the rest from the visible.",
        "Make the left half much brighter.",
        "Darken the sky a little.",
        "Sharpen the bottom of the picture strongly.",
        "Remove the noise.",
    ),
    "mif": (
        "Show the bright uptake from the PET strongly.",
        "More contrast in the centre.",
        "Make the left half much brighter.",
        "Sharpen everything a little.",
        "Don't change the border.",
    ),
    "mef": (
        "Keep the lamps as in the under-exposed image.",
        "Lift the shadows.",
        "Make the sky a little darker.",
        "Much more contrast at the bottom.",
        "Ignore the overexposed pixels.",
    ),
    "mff": (
        "Keep the foreground as in the near image.",
        "Sharpen the foreground strongly.",
        "Soften the background.",
        "Make the top right corner brighter.",
        "Remove the blur.",
    ),
}
"""By task. Instructions are read in English, by an English encoder: they aren't translated."""


WORDS = "words"
"""Under this name a card's results hold what words do with the weights; the rest are test lists."""


def steers(cards: dict[str, Card]) -> bool:
    """Whether there are weights that follow instructions among all on the shelf."""
    return any(card.network != "film" for card in cards.values())


def render_network(network: str, task: str, cards: dict[str, Card], say: Language) -> str:
    """Return what is known of the chosen network's way with words, and the chips.

    "" where there is nothing to choose.

    Args:
        cards: of all weights on the shelf, by name.
    """
    if not steers(cards):
        return ""
    card = cards.get(weights_of_network(network, task))
    sentence = say(f"network.{network}.sentence")
    measured = {} if card is None else card.results.get(WORDS, {})
    if measured:
        sentence += " " + say(f"network.{network}.measured", **_rounded(measured))
    about = (
        f'<p class="subdued">{escape(sentence)} '
        f'<a href="guide/text-guidance" target="_blank">{say.html("network.more")}</a></p>'
    )
    if network != "steer":
        return about
    chips = "".join(
        f'<button type="button" lang="en" data-choose="say:{index}">{escape(phrase)}</button>'
        for index, phrase in enumerate(CHIPS[task])
    )
    label = say.html("network.chips")
    return f'{about}<div class="chips" role="group" aria-label="{label}">{chips}</div>'


def _rounded(measured: dict[str, float]) -> dict[str, str]:
    return {
        name: f"{value:.3g}" if value >= 0.001 else f"{value:.5f}".rstrip("0")
        for name, value in measured.items()
    }
