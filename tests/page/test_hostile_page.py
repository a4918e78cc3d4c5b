"""Mutated images and odd texts at a running page's doors, in short; `benchmarks.fuzzing.hostile`
sends thousands."""

from benchmarks.fuzzing.hostile import send_images, send_texts
from benchmarks.fuzzing.mutating import mutated_images, odd_texts


def test_hostile_images_are_answered_by_a_result_or_a_sentence(stand_in_page):
    before = stand_in_page.health()["restarts"]
    found = send_images(stand_in_page.address, mutated_images(75, seed=1))
    assert found.odd == []
    assert found.outcomes.total() == 75 and found.outcomes["sentence"] >= 20
    health = stand_in_page.health()
    assert health["reading"] in ("ready", "busy") and health["restarts"] == before


def test_hostile_texts_are_answered_by_a_result_or_a_sentence(stand_in_page):
    found = send_texts(stand_in_page.address, odd_texts(30, 200, seed=1))
    assert found.odd == []
    assert found.outcomes["result"] >= 20
