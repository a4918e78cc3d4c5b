"""Who writes the descriptions: one interface, chosen by name."""

from film_core.text.describers.describer import (
    DESCRIBERS,
    Describer,
    Description,
    Step,
    describer_identity,
    load_describer,
)

__all__ = [
    "DESCRIBERS", "Describer", "Description", "Step", "describer_identity", "load_describer",
]  # fmt: skip
