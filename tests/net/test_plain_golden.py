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
    """Losses, gradients and parameters of three Adam steps, both paths on one trajectory.

    The trajectory is the fused path's, and has to be the reference's. The plain operators are
    asked for loss and gradient at each of its points and don't take their own steps: Adam's first
    step is the gradient's sign, the few values whose gradient is rounding noise then go the other
    way, and these weights (gates scaled up) turn that into 1e-4 of the next loss. PyTorch's
    float32 and float64 gradients differ at these points as the two paths here do: by single
    pixels on the other side of a PReLU's kink.
    """
    from film_core.checkpoints import load_film
    from film_core.training.losses import LossInput, compute_losses
    from film_core.training.optimiser import Adam, FlatParameters

    films = {
        kernels: load_film(shared / "golden/film/ckpt_official_layout.pth", kernels=kernels)[0]
        for kernels in ("plain", "fused")
    }
    start = np.load(shared / "golden/film/train_step0.npz")
    steps = json.loads((shared / "golden/film/train_steps.json").read_text())
    a, b = (jittor.array(start[k].astype(np.float32) / 255) for k in ("image_a", "image_b"))
    text = jittor.array(start["text"])
    parameters = {kernels: FlatParameters(film) for kernels, film in films.items()}
    values = parameters["fused"].read()
    optimiser = Adam(values.size)
    for number, step in enumerate(steps, start=1):
        gradients = {}
        for kernels, film in films.items():
            parameters[kernels].write(values)
            fused = film(a, b, text)[:, 0]
            given = LossInput(fused, a[:, 0], b[:, 0], answer=a[:, 0], known=a[:, 0])
            loss, _ = compute_losses(given, {"intensity": 1, "gradient": 20})
            gradients[kernels] = parameters[kernels].gradient(loss)
            assert float(loss.item()) == pytest.approx(step["loss_total"], rel=1e-4), kernels
            assert_norms(parameters[kernels].split(gradients[kernels]), step["grad_norm"], 1e-6)
        optimiser.update(values, gradients["fused"], 1e-4, number)
        assert_norms(parameters["fused"].split(values), step["param_norm"], floor=0)


def assert_norms(found, expected, floor):
    for name, norm in expected.items():
        if norm > floor:
            seen = float(np.linalg.norm(found[name].astype(np.float64)))
            assert seen == pytest.approx(norm, rel=1e-3), name
