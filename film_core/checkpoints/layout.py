"""Names and shapes of FILM's 189 tensors, written down once, without any network.

A file is compared with this table before a network is built from it, so that a wrong file gives
a sentence instead of a failure deep inside Jittor.
"""

from collections.abc import Mapping

import numpy as np

from film_core.checkpoints.failures import WrongKeysError, WrongShapesError, WrongValuesError

CHANNELS = 32
TEXT = 256
HEADS = 8
LISTED = 4
"""How many names an error lists before it only counts."""


def film_layout(text_width: int) -> dict[str, tuple[int, ...]]:
    """Return {tensor name: shape} of FILM for text features of `text_width` values a token."""
    layout: dict[str, tuple[int, ...]] = {
        "text_process.conv.weight": (TEXT, text_width, 1),
        "text_process.conv.bias": (TEXT,),
    }
    for stage in (1, 2, 3):
        for source in "AB":
            layout |= _stage_side(stage, source)
    layout |= _restormer("restormer1.", 2 * CHANNELS)
    layout |= _restormer("restormer2.", CHANNELS)
    layout |= _restormer("restormer3.", CHANNELS)
    layout |= _conv("conv1.", CHANNELS, 2 * CHANNELS)
    layout |= _conv("conv2.", 1, CHANNELS)
    return layout


def _stage_side(stage: int, source: str) -> dict[str, tuple[int, ...]]:
    """One source's half of stage 1, 2 or 3 (FILM.md, "One stage")."""
    at = f"restormerca{stage}."
    attention = f"{at}cross_attentionA{'AB'.index(source) + 1}.multihead_attn."
    return {
        f"{at}conv{source}1.weight": (CHANNELS, 1 if stage == 1 else CHANNELS, 3, 3),
        **{f"{at}prelu{source}{n}.weight": (1,) for n in (1, 2, 3)},
        **_conv(f"{at}conv{source}2.", CHANNELS, CHANNELS),
        **_conv(f"{at}conv{source}3.", CHANNELS, 2 * CHANNELS),
        **_restormer(f"{at}restormer{source}1.", CHANNELS),
        **_conv(f"{at}imagef2textf{source}1.conv.", CHANNELS, CHANNELS),
        f"{attention}in_proj_weight": (3 * TEXT, TEXT),
        f"{attention}in_proj_bias": (3 * TEXT,),
        f"{attention}out_proj.weight": (TEXT, TEXT),
        f"{attention}out_proj.bias": (TEXT,),
    }


def _restormer(at: str, width: int) -> dict[str, tuple[int, ...]]:
    """A Restormer block: channel attention, then the gated feed-forward of hidden width 4c."""
    return {
        f"{at}norm1.body.weight": (width,),
        f"{at}norm1.body.bias": (width,),
        f"{at}attn.temperature": (HEADS, 1, 1),
        f"{at}attn.qkv.weight": (3 * width, width, 1, 1),
        f"{at}attn.qkv_dwconv.weight": (3 * width, 1, 3, 3),
        f"{at}attn.project_out.weight": (width, width, 1, 1),
        f"{at}norm2.body.weight": (width,),
        f"{at}norm2.body.bias": (width,),
        f"{at}ffn.project_in.weight": (8 * width, width, 1, 1),
        f"{at}ffn.dwconv.weight": (8 * width, 1, 3, 3),
        f"{at}ffn.project_out.weight": (width, 4 * width, 1, 1),
    }


def _conv(at: str, out: int, into: int) -> dict[str, tuple[int, ...]]:
    return {f"{at}weight": (out, into, 1, 1), f"{at}bias": (out,)}


def text_width_of(state: Mapping[str, np.ndarray], name: str = "weights") -> int:
    """Return the text width that `state` was made for.

    Raises:
        WrongKeysError: the text projection, from which it is read, is missing.
    """
    projection = state.get("text_process.conv.weight")
    if projection is None or projection.ndim < 2:
        check_state(state, film_layout(768), name)
        raise WrongShapesError(
            "checkpoint.shapes",
            "In '{name}' the text projection has shape {seen}; FILM needs (256, width, 1).",
            name=name, seen=str(tuple(projection.shape) if projection is not None else ()),
        )  # fmt: skip
    return int(projection.shape[1])


def check_state(
    state: Mapping[str, np.ndarray], layout: Mapping[str, tuple[int, ...]], name: str = "weights"
) -> None:
    """Compare tensors with `layout`.

    Args:
        state: {tensor name: array}.
        layout: {tensor name: shape} as from `film_layout`.
        name: what to call the file in an error.

    Raises:
        WrongKeysError: tensors are missing, or there are others; the first few are named.
        WrongShapesError: a tensor has another shape.
        WrongValuesError: a tensor holds NaN or infinity.
    """
    missing = [key for key in layout if key not in state]
    unexpected = [key for key in state if key not in layout]
    if missing or unexpected:
        raise WrongKeysError(
            "checkpoint.keys",
            "'{name}' holds another network's weights: {missing_count} tensors are missing "
            "({missing}) and {unexpected_count} are unexpected ({unexpected}); FILM has {total}.",
            name=name, missing_count=len(missing), missing=_first_few(missing),
            unexpected_count=len(unexpected), unexpected=_first_few(unexpected),
            total=len(layout),
        )  # fmt: skip
    wrong = [key for key, shape in layout.items() if tuple(state[key].shape) != shape]
    if wrong:
        raise WrongShapesError(
            "checkpoint.shapes",
            "In '{name}' {count} tensors have another shape: {listed}.",
            name=name, count=len(wrong),
            listed="; ".join(
                f"{key} is {tuple(state[key].shape)}, FILM needs {layout[key]}"
                for key in wrong[:LISTED]
            ),
        )  # fmt: skip
    for key in layout:
        if not np.isfinite(state[key]).all():
            raise WrongValuesError(
                "checkpoint.values",
                "In '{name}' the tensor {key} holds NaN or infinity; use an earlier checkpoint.",
                name=name, key=key,
            )  # fmt: skip


def _first_few(names: list[str]) -> str:
    if not names:
        return "none"
    # A file's own names are shown, so they are shortened: they can be anything.
    shown = ", ".join(str(name)[:80] for name in names[:LISTED])
    return shown + (", ..." if len(names) > LISTED else "")
