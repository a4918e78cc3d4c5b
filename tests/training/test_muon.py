"""Orthogonalised momentum: against singular value decomposition, and beside Adam."""

import numpy as np

LAYOUT = {
    "restormer2.attn.qkv.weight": (96, 32, 1, 1),
    "restormer2.attn.qkv_dwconv.weight": (96, 1, 3, 3),
    "convA1.weight": (32, 32, 3, 3),
    "conv2.weight": (1, 32, 1, 1),
    "cross_attentionA1.multihead_attn.out_proj.weight": (256, 256),
    "conv1.bias": (32,),
}


def drawn(seed: int, count: int) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    size = sum(int(np.prod(shape)) for shape in LAYOUT.values())
    return [random.normal(size=size).astype(np.float32) for _ in range(count)]


def test_orthogonalising_keeps_directions_and_evens_out_their_sizes(jittor_started):
    from film_core.training.orthogonal import orthogonalised

    random = np.random.default_rng(1)
    for shape in ((3, 32, 32), (2, 128, 32), (2, 32, 288)):
        matrices = random.normal(size=shape).astype(np.float32)
        matrices[0] *= 1e-6
        u, _, vt = np.linalg.svd(matrices, full_matrices=False)
        result = orthogonalised(matrices)
        inside = u.swapaxes(1, 2) @ result @ vt.swapaxes(1, 2)
        sizes = np.diagonal(inside, axis1=1, axis2=2)
        # The smallest singular values of a square matrix of noise are near zero and may stay small.
        assert np.quantile(sizes, 0.1) > 0.6 and sizes.max() < 1.25
        diagonal = sizes[:, None, :] * np.eye(sizes.shape[1])
        np.testing.assert_allclose(inside - diagonal, 0, atol=1e-3)
    assert not orthogonalised(np.zeros((1, 32, 64), np.float32)).any()


def test_only_matrices_of_the_picture_are_orthogonalised(jittor_started):
    from film_core.checkpoints import film_layout
    from film_core.training.orthogonal import matrix_shape

    shapes = {name: matrix_shape(name, shape) for name, shape in LAYOUT.items()}
    assert shapes == {
        "restormer2.attn.qkv.weight": (32, 32),
        "restormer2.attn.qkv_dwconv.weight": None,
        "convA1.weight": (32, 288),
        "conv2.weight": None,
        "cross_attentionA1.multihead_attn.out_proj.weight": None,
        "conv1.bias": None,
    }
    for name, shape in film_layout(384).items():
        if name.endswith(("project_out.weight", "project_in.weight", "qkv.weight")):
            assert matrix_shape(name, shape) is not None, name


def test_one_step_is_an_orthogonal_one_for_matrices_and_adams_for_the_rest(jittor_started):
    from film_core.training.optimiser import Adam
    from film_core.training.orthogonal import SIZE, Muon, orthogonalised

    start, gradient = drawn(2, 2)
    by_muon, by_adam = start.copy(), start.copy()
    Muon(LAYOUT).update(by_muon, gradient, 0.01, 1)
    Adam(start.size).update(by_adam, gradient, 0.01, 1)
    queries = slice(0, 32 * 32)
    expected = orthogonalised(gradient[queries].reshape(1, 32, 32))
    np.testing.assert_allclose(
        start[queries] - by_muon[queries],
        0.01 * SIZE * np.sqrt(32) * expected.ravel(), atol=2e-6,
    )  # fmt: skip
    rest = slice(96 * 32, 96 * 32 + 96 * 9)
    np.testing.assert_array_equal(by_muon[rest], by_adam[rest])
    np.testing.assert_array_equal(by_muon[-32:], by_adam[-32:])


def test_its_two_vectors_are_its_whole_state(jittor_started):
    from film_core.training.orthogonal import Muon

    start, *gradients = drawn(3, 7)
    through, straight = start.copy(), Muon(LAYOUT)
    for step, gradient in enumerate(gradients, 1):
        straight.update(through, gradient, 0.01, step)
    resumed, first = start.copy(), Muon(LAYOUT)
    for step, gradient in enumerate(gradients[:3], 1):
        first.update(resumed, gradient, 0.01, step)
    second = Muon(LAYOUT)
    second.first, second.second = first.first.copy(), first.second.copy()
    for step, gradient in enumerate(gradients[3:], 4):
        second.update(resumed, gradient, 0.01, step)
    np.testing.assert_array_equal(resumed, through)
