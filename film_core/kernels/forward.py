"""The forward pass with fused kernels: whole, or from a kept state of the sources."""

from collections.abc import Mapping
from dataclasses import dataclass

import jittor as jt
import numpy as np

from film_core.errors import ImageError, SettingError, TextError, unknown_name
from film_core.kernels import operator
from film_core.kernels.memory import check_memory, slab_folder
from film_core.kernels.operator import GRID, Cancelling, Outputs, OutputShapes, Progress
from film_core.kernels.parameters import parameter_names
from film_core.net.attention import ATTENTION_FORMS, AttentionMaps

Attention = list[dict[str, AttentionMaps]]


@dataclass(frozen=True)
class SourceState:
    """All that the text doesn't change: what a pass computes before the first text gate.

    Attributes:
        image_a, image_b: (B, 1, H, W).
        features: (2, B, H*W*32), features of the first stage of both sources, channels last.
        grid: (2, B, 288*384*32), the same on the text grid; one element where they coincide.
        keys: (2, B, 13824*256), the first stage's projected keys.

    For images whose features don't fit into memory nothing but the images is kept: the other three
    have one element.
    """

    image_a: jt.Var
    image_b: jt.Var
    features: jt.Var
    grid: jt.Var
    keys: jt.Var

    @property
    def kept(self) -> bool:
        """Whether there is more here than the images."""
        return self.features.shape[0] == 2


def fused_forward(
    parameters: Mapping[str, jt.Var],
    image_a: jt.Var,
    image_b: jt.Var,
    text: jt.Var,
    attention: str | None = None,
    progress: Progress | None = None,
    cancelled: Cancelling | None = None,
) -> jt.Var | tuple[jt.Var, Attention]:
    """Fuse two images with the CPU kernels; no gradients.

    Args:
        parameters: the network's tensors by their names in a checkpoint (without ``module.``).
        image_a, image_b: luminance (B, 1, H, W) float32 in [0, 1].
        text: features (B, T, text width) float32 of both descriptions.
        attention: None, ``spatial`` or ``full`` (see `AttentionMaps`).
        progress: told about ten times a second of the share that is done.
        cancelled: asked as often; True ends the work.

    Returns:
        Fused luminance (B, 1, H, W) float32 in (0, 1); with `attention` also the maps.

    Raises:
        ImageError, TextError: an input that holds NaN or infinity.
        SettingError: shapes that don't fit.
        Cancelled: `cancelled` said so.
        FilmError: memory or temporary disk space ran out.
    """
    _check_images(image_a, image_b)
    return _fuse(
        "forward", parameters, image_a, image_b, text, None, attention, progress, cancelled
    )


def prepare_sources(
    parameters: Mapping[str, jt.Var],
    image_a: jt.Var,
    image_b: jt.Var,
    progress: Progress | None = None,
    cancelled: Cancelling | None = None,
) -> SourceState:
    """Compute all that the text doesn't change; arguments as for `fused_forward`."""
    _check_images(image_a, image_b)
    batch, _, height, width = image_a.shape
    if slab_folder(batch, height, width):
        return SourceState(image_a, image_b, *_nothing())
    shapes = OutputShapes(
        batch, height, width, 1, fused=False, state=True, grid=(height, width) != GRID,
        spatial=False, tokens=False,
    )  # fmt: skip
    check_memory("prepare", batch, height, width, shapes.bytes())
    text_width = parameters["text_process.conv.weight"].shape[1]
    no_text = jt.array(np.zeros((1, 1, text_width), np.float32))
    outputs = _run(
        "prepare", parameters, image_a, image_b, no_text, None, shapes, "", progress, cancelled
    )
    return SourceState(image_a, image_b, outputs.features, outputs.grid, outputs.keys)


def fuse_prepared(
    parameters: Mapping[str, jt.Var],
    state: SourceState,
    text: jt.Var,
    attention: str | None = None,
    progress: Progress | None = None,
    cancelled: Cancelling | None = None,
) -> jt.Var | tuple[jt.Var, Attention]:
    """Fuse from a state of `prepare_sources`; the rest is as for `fused_forward`."""
    mode = "edit" if state.kept else "forward"
    return _fuse(
        mode, parameters, state.image_a, state.image_b, text, state, attention, progress, cancelled
    )


def _fuse(mode, parameters, image_a, image_b, text, state, attention, progress, cancelled):
    if attention is not None and attention not in ATTENTION_FORMS:
        raise unknown_name("attention form", attention, ATTENTION_FORMS)
    batch, _, height, width = image_a.shape
    _check_text(text, batch, parameters["text_process.conv.weight"].shape[1])
    shapes = OutputShapes(
        batch, height, width, text.shape[1], fused=True, state=False, grid=False,
        spatial=attention is not None, tokens=attention == "full",
    )  # fmt: skip
    check_memory(mode, batch, height, width, shapes.bytes() if attention else 0)
    folder = slab_folder(batch, height, width) if mode == "forward" else ""
    outputs = _run(
        mode, parameters, image_a, image_b, text, state, shapes, folder, progress, cancelled
    )
    if attention is None:
        return outputs.fused
    maps = [
        {
            side: AttentionMaps(
                mean=mean,
                spatial=spatial,
                tokens=tokens if attention == "full" else None,
                gate=gate,
            )
            for side, (mean, spatial, tokens, gate) in stage.items()
        }
        for stage in outputs.maps
    ]
    return outputs.fused, maps


def _run(
    mode, parameters, image_a, image_b, text, state, shapes, folder, progress, cancelled
) -> Outputs:
    kept = _nothing() if state is None else [state.features, state.grid, state.keys]
    tensors = [parameters[name] for name in parameter_names()]
    return operator.run(
        mode, tensors, image_a, image_b, text, kept, shapes, folder, progress, cancelled
    )


def _nothing() -> list[jt.Var]:
    return [jt.array(np.zeros((1, 1, 1), np.float32)) for _ in range(3)]


def _check_images(image_a: jt.Var, image_b: jt.Var) -> None:
    a, b = tuple(image_a.shape), tuple(image_b.shape)
    if a != b or len(a) != 4 or a[1] != 1:
        raise SettingError(
            "net.image_shapes",
            "The images have shapes {a} and {b}; both must be (batch, 1, height, width).",
            a=a, b=b,
        )  # fmt: skip
    for name, image in (("A", image_a), ("B", image_b)):
        # The kernels are compiled with -Ofast, which assumes that there is no NaN.
        if not np.isfinite(image.numpy()).all():
            raise ImageError(
                "image.not_finite",
                "Image {source} holds values that are not numbers (NaN or infinity): luminance "
                "must lie between 0 and 1.",
                source=name,
            )


def _check_text(text: jt.Var, batch: int, text_width: int) -> None:
    seen = tuple(text.shape)
    if len(seen) != 3 or seen[0] != batch or seen[1] < 1 or seen[2] != text_width:
        raise SettingError(
            "net.text_shape",
            "The text features have shape {seen}; these weights need ({batch}, tokens, {width}): "
            "use the text encoder that they were trained with.",
            seen=seen, batch=batch, width=text_width,
        )  # fmt: skip
    if not np.isfinite(text.numpy()).all():
        raise TextError(
            "text.not_finite", "The text features hold values that are not numbers (NaN, infinity)."
        )
