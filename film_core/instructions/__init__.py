"""What can be said to a steering network: operations, places, and how people word them.

This is material for training and measuring. A fusion never reads it: there, words act through the
text encoder and the network alone.
"""

from film_core.instructions.meaning import (
    CHANNELS,
    OPERATIONS,
    STRENGTHS,
    Clause,
    Operation,
    Sentence,
    Span,
)
from film_core.instructions.regions import GRID, RegionPlanes, region_mask, region_planes
from film_core.instructions.wording import SPLITS, Wording, load_wording

__all__ = [
    "CHANNELS",
    "GRID",
    "OPERATIONS",
    "SPLITS",
    "STRENGTHS",
    "Clause",
    "Operation",
    "RegionPlanes",
    "Sentence",
    "Span",
    "Wording",
    "load_wording",
    "region_mask",
    "region_planes",
]
