"""The settings of a training of the branch."""

from dataclasses import asdict, dataclass, fields, replace

from film_core.errors import SettingError, unknown_name
from film_core.training.recipe import check_ranges

# Of the grid's 48 x 48 cells so many can be drawn; crops fit every scene.
_SHARES = ("word_dropout", "random_texts", "other_neutrals", "repairs")
_WEIGHTS = ("keys", "values", "quiet", "maps", "fields", "places", "edits")
_LIMITS = {
    "steps": (1, 1e7), "sentences": (1, 1000), "cells": (1, 2304), "longest": (1, 512),
    "long_every": (0, 1e7), "field_cells": (1, 2304), "edit_every": (1, 1e7), "crops": (1, 64),
    "crop": (16, 128), "learning_rate": (1e-9, 1), "clip_norm": (1e-6, 1e9),
    "average": (0, 0.999999), "word_noise": (0, 10), "pool": (200, 1e6), "seed": (0, 2**31 - 1),
    **dict.fromkeys(_SHARES, (0, 1)), **dict.fromkeys(_WEIGHTS, (0, 1e6)),
}  # fmt: skip


@dataclass(frozen=True)
class SteerRecipe:
    """Everything that decides the result besides scenes and sentences.

    Attributes:
        steps: training steps.
        sentences, cells: sentences of a step, and grid cells of each of its eight scenes.
        longest: words of a sentence in most steps; longer texts have steps of their own.
        long_every: steps from one with longer texts, a quarter as many, to the next; 0 for none.
        field_cells: cells of a scene at which a sentence's strengths are compared.
        crops, crop: crops of an edit step and their side in pixels.
        edit_every: steps from one with crops to the next; the others train on words alone.
        learning_rate: of the first steps; it falls along a half cosine to a hundredth.
        clip_norm: the gradient's largest norm.
        average: decay of the averaged weights, which are kept in the end.
        word_noise: noise on the words' features, in their deviations.
        word_dropout: share of words that say neither what nor where, left out.
        random_texts: share of texts replaced by random vectors, which ask for nothing.
        other_neutrals: share of crops whose neutral picture is another than the exact network's.
        repairs: share of damaged scenes that are asked to be repaired.
        keys, values, quiet, maps, fields, places, edits: weights of the losses.
        pool: sentences drawn before training.
        seed: of everything.
    """

    steps: int = 4000
    sentences: int = 40
    cells: int = 256
    longest: int = 40
    long_every: int = 8
    field_cells: int = 96
    edit_every: int = 2
    crops: int = 4
    crop: int = 56
    learning_rate: float = 2e-3
    clip_norm: float = 1.0
    average: float = 0.995
    word_noise: float = 0.25
    word_dropout: float = 0.1
    random_texts: float = 0.02
    other_neutrals: float = 0.35
    repairs: float = 0.65
    keys: float = 0.5
    values: float = 2.0
    quiet: float = 1.0
    maps: float = 2.0
    fields: float = 2.0
    places: float = 3.0
    edits: float = 12.0
    pool: int = 14000
    seed: int = 0

    def changed(self, settings: dict[str, str]) -> "SteerRecipe":
        """Return the recipe with settings given as text.

        Raises:
            UnknownNameError: no such setting.
            SettingError: not a number.
        """
        kinds = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        values = {}
        for name, text in settings.items():
            if name not in kinds:
                raise unknown_name("setting", name, kinds)
            try:
                values[name] = kinds[name](text)
            except ValueError:
                raise SettingError(
                    "training.setting", "{name} is '{seen}'; a number is needed.",
                    name=name, seen=text,
                ) from None  # fmt: skip
        recipe = replace(self, **values)
        check_ranges(recipe, _LIMITS)
        return recipe

    def weight(self, loss: str) -> float:
        """Return the weight of a loss."""
        return getattr(self, loss)

    def as_dict(self) -> dict:
        """Return the settings for JSON."""
        return asdict(self)
