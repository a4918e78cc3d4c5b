"""Weights and text encoder belong together: the card says which, and nothing else is accepted."""

from film_core.checkpoints import Card
from film_core.errors import TextError
from film_core.text import Encoder, FeaturesOnly, load_encoder

_BY_WIDTH = {768: "qformer"}
"""What published weights without a card were trained with."""


def trained_encoder(card: Card) -> str:
    """Return the name of the encoder that weights were trained with."""
    return card.text_encoder or _BY_WIDTH.get(card.text_width, "minilm")


def encoder_of(card: Card, given: Encoder | None = None) -> Encoder:
    """Return `given` if it is the one that the weights were trained with, or load that one.

    Args:
        card: the card of the weights.
        given: the encoder; `FeaturesOnly` stands for whichever it is; None loads it.

    Raises:
        TextError: another encoder or width; the sentence names the right one.
        UnknownNameError, CheckpointError: the card's encoder can't be loaded.
    """
    trained = trained_encoder(card)
    if isinstance(given, FeaturesOnly):
        return FeaturesOnly(trained, card.text_width)
    encoder = load_encoder(trained) if given is None else given
    if card.text_encoder and encoder.name != trained:
        raise TextError(
            "text.other_encoder",
            "The weights {weights} were trained with the text encoder '{trained}', not with "
            "'{encoder}', whose features mean something else to them: choose --text-encoder "
            "{trained}, or other weights.",
            weights=card.name, trained=trained, encoder=encoder.name,
        )  # fmt: skip
    if encoder.width != card.text_width:
        raise TextError(
            "text.width",
            "The weights {weights} were trained with text features {needed} wide ({trained}), and "
            "the encoder {encoder} makes {width}: choose --text-encoder {trained}, or other "
            "weights.",
            weights=card.name, needed=card.text_width, trained=trained,
            encoder=encoder.name, width=encoder.width,
        )  # fmt: skip
    return encoder
