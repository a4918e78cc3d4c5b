"""From words to the features that guide a fusion, and from an image to words.

An `Encoder` turns one description into features for each token; the two descriptions are encoded
separately and concatenated (`encode_pair`), as FILM does. A `Describer` writes a description of an
image. Both are chosen by name.
"""

from film_core.text.describers import (
    DESCRIBERS,
    Describer,
    Description,
    Step,
    describer_identity,
    load_describer,
)
from film_core.text.encoding import (
    ENCODERS,
    EncodedPair,
    EncodedText,
    Encoder,
    Token,
    encode_pair,
    encoder_identity,
    instruction_notes,
    load_encoder,
)
from film_core.text.features import FeaturesOnly, read_features

__all__ = [
    "DESCRIBERS",
    "ENCODERS",
    "Describer",
    "Description",
    "EncodedPair",
    "EncodedText",
    "Encoder",
    "FeaturesOnly",
    "Step",
    "Token",
    "describer_identity",
    "encode_pair",
    "encoder_identity",
    "instruction_notes",
    "load_describer",
    "load_encoder",
    "read_features",
]
