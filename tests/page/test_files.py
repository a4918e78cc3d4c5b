"""Files that a visitor can take away: a figure's words can be read in every language."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from demo.files import FIGURE_KINDS, attention_figure
from demo.state import Look
from film_core.lettering import families, missing

SAYINGS = [("“夜” 在源 A 中", "1 = 均匀"), ("“夜” in source A", "1 is an even look")]


def drawn(kind: str) -> bytes:
    ramp = np.linspace(0, 2, 12, dtype=np.float32).reshape(3, 4)
    result = SimpleNamespace(words=[], attention=SimpleNamespace(map=lambda *place: ramp))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of each box
        return attention_figure(result, Look(), np.zeros((3, 4), np.uint8), SAYINGS, kind)


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
