"""The tone curve of a pair: as much contrast as there is room for, and not more than asked."""

import numpy as np
import pytest

from film_core.training.tones import Tones, tones_of


def pair(black, white):
    """A pair whose brighter source runs evenly from `black` to `white`."""
    a = np.linspace(black, white, 40 * 50, dtype=np.float32).reshape(40, 50)
    return a, 0.5 * a


@pytest.mark.parametrize(
    ("black", "white", "gain"),
    [(0.4, 1.0, 1.3), (0.2, 0.6, 1.3), (0.1, 0.95, 1.187), (0.0, 1.0, 1.0101)],
)
def test_the_gain_is_what_was_asked_or_what_there_is_room_for(black, white, gain):
    tones = tones_of(*pair(black, white), 1.3)
    assert tones.gain == pytest.approx(gain, rel=2e-3)
    low, high = (tones.gain * np.percentile(pair(black, white)[0], q) + tones.offset
                 for q in (0.5, 99.5))  # fmt: skip
    assert low >= -1e-6 and high <= 1 + 1e-6


def test_the_room_that_remains_is_split_as_before():
    a, b = pair(0.3, 0.6)
    tones = tones_of(a, b, 1.3)
    low, high = np.percentile(a, (0.5, 99.5))
    before = low / (1 - high)
    after = (tones.gain * low + tones.offset) / (1 - (tones.gain * high + tones.offset))
    assert after == pytest.approx(before, rel=1e-4)


def test_the_brighter_source_decides():
    a, b = pair(0.4, 0.9)
    assert tones_of(a, b, 1.3) == tones_of(b, a, 1.3) == tones_of(a, a, 1.3)


def test_nothing_is_spread_without_contrast_or_without_tones():
    a, b = pair(0.4, 0.9)
    assert tones_of(a, b, 1.0) == Tones()
    flat = np.full((30, 30), 0.5, np.float32)
    assert tones_of(flat, flat, 2.0) == Tones()
    assert Tones().spread(flat) is flat
