"""What the branch is taught: codes of places, marks of words, damage, and targets."""

import re

import numpy as np
import pytest

from film_core.instructions import CHANNELS, GRID, load_wording, region_mask, region_planes
from film_core.text import Token
from film_core.training.steer.damage import DAMAGES, damage_pair
from film_core.training.steer.recipe import SteerRecipe
from film_core.training.steer.sampling import PLACES, SceneView, SteerSampler, place_code
from film_core.training.steer.scenes import Scene
from film_core.training.steer.sentences import SentencePool, draw_sentence, token_marks


@pytest.fixture(scope="module")
def sampler():
    draw = np.random.default_rng(0)
    a, b = draw.random((2, 64, 80), np.float32)
    scene = Scene("ivf/x/y/whole", a, b, np.maximum(a, b), np.maximum(a, b), "")
    wording, sentences, features, marks = load_wording("seen"), [], [], []
    for _ in range(80):
        sentence = draw_sentence(draw, wording)
        tokens = [Token(m[0], m.start(), m.end()) for m in re.finditer(r"\w+|\S", sentence.text)]
        sentences.append(sentence)
        features.append(draw.standard_normal((len(tokens), 384)).astype(np.float16))
        marks.append(token_marks(sentence, tokens))
    view = SceneView(scene, draw.random((GRID * GRID, 31), np.float32))
    return SteerSampler([view], SentencePool(sentences, features, marks), SteerRecipe(crop=40))


@pytest.mark.parametrize("region", ["left", "!top", "hot&left", "!(dark&right)", "all", "sky"])
def test_query_times_code_is_the_region(region):
    planes = region_planes(*np.random.default_rng(4).random((3, 50, 70), np.float32))
    masks = np.stack([region_mask(place, planes) > 0.5 for place in PLACES])
    scores = np.where(masks, 5.0, -5.0)  # what a query holds
    code = place_code(region)
    made = np.tensordot(code[:-1], scores, 1) + 5 * code[-1]
    names = region.replace("!", "").strip("()").split("&")
    wanted = np.ones((GRID, GRID), bool)
    for name in names:
        wanted &= region_mask(name, planes) > 0.5
    wanted = ~wanted if region.startswith("!") else wanted
    assert np.array_equal(made > 0, wanted)


def test_a_step_is_decided_by_its_number(sampler):
    for part in (sampler.words, sampler.edits, sampler.places):
        one, again, other = (vars(part(step)) for step in (3, 3, 4))
        assert all(np.array_equal(one[name], again[name]) for name in one)
        assert any(
            one[name].shape != other[name].shape or not np.array_equal(one[name], other[name])
            for name in one
        )


def test_spans_carry_their_own_operation_and_all_other_words_are_quiet(sampler):
    pool = sampler.pool
    number = next(n for n, s in enumerate(pool.sentences) if s.kind == "two")
    batch = sampler.word_batch([number], np.random.default_rng(0), noisy=False)
    sentence = pool.sentences[number]
    assert batch.acting[0].sum() == 2
    for slot, clause in enumerate(sentence.clauses):
        assert np.abs(batch.values[0, slot]).sum() == pytest.approx(clause.strength)
    assert not np.any((batch.spans[0].sum(0) > 0) & (batch.quiet[0] > 0))
    assert np.all((batch.spans[0].sum(0) + batch.quiet[0] > 0) == (batch.present[0] > 0))


def test_facts_teach_nothing_but_quiet(sampler):
    number = next(n for n, s in enumerate(sampler.pool.sentences) if s.kind == "fact")
    batch = sampler.word_batch([number], np.random.default_rng(0), noisy=False)
    assert batch.acting.sum() == 0 and batch.marked.sum() == 0 and batch.quiet.sum() > 0


def test_crops_change_only_where_something_was_asked_for(sampler):
    for step in range(4):
        batch = sampler.edits(step)
        assert batch.strengths.shape[1] == len(CHANNELS) and batch.target.shape[2:] == (40, 40)
        nowhere = np.abs(batch.strengths).sum(1) == 0
        change = np.abs(batch.target - batch.images[:, 2:])[:, 0]
        assert change[nowhere].max(initial=0) < 1e-6
        assert batch.target.min() >= 0 and batch.target.max() <= 1


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_hits_one_source(kind):
    a, b = np.random.default_rng(0).random((2, 30, 30), np.float32)
    damaged = damage_pair(a, b, kind, np.random.default_rng(1))
    same = [np.array_equal(x, y) for x, y in zip((a, b), damaged, strict=True)]
    assert sorted(same) == [False, True]
    assert all(x.min() >= 0 and x.max() <= 1 for x in damaged)
