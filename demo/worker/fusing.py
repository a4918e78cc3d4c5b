"""The worker that owns the network: starts Jittor, loads the weights, fuses.

Images arrive once and stay (by content hash); after an edit of the text only the text is sent.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from demo.attention import pack, words_of
from demo.worker.process import Context
from film_core.images import ImageLimits, encode_png, read_image


class Fusing:
    """Operation: "fuse"."""

    def __init__(self) -> None:
        self.operations: dict[str, Callable[[dict[str, Any], Context], dict[str, Any]]] = {
            "fuse": self._fuse
        }
        self._pair: tuple | None = None

    def start(self, progress: Callable[..., None]) -> dict[str, Any]:
        """Start Jittor and load the weights; the first time on a machine this compiles."""
        from film_core.fusion import load_fuser, warm_up

        self._fuser = load_fuser(
            os.environ["FILM_STUDIO_WORKER_WEIGHTS"],
            device=os.environ["FILM_STUDIO_WORKER_DEVICE"],
            progress=progress,
        )
        warm_up(self._fuser, progress)
        return {"device": self._fuser.runtime.device, "weights": self._fuser.card.name}

    def _fuse(self, request: dict[str, Any], context: Context) -> dict[str, Any]:
        self._set_images(request, context)
        result = self._fuser.fuse(
            request["text_a"],
            request["text_b"],
            attention=request["attention"],
            progress=context.progress,
            cancelled=context.cancelled,
        )
        return {
            "png": encode_png(result.image),
            "luminance": np.asarray(result.luminance, np.float32),
            "metrics": result.metrics,
            "comparison": result.comparison,
            "words": words_of(result),
            "attention": None if result.attention is None else pack(result.attention),
            "timings": result.timings,
            "text_a": result.text_a,
            "text_b": result.text_b,
            "device": result.device,
            "weights": result.weights,
            "notes": list(result.notes),
        }

    def _set_images(self, request: dict[str, Any], context: Context) -> None:
        task = request["task"]
        names = [(request[slot]["digest"], request[slot]["name"]) for slot in "ab"]
        if self._pair == (task, *names):
            return
        self._pair = None
        limits = ImageLimits(
            max_pixels=request["limits"]["max_pixels"], max_bytes=request["limits"]["max_bytes"]
        )
        images = [read_image(context.blob(digest), name, limits) for digest, name in names]
        self._fuser.set_images(*images, task)
        self._pair = (task, *names)


WORK = Fusing()
