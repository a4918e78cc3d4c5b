"""A Q-Former of the published width, small enough to be made on the spot."""

import numpy as np
from safetensors.numpy import save_file

from film_core.text.qformer.layout import QFormerConfig

SMALL = QFormerConfig(width=768, layers=1, heads=12, hidden=64)


def write_qformer(path):
    """Random weights of the published width, one layer deep, under transformers' names."""
    random = np.random.default_rng(7)

    def matrix(*shape):
        return random.normal(0, 0.05, shape).astype(np.float32)

    width, hidden = SMALL.width, SMALL.hidden
    at = "qformer.encoder.layer.0."
    state = {
        "embeddings.word_embeddings.weight": matrix(SMALL.vocabulary, width),
        "embeddings.position_embeddings.weight": matrix(SMALL.positions, width),
        f"{at}intermediate.dense.weight": matrix(hidden, width),
        f"{at}output.dense.weight": matrix(width, hidden),
        f"{at}intermediate.dense.bias": matrix(hidden),
        f"{at}output.dense.bias": matrix(width),
    }
    parts = ["attention.attention.query", "attention.attention.key", "attention.attention.value"]
    for part in (*parts, "attention.output.dense"):
        state[f"{at}{part}.weight"] = matrix(width, width)
        state[f"{at}{part}.bias"] = matrix(width)
    for norm in ("qformer.layernorm", f"{at}attention.output.LayerNorm", f"{at}output.LayerNorm"):
        state[f"{norm}.weight"], state[f"{norm}.bias"] = 1 + matrix(width), matrix(width)
    save_file(state, path)
