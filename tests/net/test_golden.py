"""The plain network against values of the reference implementation."""

import json

import numpy as np
import pytest

CASES = ("case0_b1_288x384_t149", "case1_b2_256x256_t60", "case2_b1_131x203_t17")


@pytest.fixture(scope="module")
def film(shared):
    from film_core.checkpoints import load_film

    film, _ = load_film(shared / "golden/film/ckpt_official_layout.pth", kernels="plain")
    film.eval()
    return film


def run_case(film, case, attention=None):
    import jittor as jt

    def luminance(name):
        return jt.array(case[name].astype(np.float32) / 255)

    with jt.no_grad():
        return film(luminance("image_a"), luminance("image_b"), jt.array(case["text"]), attention)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES[1:])
def test_fused_images_agree_with_the_reference(film, shared, name):
    case = np.load(shared / f"golden/film/{name}.npz")
    fused = run_case(film, case).numpy()
    assert fused.shape == case["fused"].shape
    assert np.abs(fused - case["fused"]).max() <= 1e-5


@pytest.mark.slow
def test_attention_agrees_with_the_reference_in_the_pass_that_fuses(film, shared):
    case = np.load(shared / f"golden/film/{CASES[0]}.npz")
    fused, maps = run_case(film, case, attention="full")
    assert np.abs(fused.numpy() - case["fused"]).max() <= 1e-5
    for stage in range(3):
        for source in "ab":
            found = maps[stage][source]
            key = f"attention_{stage + 1}{source.upper()}"
            mean, tokens, spatial = found.mean.numpy(), found.tokens.numpy(), found.spatial.numpy()
            assert np.abs(mean - case[key]).max() <= 1e-6
            assert np.abs(tokens[:, 0].mean(1) - case[f"{key}_token0"]).max() <= 1e-6
            length = case["text"].shape[1]
            by_channel = tokens.reshape(1, length, 8, 32, 432)
            np.testing.assert_allclose(spatial, by_channel.sum(3), atol=1e-6)
            np.testing.assert_allclose(np.abs(found.gate.numpy()).sum(1), 1, atol=1e-5)


@pytest.mark.slow
def test_three_training_steps_agree_with_the_reference(shared, jittor):
    jt = jittor
    from film_core.checkpoints import load_film
    from film_core.training.losses import LossInput, compute_losses

    film, _ = load_film(shared / "golden/film/ckpt_official_layout.pth", kernels="plain")
    start = np.load(shared / "golden/film/train_step0.npz")
    steps = json.loads((shared / "golden/film/train_steps.json").read_text())
    images = {k: jt.array(start[k].astype(np.float32) / 255) for k in ("image_a", "image_b")}
    text = jt.array(start["text"])
    parameters = film.state_dict()
    optimiser = jt.optim.Adam(film.parameters(), lr=1e-4, eps=1e-8)
    for step in steps:
        fused = film(images["image_a"], images["image_b"], text)[:, 0]
        a, b = images["image_a"][:, 0], images["image_b"][:, 0]
        loss, _ = compute_losses(LossInput(fused, a, b, a, a), {"intensity": 1, "gradient": 20})
        assert float(loss.item()) == pytest.approx(step["loss_total"], rel=1e-4)
        gradients = jt.grad(loss, list(parameters.values()))
        for name, gradient in zip(parameters, gradients, strict=True):
            expected = step["grad_norm"][name]
            if expected > 1e-6:
                norm = float(np.linalg.norm(gradient.numpy().astype(np.float64)))
                assert norm == pytest.approx(expected, rel=1e-3), name
        optimiser.step(loss)
