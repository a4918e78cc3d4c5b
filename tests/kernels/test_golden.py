"""The fused kernels against the published network's values, on every instruction set."""

import numpy as np
import pytest

CASES = ("case0_b1_288x384_t149", "case1_b2_256x256_t60", "case2_b1_131x203_t17")
PATHS = ("avx512", "avx2", "portable")


def load(jittor, shared, case):
    stored = dict(np.load(shared / "golden" / "film" / f"{case}.npz"))
    a, b = (jittor.array(stored[f"image_{s}"].astype(np.float32) / 255) for s in "ab")
    return a, b, jittor.array(stored["text"]), stored


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", CASES)
def test_golden_cases_on_every_path(jittor, shared, golden_parameters, monkeypatch, case, path):
    from film_core.errors import UnknownNameError
    from film_core.kernels import choose_instruction_set, fused_forward

    monkeypatch.setenv("FILM_KERNELS_ISA", path)
    try:
        choose_instruction_set()
    except UnknownNameError:
        pytest.skip(f"this processor has no {path}")
    a, b, text, stored = load(jittor, shared, case)
    with jittor.no_grad():
        fused = fused_forward(golden_parameters, a, b, text).numpy()
    np.testing.assert_allclose(fused, stored["fused"], atol=1e-5, rtol=0)


def test_golden_attention(jittor, shared, golden_parameters):
    from film_core.kernels import fused_forward

    a, b, text, stored = load(jittor, shared, CASES[0])
    with jittor.no_grad():
        _, maps = fused_forward(golden_parameters, a, b, text, attention="full")
    for number, stage in enumerate(maps, start=1):
        for source in "ab":
            name = f"attention_{number}{source.upper()}"
            np.testing.assert_allclose(
                stage[source].mean.numpy(), stored[name], atol=1e-6, rtol=1e-3
            )
            first = stage[source].tokens.numpy()[:, 0].mean(axis=1)
            np.testing.assert_allclose(first, stored[f"{name}_token0"], atol=1e-6, rtol=1e-3)
