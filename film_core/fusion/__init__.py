"""The whole way from two images and two texts to a `FusionResult`."""

from film_core.fusion.attention import AttentionResult, SourceAttention
from film_core.fusion.comparison import Comparison
from film_core.fusion.fuser import EDITED, Fuser, load_fuser
from film_core.fusion.origin import Origin, read_origin
from film_core.fusion.result import FusionResult, Measured
from film_core.fusion.steering import TEXTS, SteeringResult, words_of
from film_core.fusion.warming import warm_up

__all__ = [
    "EDITED",
    "TEXTS",
    "AttentionResult",
    "Comparison",
    "Fuser",
    "FusionResult",
    "Measured",
    "Origin",
    "SourceAttention",
    "SteeringResult",
    "load_fuser",
    "read_origin",
    "warm_up",
    "words_of",
]
