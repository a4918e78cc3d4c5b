"""A branch that nobody trained, in which words are visible, and a small pair."""

import numpy as np
import pytest

from film_core.checkpoints import Card, branch_layout, save_branch
from film_core.text.minilm import MiniLM


@pytest.fixture(scope="session")
def loud_branch(tmp_path_factory):
    """Weights of a branch with random values, large enough to move the picture."""
    draw = np.random.default_rng(3)
    state = {}
    for name, shape in branch_layout().items():
        values = draw.uniform(-1, 1, shape) / np.sqrt(max(1, np.prod(shape[1:])))
        if "norm" in name and name.endswith("weight"):
            values = 1 + 0.1 * values
        state[name] = values.astype(np.float32)
    nothing = MiniLM(threads=1).encode("").features
    state["empty_text"] = np.concatenate([nothing, nothing])
    path = tmp_path_factory.mktemp("branch") / "film-steer-loud.safetensors"
    card = Card(name="film-steer-loud", task="ivf", text_encoder="minilm")
    save_branch(state, path, card)
    return path


@pytest.fixture(scope="session")
def pair():
    """Two pictures of odd size, (51, 66) float32."""
    rows, columns = np.mgrid[0:51, 0:66] / 66
    a = (0.2 + 0.6 * columns).astype(np.float32)
    b = (0.5 + 0.4 * np.sin(9 * rows) * np.cos(7 * columns)).astype(np.float32)
    return a, b
