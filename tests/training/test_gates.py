"""Steps that take the text gates as given: same picture, no gradient in the gates."""

import numpy as np
import pytest

GATES = ("text_process", "cross_attention")


def step(film, parameters, inputs):
    import jittor as jt

    fused = film(*inputs)
    gradients = jt.grad((fused * fused).sum(), list(parameters.values()))
    return fused.numpy(), {
        name: value.numpy() for name, value in zip(parameters, gradients, strict=True)
    }


@pytest.mark.parametrize("kernels", ["fused", "plain"])
def test_constant_gates_have_no_gradient_and_change_no_picture(jittor_started, kernels):
    import jittor as jt

    from film_core.net import Film

    jt.set_global_seed(3)
    film = Film(text_width=16, kernels=kernels)
    parameters = dict(film.named_parameters())
    random = np.random.default_rng(3)
    inputs = [jt.array(random.random(shape, dtype=np.float32))
              for shape in ((1, 1, 48, 64), (1, 1, 48, 64), (1, 5, 16))]  # fmt: skip
    fused, learning = step(film, parameters, inputs)
    film.gates_learn = False
    same, given = step(film, parameters, inputs)
    np.testing.assert_array_equal(same, fused)
    for name, gradient in given.items():
        if any(part in name for part in GATES):
            assert np.abs(learning[name]).max() > 0 or name.endswith("in_proj_bias"), name
            assert not gradient.any(), name
    # The last blocks lie behind every gate: what reaches them is the same.
    for name in ("conv2.weight", "restormer3.ffn.project_out.weight"):
        np.testing.assert_allclose(given[name], learning[name], rtol=1e-5, atol=1e-6)
    # A gate's features are still reached through what it multiplies.
    assert given["restormerca1.imagef2textfA1.conv.weight"].any()
