"""Losses against the public reference's values, and the smoothed metrics against the metrics."""

import json

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("jittor_started")


def given(fused, a, b, answer=None, known=0.0):
    import jittor as jt

    from film_core.training.losses import LossInput

    images = [jt.array(np.ascontiguousarray(x, np.float32)) for x in (fused, a, b)]
    answer = images[0] if answer is None else jt.array(np.ascontiguousarray(answer, np.float32))
    return LossInput(*images, answer, jt.array(np.full((len(a), 1, 1), known, np.float32)))


@pytest.fixture(scope="module")
def golden(shared):
    folder = shared / "golden" / "film"
    step = np.load(folder / "train_step0.npz")
    a, b = (step[key][:, 0] / np.float32(255) for key in ("image_a", "image_b"))
    return a, b, step, json.loads((folder / "train_steps.json").read_text())[0]


def test_published_loss_and_its_gradient(golden):
    import jittor as jt

    from film_core.training.losses import compute_losses

    a, b, step, expected = golden
    inputs = given(step["fused"][:, 0], a, b)
    total, terms = compute_losses(inputs, {"intensity": 1.0, "gradient": 20.0})
    assert terms["intensity"].item() == pytest.approx(expected["loss_in"], rel=1e-4)
    assert terms["gradient"].item() == pytest.approx(expected["loss_grad"], rel=1e-4)
    assert total.item() == pytest.approx(expected["loss_total"], rel=1e-4)
    gradient = jt.grad(total, inputs.fused).numpy()
    # Where a Sobel response is zero or equal to its target by rounding, the sign is free.
    differs = np.abs(gradient - step["grad_fused"][:, 0]) > 1e-6
    assert differs.mean() < 1e-3


def test_published_optional_term(golden):
    import jittor as jt

    from film_core.training.losses import lp_ssim, lp_ssim_parts

    a, b, step, expected = golden
    fused = step["fused"][:, 0]
    totals = []
    for source, key in ((a, "lp_ssim_A"), (b, "lp_ssim_B")):
        lp, structure = lp_ssim_parts(jt.array(source), jt.array(fused))
        assert lp.item() == pytest.approx(expected[key][1], rel=1e-4)
        assert structure.item() == pytest.approx(expected[key][2], rel=1e-4)
        totals.append(expected[key][0])
    assert lp_ssim(given(fused, a, b)).item() == pytest.approx(sum(totals), rel=1e-4)


def test_smoothed_metrics_rank_and_measure_as_the_metrics_do(golden):
    from film_core.metrics import measure
    from film_core.training.losses import LOSS_TERMS

    a, b = golden[0][:1], golden[1][:1]
    candidates = {"maximum": np.maximum(a, b), "mean": (a + b) / 2, "a": a}
    for name, (term, offset) in {"Qabf": ("edges", 1), "VIFF": ("information", 2)}.items():
        ours, theirs = [], []
        for fused in candidates.values():
            ours.append(offset - LOSS_TERMS[term].compute(given(fused, a, b)).item())
            measured = measure(255 * fused[0], 255 * a[0], 255 * b[0], names=[name])
            theirs.append(measured[name])
        np.testing.assert_allclose(ours, theirs, atol=0.06)
        assert np.argsort(ours).tolist() == np.argsort(theirs).tolist()


@pytest.mark.parametrize(
    "name", ["intensity", "gradient", "lp_ssim", "mean", "signed_gradient", "edges", "information",
             "light", "answer", "answer_edges"],
)  # fmt: skip
def test_slopes_are_the_slopes_of_the_values(name):
    import jittor as jt

    from film_core.training.losses import LOSS_TERMS

    random = np.random.default_rng(3)
    y, x = np.mgrid[0:48, 0:56] / 9
    a = (0.5 + 0.3 * np.sin(x) + random.normal(0, 0.03, x.shape))[None]
    b = (0.5 + 0.3 * np.cos(y) + random.normal(0, 0.03, x.shape))[None]
    fused = 0.6 * a + 0.4 * b + random.normal(0, 0.02, a.shape)
    answer = 0.5 * a + 0.5 * b
    direction = random.normal(size=fused.shape)

    def value(image):
        return LOSS_TERMS[name].compute(given(image, a, b, answer, 1.0))

    inputs = given(fused, a, b, answer, 1.0)
    slope = float((jt.grad(LOSS_TERMS[name].compute(inputs), inputs.fused).numpy()
                   * direction).sum())  # fmt: skip
    h = 2e-4
    estimate = (value(fused + h * direction).item() - value(fused - h * direction).item()) / (2 * h)
    assert slope == pytest.approx(estimate, rel=0.05, abs=0.02)


def test_light_weighs_small_places_like_large_ones_until_they_are_tiny():
    from film_core.training.losses import SMALL_SHARE, lost_light

    def lost(share, kept):
        a = np.full((1, 40, 100), 0.2, np.float32)
        b = a.copy()
        b.reshape(-1)[: round(share * b.size)] = 0.8
        return lost_light(given(a + kept * (b - a), a, b)).item()

    assert lost(0.5, 1.0) == pytest.approx(0.0, abs=1e-6)
    assert lost(0.5, 0.0) == pytest.approx(0.6, rel=1e-4)
    assert lost(0.01, 0.0) == pytest.approx(lost(0.5, 0.0), rel=1e-4)
    assert lost(0.01, 0.75) == pytest.approx(0.15, rel=1e-4)
    assert lost(SMALL_SHARE / 5, 0.0) == pytest.approx(0.12, rel=1e-4)


def test_light_asks_for_either_source():
    from film_core.training.losses import lost_light

    a = np.full((1, 40, 100), 0.2, np.float32)
    b = a.copy()
    a[:, :20], b[:, 20:] = 0.6, 0.9
    assert lost_light(given(a, a, b)).item() == pytest.approx(0.7, rel=1e-4)
    assert lost_light(given(b, a, b)).item() == pytest.approx(0.4, rel=1e-4)
    assert lost_light(given(np.maximum(a, b), a, b)).item() == pytest.approx(0.0, abs=1e-6)


def test_flat_images_give_numbers():
    import jittor as jt

    from film_core.training.losses import LOSS_TERMS, compute_losses

    flat = np.full((1, 48, 56), 0.5, np.float32)
    inputs = given(flat, flat, flat)
    total, terms = compute_losses(inputs, dict.fromkeys(LOSS_TERMS, 1.0))
    assert all(np.isfinite(term.item()) for term in terms.values())
    assert np.isfinite(jt.grad(total, inputs.fused).numpy()).all()


def test_mistyped_terms_are_answered():
    from film_core.errors import UnknownNameError
    from film_core.training.losses import compute_losses

    flat = np.zeros((1, 48, 48))
    with pytest.raises(UnknownNameError, match="did you mean 'gradient'"):
        compute_losses(given(flat, flat, flat), {"gradeint": 1.0})


def test_brightness_and_edges_are_those_of_the_aims():
    from dataclasses import replace

    import jittor as jt

    from film_core.training.losses import LOSS_TERMS
    from film_core.training.tones import Tones

    random = np.random.default_rng(8)
    a, b = (random.uniform(0.3, 0.7, (1, 48, 56)).astype(np.float32) for _ in "ab")
    spread = Tones(1.5, -0.2).spread
    inputs = replace(
        given(np.maximum(spread(a), spread(b)), a, b),
        aim_a=jt.array(spread(a)), aim_b=jt.array(spread(b)),
    )  # fmt: skip
    assert LOSS_TERMS["intensity"].compute(inputs).item() == pytest.approx(0.0, abs=1e-6)
    assert LOSS_TERMS["intensity"].compute(given(inputs.fused.numpy(), a, b)).item() > 0.01
    like_a = replace(inputs, fused=jt.array(spread(a)), b=inputs.a, aim_b=inputs.aim_a)
    for name in ("gradient", "signed_gradient", "mean", "light"):
        assert LOSS_TERMS[name].compute(like_a).item() == pytest.approx(0.0, abs=1e-5), name
    assert LOSS_TERMS["gradient"].compute(given(spread(a), a, a)).item() > 0.01
