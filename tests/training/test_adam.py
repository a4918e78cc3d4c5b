"""The optimiser against Kingma and Ba written out, and against the published three steps."""

import json

import numpy as np
import pytest


def test_adam_follows_the_paper(jittor_started):
    from film_core.training.optimiser import Adam

    random = np.random.default_rng(0)
    theta = random.normal(size=50).astype(np.float32)
    expected, m, v = theta.astype(np.float64), np.zeros(50), np.zeros(50)
    adam = Adam(50)
    for step in range(1, 8):
        gradient = random.normal(size=50).astype(np.float32) * 10.0 ** random.integers(-9, 2, 50)
        gradient = gradient.astype(np.float32)
        m = 0.9 * m + 0.1 * gradient
        v = 0.999 * v + 0.001 * gradient.astype(np.float64) ** 2
        expected -= 1e-2 * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
        adam.update(theta, gradient, 1e-2, step)
    np.testing.assert_allclose(theta, expected, atol=2e-6)


def test_clipping_scales_the_whole_gradient(jittor_started):
    from film_core.training.optimiser import clip

    gradient = np.array([3.0, 4.0], np.float32)
    assert clip(gradient, 0) == 5.0 and gradient.tolist() == [3.0, 4.0]
    assert clip(gradient, 1.0) == 5.0
    np.testing.assert_allclose(gradient, [0.6, 0.8], rtol=1e-6)


@pytest.mark.slow
def test_three_published_steps(shared, jittor_started):
    import jittor as jt

    from film_core.checkpoints import load_film
    from film_core.kernels.training import training_forward
    from film_core.training.losses import LossInput, compute_losses
    from film_core.training.optimiser import Adam, FlatParameters

    folder = shared / "golden" / "film"
    film, _ = load_film(folder / "ckpt_official_layout.pth")
    step0 = np.load(folder / "train_step0.npz")
    a, b = (jt.array(step0[key] / np.float32(255)) for key in ("image_a", "image_b"))
    text = jt.array(step0["text"])
    flat = FlatParameters(film)
    values, adam = flat.read(), Adam(flat.read().size)
    none = jt.zeros((2, 1, 1))
    for number, expected in enumerate(json.loads((folder / "train_steps.json").read_text())):
        fused = training_forward(film.state_dict(), a, b, text)[:, 0]
        given = LossInput(fused, a[:, 0], b[:, 0], fused, none)
        total, _ = compute_losses(given, {"intensity": 1.0, "gradient": 20.0})
        gradient = flat.gradient(total)
        assert total.item() == pytest.approx(expected["loss_total"], rel=1e-4)
        for name, part in flat.split(gradient).items():
            wanted = expected["grad_norm"][name]
            if wanted > 1e-6:
                assert np.linalg.norm(part) == pytest.approx(wanted, rel=1e-3), name
        adam.update(values, gradient, 1e-4, number + 1)
        flat.write(values)
