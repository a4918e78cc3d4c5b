"""What a fused picture keeps of a light that only one source shows."""

import math

import numpy as np
import pytest

from film_core.fusion import load_fuser
from film_core.metrics.kept_brightness import kept_brightness


def night():
    """Return (infrared, visible): a lamp of 10 x 10 pixels that only the visible image shows."""
    infrared = np.full((50, 40), 0.2, np.float32)
    visible = np.full((50, 40), 0.1, np.float32)
    visible[10:20, 10:20] = 1.0
    return infrared, visible


def test_rules_keep_what_they_should():
    infrared, visible = night()
    of = {
        "maximum": np.maximum(infrared, visible), "mean": (infrared + visible) / 2,
        "infrared": infrared,
    }  # fmt: skip
    seen = {name: kept_brightness(fused, visible, infrared) for name, fused in of.items()}
    assert all(found.share == pytest.approx(100 / 2000) for found in seen.values())
    kept = [seen[name].kept for name in ("maximum", "mean", "infrared")]
    assert kept == pytest.approx([1.0, 0.5, 0.0], abs=1e-6)


def test_only_much_brighter_pixels_count():
    infrared, visible = night()
    found = kept_brightness(visible, infrared, visible)  # by 0.1 at most
    assert found.share == 0
    assert math.isnan(found.kept)


def test_brighter_than_the_source_is_more_than_all():
    infrared, visible = night()
    assert kept_brightness(np.ones_like(visible), 0.9 * visible, infrared).kept > 1


def test_shapes_must_agree():
    infrared, visible = night()
    with pytest.raises(ValueError, match="shapes differ"):
        kept_brightness(visible[1:], visible, infrared)


@pytest.fixture(scope="module")
def fuser(random_weights):
    return load_fuser(random_weights, device="cpu")


@pytest.mark.parametrize("task", ["ivf", "mif", "mef", "mff"])
def test_a_result_says_what_is_lost_where_brightness_counts(fuser, task):
    a, b = (np.rint(255 * image).astype(np.uint8) for image in night())
    fuser.set_images(a, b, task)
    result = fuser.fuse("A wall.", "A lamp.")
    kept = kept_brightness(result.luminance, b / 255.0, a / 255.0).kept
    assert kept < 0.5  # random weights make everything grey
    codes = [getattr(note, "code", "") for note in result.notes]
    expected = task in ("ivf", "mif")
    assert ("fusion.lost_brightness" in codes) == expected
    if expected:
        note = result.notes[codes.index("fusion.lost_brightness")]
        assert note.values == {"source": "B", "share": "5.0", "kept": f"{100 * kept:.0f}"}
