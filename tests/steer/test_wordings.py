"""Wordings: the splits share no shape of a sentence, and spans and meanings fit the text."""

import re

import numpy as np
import pytest

from film_core.errors import UnknownNameError
from film_core.instructions import GRID, load_wording, region_mask, region_planes
from film_core.instructions.meaning import OPERATIONS
from film_core.training.steer.sentences import KINDS, draw_sentence, trained_on


def test_no_frame_of_one_split_is_in_the_other():
    seen, held_out = (load_wording(split).content for split in ("seen", "held_out"))

    def frames(content):
        listed = [frame for group in content["frames"].values() for frame in group]
        listed += [frame for group in content["negations"].values() for frame in group]
        listed += content["excepts"] + content["except-comparatives"] + content["rests"]
        listed += content["facts"]["plain"] + content["facts"]["seen"] + content["facts"]["states"]
        return {re.sub(r"\W+", " ", frame.lower()).strip() for frame in listed}

    assert not frames(seen) & frames(held_out)
    for operation in OPERATIONS.keys() - {"source-a", "source-b"}:
        old, new = (content["operations"][operation] for content in (seen, held_out))
        assert not set(old["change"]) & set(new["change"])
        assert set(new["comparative"]) - set(old["comparative"])


def test_every_operation_can_be_worded_in_hundreds_of_ways():
    wording, draw = load_wording("seen"), np.random.default_rng(0)
    for operation in OPERATIONS:
        made = {wording.instruction(draw, operation, "strongly", "left").text for _ in range(400)}
        assert len(made) > 300


def test_another_split_is_refused():
    with pytest.raises(UnknownNameError):
        load_wording("test")


@pytest.mark.parametrize("split", ["seen", "held_out"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_sentences_leave_no_slot_open_and_spans_lie_in_the_text(split, kind):
    wording, draw = load_wording(split), np.random.default_rng(1)
    planes = region_planes(*np.random.default_rng(2).random((3, 40, 56), np.float32))
    for _ in range(60):
        sentence = draw_sentence(draw, wording, kind)
        if kind != "nonsense":
            assert not re.search(r"[{}]|  ", sentence.text), sentence.text
        for span in sentence.spans:
            assert 0 <= span.start < span.end <= len(sentence.text)
            assert sentence.text[span.start : span.end].strip()
        for region in [c.region for c in sentence.clauses] + [s.region for s in sentence.spans]:
            mask = region_mask(region, planes)
            assert mask.shape == (GRID, GRID) and mask.min() >= 0 and mask.max() <= 1


def test_facts_ask_for_nothing_and_exceptions_act_elsewhere():
    wording, draw = load_wording("seen"), np.random.default_rng(0)
    assert draw_sentence(draw, wording, "fact").clauses == ()
    (clause,) = wording.excluding(draw, "brighter", "strongly", "left").clauses
    assert clause.region == "!left"
    (clause,) = wording.keeping(draw, ("darker", "plainly", "all"), "darker", "top").clauses
    assert (clause.operation, clause.region) == ("darker", "!top")
    assert wording.forbidding(draw, "brighter", "left").clauses == ()


def test_regions_are_what_they_are_called():
    a = np.zeros((60, 90), np.float32)
    a[40:50, 60:75] = 1  # something hot
    planes = region_planes(a, np.full_like(a, 0.5), a)
    left = region_mask("left", planes)
    assert left[:, : GRID // 2].min() == 1 and left[:, GRID // 2 :].max() == 0
    assert np.array_equal(region_mask("!left", planes), region_mask("right", planes))
    hot = region_mask("hot", planes)
    assert hot[36, 36] > 0.9 and hot[5, 5] < 0.1
    assert region_mask("hot&left", planes).max() < 0.1
    assert np.allclose(region_mask("!(hot&right)", planes), 1 - hot * (1 - left))


def test_some_seen_sentences_are_kept_from_training():
    wording, draw = load_wording("seen"), np.random.default_rng(0)
    kept = [trained_on(draw_sentence(draw, wording, "one").text) for _ in range(800)]
    assert 0.8 < np.mean(kept) < 0.95
    assert trained_on("Brighten it.") == trained_on("brighten it")
