"""The light worker: opens images, checks that two fit, and describes them.

Whatever a stranger uploads is decoded here and only here and in the fusing worker, never in the
process that serves the page.
"""

import io
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from demo.worker.process import Context
from demo.worker.unpacking import pair_contents, preview
from film_core.images import (
    ImageLimits,
    SourceImage,
    encode_png,
    guess,
    pair,
    read_image,
    read_text,
)
from film_core.tasks import find_task

SHOWN_SIDE = 2048  # the page shows no more pixels than this a side; results keep all of theirs
_KEPT_IMAGES = 8


class Reading:
    """Operations on images: open, describe, lay over each other, measure; and the batch's."""

    def __init__(self) -> None:
        self.operations: dict[str, Callable[[dict[str, Any], Context], dict[str, Any]]] = {
            "read": self._read,
            "pair": self._pair,
            "origin": self._origin,
            "describe": self._describe,
            "register": self._register,
            "align": self._align,
            "local map": self._local_map,
            "measure": self._measure,
            "batch preview": self._batch_preview,
            "batch pair": self._batch_pair,
        }
        self._images: OrderedDict[tuple, SourceImage] = OrderedDict()

    def start(self, progress: Callable[..., None]) -> dict[str, Any]:
        """Load the describer."""
        from film_core.text import load_describer

        progress("describer", None, "")
        self._describer = load_describer("measured")
        return {"describer": self._describer.name}

    def _image(self, request: dict[str, Any], slot: str, context: Context) -> SourceImage:
        asked = request[slot]
        limits = _limits(request)
        key = (asked["digest"], asked["name"], limits)
        if key not in self._images:
            self._images[key] = read_image(context.blob(asked["digest"]), asked["name"], limits)
            while len(self._images) > _KEPT_IMAGES:
                self._images.popitem(last=False)
        self._images.move_to_end(key)
        return self._images[key]

    def _read(self, request: dict[str, Any], context: Context) -> dict[str, Any]:
        image = self._image(request, "image", context)
        return {
            "width": image.width,
            "height": image.height,
            "bits": image.bits,
            "colour": image.chroma is not None,
            "notes": list(image.notes),
            "shown": shown_png(image.rgb),
        }

    def _pair(self, request: dict[str, Any], context: Context) -> dict[str, Any]:
        both = pair(self._image(request, "a", context), self._image(request, "b", context))
        return {"note": both.note, "suggestion": asdict(guess(both.a, both.b))}

    def _origin(self, request: dict[str, Any], context: Context) -> dict[str, Any]:
        asked = request["image"]
        data = context.blob(asked["digest"])
        return {"entries": read_text(data, asked["name"], _limits(request))}

    def _describe(self, request: dict[str, Any], context: Context) -> dict[str, Any]:
        image = self._image(request, "image", context)
        other = self._image(request, "other", context) if request["other"] else None
        if other is not None and (image.width, image.height) != (other.width, other.height):
            both = pair(image, other)
            image, other = both.a, both.b
        task = find_task(request["task"])
        description = self._describer.describe(image, other, task, request["source"])
        steps = [asdict(step) for step in description.steps]
        return {"text": description.text, "author": description.author, "steps": steps}

    def _register(self, request: dict[str, Any], context: Context) -> dict[str, Any]:
        from film_core.registration import register

        both = pair(self._image(request, "a", context), self._image(request, "b", context))
        return asdict(register(both.a.luminance, both.b.luminance))

    def _align(self, request: dict[str, Any], context: Context) -> dict[str, Any]:
        from film_core.registration import Registration, align

        both = pair(self._image(request, "a", context), self._image(request, "b", context))
        done = align(both, Registration(**request["registration"]))
        files = {"a": lossless_png(done.sources.a), "b": lossless_png(done.sources.b)}
        return {**files, "lost": done.lost}

    def _local_map(self, request: dict[str, Any], context: Context) -> dict[str, Any]:
        from film_core.metrics import METRICS

        both = pair(self._image(request, "a", context), self._image(request, "b", context))
        planes = (request["luminance"], both.a.luminance, both.b.luminance)
        fused, a, b = (np.rint(plane * np.float32(255)) for plane in planes)
        values = METRICS[request["metric"]].local_map.compute(fused, a, b)
        return {"map": np.asarray(values, np.float32)}

    def _batch_preview(self, request: dict[str, Any], context: Context) -> dict[str, Any]:
        return preview(request, context.blob(request["archive"]))

    def _batch_pair(self, request: dict[str, Any], context: Context) -> dict[str, Any]:
        return pair_contents(request, context.blob(request["archive"]))

    def _measure(self, request: dict[str, Any], context: Context) -> dict[str, Any]:
        from film_core.metrics import grey_levels, measure

        both = pair(self._image(request, "a", context), self._image(request, "b", context))
        fused = self._image(request, "fused", context)
        planes = (grey_levels(image.luminance) for image in (fused, both.a, both.b))
        return {"metrics": measure(*planes, form=request["form"])}


def _limits(request: dict[str, Any]) -> ImageLimits:
    given = request["limits"]
    return ImageLimits(max_pixels=given["max_pixels"], max_bytes=given["max_bytes"])


def lossless_png(image: SourceImage) -> bytes:
    """Return `image` as a PNG: 16 bit where it is grey, 8 bit where it has colour."""
    if image.chroma is not None:
        return encode_png(image.rgb)
    return encode_png(np.rint(image.luminance * 65535).astype(np.uint16))


def shown_png(rgb: Any) -> bytes:
    """Return a PNG of `rgb` (H, W, 3) uint8 for the screen, at most SHOWN_SIDE pixels a side."""
    from PIL import Image

    picture = Image.fromarray(rgb)
    if max(picture.size) > SHOWN_SIDE:
        picture.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=3)
    return file.getvalue()


WORK = Reading()
