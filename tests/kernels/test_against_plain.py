"""The fused kernels against the plain path: sizes, token counts, batches, attention maps."""

import numpy as np
import pytest

SIZES = [
    (16, 16),
    (16, 700),
    (700, 17),
    (23, 29),
    (63, 47),
    (64, 48),
    (65, 49),  # one row and one column more than a tile
    (129, 97),
    (288, 384),
    (289, 383),
    (311, 401),
]


def plain_and_fused(small, a, b, text, attention=None):
    from film_core.kernels import fused_forward

    return (
        small(a, b, text, attention=attention),
        fused_forward(dict(small.named_parameters()), a, b, text, attention),
    )


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_any_size(jittor, small, draw, height, width):
    with jittor.no_grad():
        plain, fused = plain_and_fused(small, *draw(1, height, width, 3))
    np.testing.assert_allclose(fused.numpy(), plain.numpy(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("rows", [1, 2, 11, 12, 13, 25, 96, 512])
def test_any_number_of_words(jittor, small, draw, rows):
    with jittor.no_grad():
        plain, fused = plain_and_fused(small, *draw(1, 24, 40, rows))
    np.testing.assert_allclose(fused.numpy(), plain.numpy(), atol=1e-5, rtol=0)


def test_a_batch(jittor, small, draw):
    with jittor.no_grad():
        plain, fused = plain_and_fused(small, *draw(3, 33, 50, 4))
    np.testing.assert_allclose(fused.numpy(), plain.numpy(), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("height", "width"), [(40, 60), (288, 384)])
def test_attention_maps(jittor, small, draw, height, width):
    with jittor.no_grad():
        (_, plain), (_, fused) = plain_and_fused(small, *draw(2, height, width, 14), "full")
    for expected, found in zip(plain, fused, strict=True):
        for source in "ab":
            for part in ("mean", "spatial", "tokens", "gate"):
                np.testing.assert_allclose(
                    getattr(found[source], part).numpy(),
                    getattr(expected[source], part).numpy(),
                    atol=1e-6,
                    rtol=1e-4,
                    err_msg=f"{source} {part}",
                )


def test_maps_that_nobody_asked_for_are_not_made(jittor, small, draw):
    with jittor.no_grad():
        _, (_, maps) = plain_and_fused(small, *draw(1, 20, 20, 2), "spatial")
    assert maps[0]["a"].tokens is None
