"""Initial weights that compute a rule: the network itself is asked, not the weights."""

import numpy as np
import pytest

from film_core.errors import SettingError, UnknownNameError


def begun(rule):
    import jittor as jt

    from film_core.net import Film
    from film_core.training.beginning import begin_from_rule

    jt.set_global_seed(3)
    film = Film(text_width=16, kernels="fused")
    weights = {name: variable.numpy().copy() for name, variable in film.state_dict().items()}
    drawn = {name: array.copy() for name, array in weights.items()}
    begin_from_rule(weights, rule)
    film.load_state_dict(weights)
    return film, drawn, weights


def fused(film, a, b):
    import jittor as jt

    text = np.random.default_rng(0).standard_normal((1, 6, 16)).astype(np.float32)
    with jt.no_grad():
        given = (jt.array(np.float32(x)[None, None]) for x in (a, b))
        return film(*given, jt.array(text)).numpy()[0, 0]


def sources():
    y, x = np.mgrid[0:48, 0:64] / 12
    return 0.5 + 0.4 * np.sin(x) * np.cos(y), 0.5 + 0.4 * np.cos(x + y)


def test_it_begins_with_the_maximum(jittor_started):
    a, b = sources()
    result = fused(begun("maximum")[0], a, b)
    wanted = np.maximum(a, b)
    assert np.abs(result - wanted).mean() < 0.02
    assert np.abs(result - wanted).mean() < 0.1 * np.abs(0.5 * (a + b) - wanted).mean()


@pytest.mark.parametrize("rule", ["maximum", "mean"])
def test_equal_sources_come_back(jittor_started, rule):
    a, _ = sources()
    result = fused(begun(rule)[0], a, a)
    assert np.abs(result - a).mean() < 0.02


def test_the_rest_is_as_drawn_and_can_be_trained(jittor_started):
    _, drawn, weights = begun("maximum")
    same = [np.mean(drawn[name] == weights[name]) for name in drawn]
    assert np.mean(same) > 0.7
    assert all(np.isfinite(array).all() for array in weights.values())


def test_random_changes_nothing(jittor_started):
    _, drawn, weights = begun("random")
    assert all(np.array_equal(drawn[name], weights[name]) for name in drawn)


def test_another_rule_is_refused():
    from film_core.training.beginning import begin_from_rule
    from film_core.training.recipe import make_recipe

    with pytest.raises(UnknownNameError):
        begin_from_rule({}, "minimum")
    with pytest.raises(UnknownNameError):
        make_recipe("film-studio", {"beginning": "minimum"})
    with pytest.raises(SettingError):
        make_recipe("film-studio", {"balance": 2})
