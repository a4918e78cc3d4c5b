"""Fused CPU kernels for exact FILM: C++ in `cpp/`, called through Jittor's custom operators.

Start `film_core.runtime` before importing this package.
"""

from film_core.kernels.forward import SourceState, fuse_prepared, fused_forward, prepare_sources
from film_core.kernels.isa import INSTRUCTION_SETS, choose_instruction_set

__all__ = [
    "INSTRUCTION_SETS",
    "SourceState",
    "choose_instruction_set",
    "fuse_prepared",
    "fused_forward",
    "prepare_sources",
]
