"""Files that a visitor can take away: a figure's words can be read in every language."""

import json
import math
import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from demo.actions.opening import first_visit
from demo.files import FIGURE_KINDS, attention_figure, metrics_json
from demo.state import Look
from film_core.lettering import families, missing

SAYINGS = [("“夜” 在源 A 中", "1 = 均匀"), ("“夜” in source A", "1 is an even look")]


def drawn(kind: str) -> bytes:
    ramp = np.linspace(0, 2, 12, dtype=np.float32).reshape(3, 4)
    result = SimpleNamespace(words=[], attention=SimpleNamespace(map=lambda *place: ramp))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of each box
        return attention_figure(result, Look(), np.zeros((3, 4), np.uint8), SAYINGS, kind)


def test_metrics_that_are_not_defined_are_null_of_every_result():
    """Found by reading: those of earlier results stayed NaN, which no JSON has."""
    visit, odd = first_visit()[0], {"CC": math.nan, "PSNR": math.inf, "EN": 1.0}
    forms = {"raw": odd, "paper": odd}
    result = replace(visit.result, metrics=forms, comparison={"mean": forms})
    read = json.loads(metrics_json(result, [result]), parse_constant=pytest.fail)
    null = {"CC": None, "PSNR": None, "EN": 1.0}
    assert read["metrics"]["raw"] == read["comparison"]["mean"]["raw"] == null
    assert read["earlier"][0]["metrics"]["paper"] == null


@pytest.mark.parametrize("kind", FIGURE_KINDS)
def test_no_letter_of_a_figure_is_a_box(kind):
    assert len(drawn(kind)) > 1000


def test_a_figure_is_in_chinese_where_a_font_for_it_is_installed():
    if len(families()) == 1:
        pytest.skip("no Chinese font is installed")
    assert missing("".join(SAYINGS[0])) == set()
    for text in SAYINGS[0]:
        assert f"<!-- {text} -->".encode() in drawn("svg")


def test_a_figure_is_in_english_where_none_is(monkeypatch):
    monkeypatch.setattr("film_core.lettering.families", lambda: ("DejaVu Sans",))
    figure = drawn("svg")
    assert "<!-- “?” in source A -->".encode() in figure
    assert b"<!-- 1 is an even look -->" in figure
