"""The locally sharper source, on pairs whose right answer is known."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from film_core.training.in_focus import in_focus


@pytest.fixture
def scene():
    random = np.random.default_rng(5)
    return np.clip(0.5 + gaussian_filter(random.normal(size=(96, 128)), 1) * 0.8, 0, 1).astype(
        np.float32
    )


def test_the_sharp_half_of_each_source_is_taken(scene):
    blurred = gaussian_filter(scene, 2)
    near, far = scene.copy(), scene.copy()
    near[:, 64:], far[:, :64] = blurred[:, 64:], blurred[:, :64]
    fused = in_focus(near, far)
    away = np.abs(np.arange(128) - 64) > 20
    np.testing.assert_allclose(fused[:, away], scene[:, away], atol=1e-4)
    seam = np.abs(fused - scene)[:, ~away].mean()
    assert seam < 0.5 * np.abs(0.5 * (near + far) - scene)[:, ~away].mean()
    assert fused.dtype == np.float32
    np.testing.assert_allclose(in_focus(far, near), fused, atol=1e-6)


def test_where_both_are_alike_nothing_changes(scene):
    np.testing.assert_allclose(in_focus(scene, scene), scene, atol=1e-6)
