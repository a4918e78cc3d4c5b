"""The steering network: exact FILM's neutral picture, and a branch in which words act where and as
they say. Start `film_core.runtime` first."""

from film_core.net.steer.branch import SteerBranch
from film_core.net.steer.config import SteerConfig
from film_core.net.steer.grid import GridPlanes, grid_planes
from film_core.net.steer.steered import SteeredFilm, SteerSources, WordMaps

__all__ = [
    "GridPlanes",
    "SteerBranch",
    "SteerConfig",
    "SteerSources",
    "SteeredFilm",
    "WordMaps",
    "grid_planes",
]
