"""The learning rate of every step."""

import math

from film_core.training.recipe import Recipe

FLOOR = 0.01
"""What the cosine schedule ends at, as a share of the learning rate."""


def learning_rate(recipe: Recipe, step: int, steps: int, steps_an_epoch: float) -> float:
    """Return the learning rate of step `step` (from 0) of `steps`."""
    rate = recipe.learning_rate
    if recipe.warmup_steps and step < recipe.warmup_steps:
        return rate * (step + 1) / recipe.warmup_steps
    if recipe.schedule == "constant":
        return rate
    if recipe.schedule == "step":
        epoch = step / steps_an_epoch
        return rate * recipe.decay ** math.floor(epoch / recipe.decay_epochs)
    done = (step - recipe.warmup_steps) / max(1, steps - recipe.warmup_steps)
    return rate * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))
