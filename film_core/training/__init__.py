"""Training: recipes, losses, exact resume. Import after `film_core.runtime.start`, except recipes.

`recipe` and `experiment` need no Jittor; `trainer`, `losses` and `optimiser` do.
"""

from film_core.training.experiment import Experiment, TrainingError
from film_core.training.recipe import PRESETS, Recipe, make_recipe

__all__ = ["PRESETS", "Experiment", "Recipe", "TrainingError", "make_recipe"]
