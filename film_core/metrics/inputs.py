"""What may be measured: three images of one size in 0..255; and the `paper` form of a fused one."""

import numpy as np

from film_core.errors import MetricError, unknown_name
from film_core.metrics.metric import Metric

FORMS = ("raw", "paper")
SLACK = 1e-3  # float32 rounding of a value scaled by 255


def checked_image(image: np.ndarray, role: str) -> np.ndarray:
    """Return `image` as (H, W) float32, C-contiguous; `role` names it in errors ("Source A").

    Args:
        image: (H, W) numbers in 0..255, uint8 or float.

    Raises:
        MetricError: not two-dimensional numbers, empty, not finite, or out of 0..255; the message
            holds the shape or the range that was seen.
    """
    array = np.asarray(image)
    if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "uif":
        raise MetricError(
            "metric.not_grey",
            "{role} is an array of shape {shape} and type {type}; metrics need a grey image,"
            " (height, width) numbers in 0..255: pass its luminance.",
            role=role, shape=str(array.shape), type=str(array.dtype),
        )  # fmt: skip
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise MetricError(
            "metric.not_finite",
            "{role} holds values that are not finite (NaN or infinity); metrics need numbers"
            " in 0..255: repair the image first.",
            role=role,
        )  # fmt: skip
    if low < -SLACK or high > 255 + SLACK:
        raise MetricError(
            "metric.range",
            "{role} ranges from {low:.4g} to {high:.4g}; metrics need grey levels in 0..255:"
            " scale or clip it.",
            role=role, low=low, high=high,
        )  # fmt: skip
    return np.ascontiguousarray(array, dtype=np.float32)


def checked_sources(image_a: np.ndarray, image_b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both sources as `checked_image` does.

    Raises:
        MetricError: as `checked_image`; unequal sizes; a source in 0..1 instead of 0..255.
    """
    a, b = checked_image(image_a, "Source A"), checked_image(image_b, "Source B")
    refuse_other_size(b, "Source B", a, "source A")
    for image, role in ((a, "Source A"), (b, "Source B")):
        if _looks_like_unit_range(image):
            raise _unit_range(image, role)
    return a, b


def checked_fused(
    fused: np.ndarray, sources: tuple[np.ndarray, np.ndarray], role: str = "The fused image"
) -> np.ndarray:
    """Return the fused image as `checked_image` does.

    Raises:
        MetricError: as `checked_image`; not the sources' size; in 0..1 where they are in 0..255.
    """
    image = checked_image(fused, role)
    refuse_other_size(image, role, sources[0], "source A")
    # Fused from two black sources, anything below one grey level is plausible.
    if _looks_like_unit_range(image) and max(source.max() for source in sources) > 1:
        raise _unit_range(image, role)
    return image


def refuse_other_size(image: np.ndarray, role: str, other: np.ndarray, other_role: str) -> None:
    """Raise MetricError unless both (H, W) images have the same size."""
    if image.shape != other.shape:
        raise MetricError(
            "metric.sizes",
            "{role} is {width} x {height} pixels, {other_role} {other_width} x"
            " {other_height}; metrics compare images of one size: resize or crop first.",
            role=role, width=image.shape[1], height=image.shape[0],
            other_role=other_role, other_width=other.shape[1], other_height=other.shape[0],
        )  # fmt: skip


def refuse_too_small(metric: Metric, shape: tuple[int, int]) -> None:
    """Raise MetricError where (height, width) is too small for `metric`."""
    if min(shape) < metric.min_side:
        raise MetricError(
            "metric.too_small",
            "{metric} needs at least {limit} pixels a side, and the image has {width} x {height}:"
            " use a larger image or leave {metric} out.",
            metric=metric.name, limit=metric.min_side, width=shape[1], height=shape[0],
        )  # fmt: skip


def checked_form(form: str) -> str:
    """Return `form` where it is "raw" or "paper".

    Raises:
        UnknownNameError: it is neither.
    """
    if form not in FORMS:
        raise unknown_name("form of metrics", form, FORMS)
    return form


def grey_levels(luminance: np.ndarray) -> np.ndarray:
    """Return a luminance (H, W) in 0..1 as what the field measures: float32 whole numbers 0..255.

    For 8-bit colour that is round(0.299 R + 0.587 G + 0.114 B).
    """
    return np.rint(np.clip(np.asarray(luminance, np.float32) * 255, 0, 255))


def paper_form(fused: np.ndarray) -> np.ndarray:
    """Return the fused image stretched to 0..255 by its own extremes, truncated to integers.

    Many published tables are measured on images written this way, which by itself raises EN, SD,
    AG and SF. Multiplying before dividing keeps integers exact: truncation then never takes a
    level from a value that was whole.

    Args:
        fused: (H, W) numbers in any range.

    Returns:
        (H, W) float32 of whole numbers.

    Raises:
        MetricError: the image is flat, so there is nothing to stretch.
    """
    low, high = float(np.min(fused)), float(np.max(fused))
    if low == high:
        raise MetricError(
            "metric.flat",
            "Every pixel of the fused image is {value:.4g}; a flat image can't be stretched to"
            " 0..255: measure its raw form.",
            value=low,
        )  # fmt: skip
    stretched = (np.asarray(fused, np.float64) - low) * 255 / (high - low)
    return np.trunc(stretched).astype(np.float32)


def _looks_like_unit_range(image: np.ndarray) -> bool:
    return bool(image.max() <= 1) and bool((image != np.rint(image)).any())


def _unit_range(image: np.ndarray, role: str) -> MetricError:
    return MetricError(
        "metric.unit_range",
        "{role} ranges from {low:.4g} to {high:.4g}, as an image in 0..1 does; metrics need"
        " grey levels in 0..255: multiply it by 255.",
        role=role, low=float(image.min()), high=float(image.max()),
    )  # fmt: skip
