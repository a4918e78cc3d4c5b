"""Fixtures that every test may use."""

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root folder."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The golden values and real pairs beside the repository; skips where they are absent."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the golden values in ../shared, which are not part of the repository")
    return folder


@pytest.fixture(scope="session")
def jittor():
    """Jittor, started on the CPU as the product starts it."""
    from film_core.runtime import start

    start("cpu")
    import jittor

    return jittor


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory) -> Path:
    """Weights of the embedded encoder's width that nobody trained, in which the text is visible."""
    import numpy as np

    from film_core.checkpoints import Card, film_layout, save_weights

    draw = np.random.default_rng(7)
    state = {}
    for name, shape in film_layout(384).items():
        values = draw.uniform(-1, 1, shape) / np.sqrt(max(1, np.prod(shape[1:])))
        if name.endswith(("norm1.body.weight", "norm2.body.weight", "temperature")):
            values = 1 + 0.1 * values
        if "A2.weight" in name or "B2.weight" in name:  # the gate is small: let it be seen
            values = 50 * values
        state[name] = values.astype(np.float32)
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    card = Card(name="random", task="ivf", text_encoder="minilm", text_width=384)
    save_weights(state, path, card)
    return path
