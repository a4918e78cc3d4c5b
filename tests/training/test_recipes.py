"""Recipes: presets, changes by name, limits; the learning rate of every step."""

import itertools

import pytest

from film_core.errors import SettingError, UnknownNameError
from film_core.training.recipe import PRESETS, make_recipe, recipe_from_dict
from film_core.training.schedule import learning_rate
from film_core.training.steer.recipe import SteerRecipe


def test_the_published_preset_is_the_paper_s():
    recipe = PRESETS["published"][1]
    assert (recipe.epochs, recipe.batch, recipe.learning_rate) == (150, 2, 1e-5)
    assert recipe.losses == {"intensity": 1.0, "gradient": 20.0}
    rates = [learning_rate(recipe, step, 1500, 10) for step in (0, 499, 500, 1000)]
    assert rates == pytest.approx([1e-5, 1e-5, 6e-6, 3.6e-6])


def test_settings_change_by_name_and_survive_json():
    recipe = make_recipe(
        "film-studio",
        {"epochs": "2.5", "crop": "96x128", "flips": "false", "losses": "edges=1,information=0.5"},
    )
    assert (recipe.epochs, recipe.crop, recipe.flips) == (2.5, (96, 128), False)
    assert recipe.losses == {"edges": 1.0, "information": 0.5}
    assert recipe_from_dict(recipe.as_dict()) == recipe


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"epochs": "many"}, "epochs can't be 'many'"),
        ({"crop": "96"}, "crop can't be '96'"),
        ({"crop": "16x16"}, "too small"),
        ({"flips": "perhaps"}, "flips"),
        ({"learning_rate": "7"}, "between 0 and 1"),
        ({"losses": "edges"}, "losses"),
        ({"losses": ""}, "not all zero"),
        ({"losses": "edges=0"}, "not all zero"),
        ({"losses": "edges=nan,information=1"}, "must be finite"),
        ({"losses": "edges=-1,information=1"}, "not negative"),
        ({"batch": "0"}, "between 1"),
    ],
)
def test_values_that_cannot_be(changes, message):
    with pytest.raises(SettingError, match=message):
        make_recipe("film-studio", changes)


@pytest.mark.parametrize(
    "change",
    ["pool=5", "edit_every=0", "crop=300", "cells=5000", "seed=-1", "steps=0", "learning_rate=nan"],
)
def test_settings_of_the_branch_have_limits(change):
    name, value = change.split("=")
    with pytest.raises(SettingError, match=f"{name} is .* must lie between"):
        SteerRecipe().changed({name: value})


def test_mistyped_names_are_answered():
    with pytest.raises(UnknownNameError, match="did you mean 'published'"):
        make_recipe("publishd", {})
    with pytest.raises(UnknownNameError, match="did you mean 'learning_rate'"):
        make_recipe("published", {"learningrate": "1e-4"})
    with pytest.raises(UnknownNameError, match="did you mean 'cosine'"):
        make_recipe("published", {"schedule": "cosin"})


def test_cosine_rises_then_falls_to_a_hundredth():
    recipe = make_recipe("film-studio", {"warmup_steps": 10})
    rates = [learning_rate(recipe, step, 200, 10) for step in range(200)]
    assert rates[0] == pytest.approx(recipe.learning_rate / 10)
    assert max(rates) == rates[10] == pytest.approx(recipe.learning_rate)
    assert all(after < before for before, after in itertools.pairwise(rates[10:]))
    assert rates[-1] == pytest.approx(recipe.learning_rate / 100, rel=0.05)
