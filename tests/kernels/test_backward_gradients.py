"""Gradients of the training kernels against differences of a float64 network."""

import float64_film
import numpy as np
import pytest

BLOCK_SHAPES = {
    c: [(c,), (c,), (8, 1, 1), (3 * c, c, 1, 1), (3 * c, 1, 3, 3), (c, c, 1, 1), (c,), (c,),
        (8 * c, c, 1, 1), (8 * c, 1, 3, 3), (c, 4 * c, 1, 1)]
    for c in (32, 64)
}  # fmt: skip
SLAB_SHAPES = [(32, 32, 1, 1), (32,)]
GATE_SHAPES = [*SLAB_SHAPES, (768, 256), (768,), (256, 256), (256,)]
OUTPUT_SHAPES = [*SLAB_SHAPES, (32, 32, 1, 1), (32,), (1,), (32, 64, 1, 1), (32,), (1,)]


def draw(shapes, seed=0):
    """Float32 values of a size that keeps every part of an operator in play."""
    generator = np.random.default_rng(seed)
    values = []
    for shape in shapes:
        value = generator.standard_normal(shape)
        if len(shape) == 4 and shape[2] in (1, 3):  # a convolution's weight
            value *= 1.5 / np.sqrt(np.prod(shape[1:]))
        elif len(shape) <= 2:
            value *= 0.3
        values.append(value.astype(np.float32))
    return values


def assert_gradients(jittor, kernel, reference, inputs):
    """The kernel's value and gradients fit the float64 reference along two directions each."""
    generator = np.random.default_rng(3)
    variables = [jittor.array(value) for value in inputs]
    result = kernel(*variables)
    inputs = [value.astype(np.float64) for value in inputs]
    expected = reference(*inputs)
    assert np.abs(result.numpy() - expected).max() <= 2e-5 * max(1, np.abs(expected).max())
    weights = generator.standard_normal(expected.shape)
    loss = (result * jittor.array(weights.astype(np.float32))).sum()
    gradients = [g.numpy().astype(np.float64) for g in jittor.grad(loss, variables)]
    for index, gradient in enumerate(gradients):
        size = np.sqrt((gradient**2).sum())
        assert np.isfinite(size)
        assert size > 0, index
        directions = [gradient, generator.standard_normal(gradient.shape)]
        for direction in directions:
            direction = direction / np.sqrt((direction**2).sum())
            step = 1e-6
            ends = []
            for sign in (1, -1):
                moved = [*inputs]
                moved[index] = inputs[index] + sign * step * direction
                ends.append((reference(*moved) * weights).sum())
            slope = (ends[0] - ends[1]) / (2 * step)
            assert (gradient * direction).sum() == pytest.approx(slope, abs=3e-4 * size), index


def block_inputs(channels, batch, height, width):
    inputs = draw([(batch, height, width, channels), *BLOCK_SHAPES[channels]])
    inputs[0] *= 5
    for index in (1, 3, 7):  # norm weights and temperature around one
        inputs[index] += 1
    return inputs


@pytest.mark.slow
@pytest.mark.parametrize(
    ("channels", "batch", "height", "width"),
    [(32, 2, 5, 7), (64, 1, 6, 3), (32, 1, 26, 46)],  # the last is more than one tile
)
def test_restormer_block(jittor, channels, batch, height, width):
    from film_core.kernels.training import restormer_block

    assert_gradients(
        jittor,
        lambda x, *weights: restormer_block(x, list(weights)),
        float64_film.restormer_block,
        block_inputs(channels, batch, height, width),
    )


def test_restormer_block_of_one_pixel(jittor):
    from film_core.kernels.training import restormer_block

    # With one pixel every cosine is 1 or -1 and temperatures have no gradient: only the value.
    inputs = block_inputs(32, 1, 1, 1)
    found = restormer_block(jittor.array(inputs[0]), [jittor.array(w) for w in inputs[1:]])
    expected = float64_film.restormer_block(*(value.astype(np.float64) for value in inputs))
    np.testing.assert_allclose(found.numpy(), expected, atol=2e-5)


@pytest.mark.parametrize(("channels", "height", "width"), [(1, 5, 9), (32, 4, 7), (32, 27, 3)])
def test_convolution(jittor, channels, height, width):
    from film_core.kernels.training import convolution_prelu

    shapes = [(2, height, width, channels), (32, channels, 3, 3), (1,)]
    assert_gradients(jittor, convolution_prelu, float64_film.convolution_prelu, draw(shapes))


@pytest.mark.slow
@pytest.mark.parametrize(("height", "width", "tokens"), [(5, 7, 3), (96, 128, 2), (301, 390, 17)])
def test_text_gate(jittor, height, width, tokens):
    from film_core.kernels.training import text_gate

    inputs = draw([(1, height, width, 32), (1, tokens, 256), *GATE_SHAPES])
    inputs[0] *= 3
    inputs[4] *= 0.3
    assert_gradients(
        jittor, lambda x, t, *w: text_gate(x, t, list(w)), float64_film.text_gate, inputs
    )


@pytest.mark.slow
@pytest.mark.parametrize(("height", "width"), [(5, 7), (24, 32), (301, 390)])
def test_gated_output(jittor, height, width):
    from film_core.kernels.training import gated_output

    inputs = draw([(1, height, width, 32), (1, 256), *OUTPUT_SHAPES])
    for index in (6, 9):  # soft bends: float32 and float64 see some pixels on different sides
        inputs[index] = np.array([0.8], np.float32)
    assert_gradients(
        jittor, lambda x, g, *w: gated_output(x, g, list(w)), float64_film.gated_output, inputs
    )


@pytest.mark.slow
def test_the_whole_network_along_a_direction_in_everything(jittor, small, draw):
    from film_core.kernels.training import training_forward

    a, b, text = draw(1, 19, 27, 3)
    variables = [jittor.array(value.numpy()) for value in small.state_dict().values()]
    names = list(small.state_dict())
    everything = [*variables, a, b, text]

    def reference(values):
        return float64_film.film(dict(zip(names, values, strict=False)), *values[len(names) :])

    fused = training_forward(dict(zip(names, variables, strict=True)), a, b, text)
    values = [value.numpy().astype(np.float64) for value in everything]
    expected = reference(values)
    assert np.abs(fused.numpy() - expected).max() <= 1e-5
    generator = np.random.default_rng(8)
    weights = generator.standard_normal(expected.shape)
    gradients = jittor.grad((fused * jittor.array(weights.astype(np.float32))).sum(), everything)
    gradients = [gradient.numpy().astype(np.float64) for gradient in gradients]
    assert all(np.abs(gradient).max() > 0 for gradient in gradients)
    directions = [
        generator.standard_normal(value.shape) * np.sqrt((value**2).mean()) for value in values
    ]
    found = sum((g * d).sum() for g, d in zip(gradients, directions, strict=True))
    step = 1e-7
    ends = [
        (reference([v + sign * step * d for v, d in zip(values, directions, strict=True)])
         * weights).sum()
        for sign in (1, -1)
    ]  # fmt: skip
    slope = (ends[0] - ends[1]) / (2 * step)
    size = np.sqrt(
        sum((g**2).sum() * (d**2).mean() for g, d in zip(gradients, directions, strict=True))
    )
    assert found == pytest.approx(slope, abs=1e-3 * size)
