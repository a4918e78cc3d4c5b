"""Names and shapes of the text branch, and what the two published layouts call its tensors."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

HEAD_WIDTH = 64
"""BERT's, by which the number of heads follows where no config.json states it."""

_LAYER = {
    "attention.query": "query", "attention.key": "key", "attention.value": "value",
    "attention.output.dense": "attended", "attention.output.LayerNorm": "attended_norm",
    "intermediate.dense": "widen", "output.dense": "narrow", "output.LayerNorm": "narrow_norm",
}  # fmt: skip
_EMBEDDINGS = {
    "embeddings.word_embeddings.weight": "words",
    "embeddings.position_embeddings.weight": "positions",
}


@dataclass(frozen=True)
class QFormerConfig:
    """Sizes of a text branch; the values are those of the published one.

    Attributes:
        width: features of a token.
        layers, heads: of self-attention.
        hidden: width inside the feed-forward layers.
        vocabulary: word pieces; the published one adds [DEC], which no text uses.
        positions: most tokens of a text.
        epsilon: added to the variance in the layer norms.
    """

    width: int = 768
    layers: int = 12
    heads: int = 12
    hidden: int = 3072
    vocabulary: int = 30_523
    positions: int = 512
    epsilon: float = 1e-12


def our_name(name: str) -> str | None:
    """Return our name of a published tensor, None if the text branch doesn't need it.

    The LAVIS layout says ``Qformer.bert.encoder.layer.0.attention.self.query.weight``, the
    transformers layout ``qformer.encoder.layer.0.attention.attention.query.weight``; both are
    ``0.query.weight`` here.
    """
    if name.startswith("Qformer.bert."):
        plain = name.removeprefix("Qformer.bert.").replace("embeddings.LayerNorm.", "layernorm.")
    elif name.startswith("qformer."):
        plain = name.removeprefix("qformer.")
    else:
        return _EMBEDDINGS.get(name)
    if plain in _EMBEDDINGS:
        return _EMBEDDINGS[plain]
    if plain in ("layernorm.weight", "layernorm.bias"):
        return plain.replace("layernorm", "norm")
    found = re.fullmatch(r"encoder\.layer\.(\d{1,3})\.(.+)\.(weight|bias)", plain)
    if not found:
        return None
    part = re.sub(r"^attention\.(self|attention)\.", "attention.", found[2])
    return f"{found[1]}.{_LAYER[part]}.{found[3]}" if part in _LAYER else None


def text_layout(config: QFormerConfig) -> dict[str, tuple[int, ...]]:
    """Return {our name: shape} of a text branch."""
    width, hidden = config.width, config.hidden
    layout: dict[str, tuple[int, ...]] = {
        "words": (config.vocabulary, width),
        "positions": (config.positions, width),
        "norm.weight": (width,),
        "norm.bias": (width,),
    }
    for layer in range(config.layers):
        for part in ("query", "key", "value", "attended"):
            layout[f"{layer}.{part}.weight"] = (width, width)
            layout[f"{layer}.{part}.bias"] = (width,)
        layout[f"{layer}.widen.weight"] = (hidden, width)
        layout[f"{layer}.widen.bias"] = (hidden,)
        layout[f"{layer}.narrow.weight"] = (width, hidden)
        layout[f"{layer}.narrow.bias"] = (width,)
        for norm in ("attended_norm", "narrow_norm"):
            layout[f"{layer}.{norm}.weight"] = (width,)
            layout[f"{layer}.{norm}.bias"] = (width,)
    return layout


def config_of(state: Mapping[str, np.ndarray], stated: Mapping | None) -> QFormerConfig:
    """Return the sizes that `state` has.

    Args:
        state: {our name: array}; embeddings, and one feed-forward layer at least, are there.
        stated: the entries of config.json, for what no shape tells: heads and epsilon.
    """
    vocabulary, width = state["words"].shape
    stated = stated or {}
    return QFormerConfig(
        width=width,
        layers=1 + max(int(name.split(".")[0]) for name in state if name[0].isdigit()),
        heads=int(stated.get("num_attention_heads", max(1, width // HEAD_WIDTH))),
        hidden=state["0.widen.weight"].shape[0],
        vocabulary=vocabulary,
        positions=state["positions"].shape[0],
        epsilon=float(stated.get("layer_norm_eps", QFormerConfig.epsilon)),
    )


def summary(names: Iterable[str]) -> str:
    """Return what `names` are, counted by the part of the model that they belong to."""
    parts: dict[str, int] = {}
    for name in names:
        part = _part(name)
        parts[part] = parts.get(part, 0) + 1
    most_first = sorted(parts.items(), key=lambda item: -item[1])
    return ", ".join(f"{part} ({count})" for part, count in most_first[:8]) or "none"


def _part(name: str) -> str:
    for mark, meaning in (
        (".crossattention.", "attention to an image"),
        ("_query.", "feed-forward of image queries"),
        (".cls.", "word prediction"),
    ):
        if mark in name:
            return meaning
    return name.split(".")[0][:40]
