"""The golden network's parameters, and small ones of our own making."""

import ctypes
import platform
from contextlib import contextmanager

import numpy as np
import pytest


@pytest.fixture
def keeping_subnormals():
    """A context in which this thread computes with subnormal numbers, as a fresh thread does.

    What -Ofast links makes them zero on the thread that loads an operator, and on its children.
    """
    if platform.machine() != "x86_64":
        pytest.skip("the processor's state is read for x86-64 only")
    library = ctypes.CDLL("libm.so.6")
    before = ctypes.create_string_buffer(64)

    @contextmanager
    def context():
        library.fegetenv(before)
        library.fesetenv(ctypes.c_void_p(-1))  # FE_DFL_ENV
        try:
            assert np.float32(1e-39) * np.float32(1) != 0
            yield
        finally:
            library.fesetenv(before)

    return context


@pytest.fixture(scope="session")
def golden_parameters(jittor, shared):
    """The golden checkpoint's tensors by name."""
    from film_core.checkpoints import load_film

    film, _ = load_film(shared / "golden" / "film" / "ckpt_official_layout.pth", kernels="plain")
    return dict(film.named_parameters())


@pytest.fixture(scope="session")
def small(jittor):
    """A plain network with text features 12 wide, in which the text is visible."""
    from film_core.net import Film

    jittor.set_global_seed(11)
    film = Film(text_width=12)
    film.eval()
    draw = np.random.default_rng(5)
    for name, value in film.named_parameters():
        if name.endswith(("temperature", "norm1.body.weight", "norm2.body.weight")):
            value.assign(1 + 0.3 * draw.standard_normal(value.shape).astype(np.float32))
        elif name.endswith(("A2.weight", "B2.weight")) and "prelu" not in name:
            value.assign(value.numpy() * 40)  # the gate is small: let it be seen
    return film


@pytest.fixture
def draw(jittor):
    """Images (B, 1, H, W) in [0, 1] and text (B, T, 12), from a seed."""

    def make(batch, height, width, rows, seed=0):
        generator = np.random.default_rng(seed)
        size = (batch, 1, height, width)
        a, b = (jittor.array(generator.random(size, np.float32)) for _ in "ab")
        words = generator.standard_normal((batch, rows, 12)).astype(np.float32)
        return a, b, jittor.array(words)

    return make
