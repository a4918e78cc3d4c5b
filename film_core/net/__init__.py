"""The networks as pure mathematics: arrays in, arrays out. Start `film_core.runtime` first."""

from film_core.net.attention import ATTENTION_FORMS, AttentionMaps
from film_core.net.config import FilmConfig
from film_core.net.film import KERNELS, Attention, Film, SourceFeatures

__all__ = [
    "ATTENTION_FORMS",
    "KERNELS",
    "Attention",
    "AttentionMaps",
    "Film",
    "FilmConfig",
    "SourceFeatures",
]
