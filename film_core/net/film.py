"""FILM: Zhao et al., "Image Fusion via Vision-Language Model", ICML 2024, arXiv 2402.02235.

Two source images go through three stages, each guided by the text; the results are merged by three
further Restormer blocks into one fused luminance.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jittor as jt
from jittor import nn

from film_core.errors import Cancelled, SettingError, unknown_name
from film_core.net.attention import ATTENTION_FORMS, AttentionMaps
from film_core.net.config import FilmConfig
from film_core.net.layers import conv
from film_core.net.restormer import RestormerBlock
from film_core.net.stage import Stage

if TYPE_CHECKING:
    import film_core.kernels

KERNELS = ("plain", "fused")

Attention = list[dict[str, AttentionMaps]]
"""For each stage, the maps of sources ``a`` and ``b``."""
Progress = Callable[[str, float | None, str], None]


@dataclass(frozen=True)
class SourceFeatures:
    """What the first stage makes of the sources before it meets the text: kept between edits."""

    a: jt.Var  # (B, 32, H, W)
    b: jt.Var


class _TextProcess(nn.Module):
    """A linear map of every token, kept as a Conv1d of kernel 1 because the checkpoint has one."""

    def __init__(self, config: FilmConfig) -> None:
        bound = config.text_width**-0.5
        shape = (config.token_width, config.text_width, 1)
        self.conv = nn.Conv1d(config.text_width, config.token_width, 1)
        self.conv.weight = jt.init.uniform(shape, "float32", -bound, bound)
        self.conv.bias = jt.init.uniform(shape[:1], "float32", -bound, bound)

    def execute(self, text: jt.Var) -> jt.Var:
        """(B, T, text_width) -> (B, T, 256)."""
        return nn.linear(text, self.conv.weight.squeeze(2), self.conv.bias)


class Film(nn.Module):
    """The published network, any image size, float32.

    Args:
        text_width: width of the text features, 768 as published.
        kernels: ``plain`` (Jittor's operators, the reference) or ``fused`` (our CPU kernels).

    Attributes:
        gates_learn: whether gradients flow through the text gates, as they do unless this is set
            to False; what a gate multiplies is always reached.

    Raises:
        UnknownNameError: kernels of another name.
    """

    def __init__(self, text_width: int = 768, kernels: str = "plain") -> None:
        if kernels not in KERNELS:
            raise unknown_name("kind of kernels", kernels, KERNELS)
        self.config = FilmConfig(text_width=text_width)
        self.kernels = kernels
        self.gates_learn = True
        width, heads, factor = self.config.width, self.config.heads, self.config.hidden_factor
        self.text_process = _TextProcess(self.config)
        for number in range(1, self.config.stages + 1):
            setattr(self, f"restormerca{number}", Stage(1 if number == 1 else width, self.config))
        self.restormer1 = RestormerBlock(2 * width, heads, factor)
        self.conv1 = conv(2 * width, width, 1, bias=True)
        self.restormer2 = RestormerBlock(width, heads, factor)
        self.restormer3 = RestormerBlock(width, heads, factor)
        self.conv2 = conv(width, 1, 1, bias=True)

    def execute(
        self, image_a: jt.Var, image_b: jt.Var, text: jt.Var, attention: str | None = None
    ) -> jt.Var | tuple[jt.Var, Attention]:
        """Fuse two images.

        Args:
            image_a, image_b: luminance (B, 1, H, W) float32 in [0, 1].
            text: features (B, T, text_width) float32 of both descriptions, A's tokens first.
            attention: None, ``spatial`` or ``full`` (see `AttentionMaps`).

        Returns:
            Fused luminance (B, 1, H, W) float32 in (0, 1); with `attention` also the maps.

        Raises:
            SettingError: shapes that don't fit.
            UnknownNameError: an attention form of another name.
        """
        self._check(image_a, image_b, text, attention)
        if self._runs_fused():
            from film_core.kernels import fused_forward

            return fused_forward(self._tensors(), image_a, image_b, text, attention)
        if self.kernels == "fused" and not jt.flags.use_cuda and attention is None:
            from film_core.kernels.training import training_forward

            return training_forward(
                self._tensors(), image_a, image_b, text, gates_learn=self.gates_learn
            )
        features = self.source_features(image_a, image_b)
        return self.fuse_features(features, text, attention)

    def source_features(
        self,
        image_a: jt.Var,
        image_b: jt.Var,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> "SourceFeatures | film_core.kernels.SourceState":
        """Return all that doesn't depend on the text, for any number of `fuse_features`.

        `progress` and `cancelled` are used as in `fuse_features`; plain operators ask `cancelled`
        only between the sources.
        """
        if self._runs_fused():
            from film_core.kernels import prepare_sources

            return prepare_sources(self._tensors(), image_a, image_b, progress, cancelled)
        a = self.restormerca1.features("a", image_a)
        if cancelled is not None:
            a.sync()
            if cancelled():
                raise Cancelled()
        return SourceFeatures(a, self.restormerca1.features("b", image_b))

    def fuse_features(
        self,
        features: "SourceFeatures | film_core.kernels.SourceState",
        text: jt.Var,
        attention: str | None = None,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> jt.Var | tuple[jt.Var, Attention]:
        """Fuse prepared features; arguments and result as for a call.

        Fused kernels tell `progress` about ten times a second of the share that is done, ask
        `cancelled` as often, and raise `film_core.errors.Cancelled` where it says True.
        """
        if not isinstance(features, SourceFeatures):
            from film_core.kernels import fuse_prepared

            return fuse_prepared(self._tensors(), features, text, attention, progress, cancelled)
        text = self.text_process(text)  # (B, T, 256)
        a, b = features.a, features.b
        all_maps: Attention = []
        for number in range(1, self.config.stages + 1):
            stage: Stage = getattr(self, f"restormerca{number}")
            if number > 1:
                a, b = stage.features("a", a), stage.features("b", b)
            a, maps_a = stage.guide("a", a, text, attention, self.gates_learn)
            b, maps_b = stage.guide("b", b, text, attention, self.gates_learn)
            if attention:
                all_maps.append({"a": maps_a, "b": maps_b})
        merged = self.restormer1(jt.concat([a, b], dim=1))  # (B, 64, H, W)
        merged = self.restormer3(self.restormer2(self.conv1(merged)))  # (B, 32, H, W)
        fused = jt.sigmoid(self.conv2(merged))  # (B, 1, H, W)
        return (fused, all_maps) if attention else fused

    def _runs_fused(self) -> bool:
        """The fused kernels are for the CPU; gradients have a path of their own."""
        return self.kernels == "fused" and not jt.flags.use_cuda and bool(jt.flags.no_grad)

    def _tensors(self) -> dict[str, jt.Var]:
        return dict(self.named_parameters())

    def _check(self, image_a: jt.Var, image_b: jt.Var, text: jt.Var, form: str | None) -> None:
        if form is not None and form not in ATTENTION_FORMS:
            raise unknown_name("attention form", form, ATTENTION_FORMS)
        a, b, words = tuple(image_a.shape), tuple(image_b.shape), tuple(text.shape)
        if a != b or len(a) != 4 or a[1] != 1:
            raise SettingError(
                "net.image_shapes",
                "The images have shapes {a} and {b}; both must be (batch, 1, height, width).",
                a=a, b=b,
            )  # fmt: skip
        if (
            len(words) != 3
            or words[0] != a[0]
            or words[1] < 1
            or words[2] != self.config.text_width
        ):
            raise SettingError(
                "net.text_shape",
                "The text features have shape {seen}; these weights need ({batch}, tokens, "
                "{width}): use the text encoder that they were trained with.",
                seen=words, batch=a[0], width=self.config.text_width,
            )  # fmt: skip
