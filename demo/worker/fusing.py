"""The worker that owns the network: starts Jittor, loads the weights, fuses.

Images arrive once and stay (by content hash); after an edit of the text only the text is sent.
"""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from demo import steering
from demo.attention import pack, words_of
from demo.settings import weights_chosen
from demo.worker.process import Context
from demo.worker.studying import plan_study, study_row
from film_core.fusion.origin import Origin
from film_core.images import ImageLimits, encode_png, read_image
from film_core.tasks import find_task

if TYPE_CHECKING:
    from film_core.fusion import Fuser


class Fusing:
    """Operations: "fuse", "compare", "study plan", "study row"."""

    def __init__(self) -> None:
        self.operations: dict[str, Callable[[dict[str, Any], Context], dict[str, Any]]] = {
            "fuse": self._fuse,
            "compare": self._compare,
            "study plan": self._study_plan,
            "study row": self._study_row,
        }
        self._fusers: dict[str, Fuser] = {}
        self._pairs: dict[str, tuple] = {}

    def start(self, progress: Callable[..., None]) -> dict[str, Any]:
        """Start Jittor and load the weights; the first time on a machine this compiles."""
        from film_core.fusion import warm_up

        fuser = self._fuser(find_task("ivf").name, progress, "film")
        warm_up(fuser, progress)
        return {"device": fuser.runtime.device, "weights": fuser.card.name}

    def _fuser(self, task: str, progress: Callable[..., None], network: str) -> "Fuser":
        from film_core.fusion import load_fuser

        weights = weights_chosen(os.environ["FILM_STUDIO_WORKER_WEIGHTS"], network, task)
        if weights not in self._fusers:
            device = os.environ["FILM_STUDIO_WORKER_DEVICE"]
            self._fusers[weights] = load_fuser(weights, device=device, progress=progress)
        return self._fusers[weights]

    def _fuse(self, request: dict[str, Any], context: Context) -> dict[str, Any]:
        fuser = self._ready(request, context)
        result = fuser.fuse(
            request["text_a"],
            request["text_b"],
            attention=request["attention"],
            compare=False,  # costs more than fusing; asked for when the picture is shown
            progress=context.progress,
            cancelled=context.cancelled,
            instruction=request["instruction"],
        )
        origin = Origin(
            result.task, result.weights, result.text_a, result.text_b,
            request["a"]["digest"], request["b"]["digest"], result.instruction,
        )  # fmt: skip
        steered = result.steering is not None
        change = fuser.render("", "", "")[0] if steered else None  # kept: costs next to nothing
        return {
            "png": encode_png(result.image, origin.entries()),
            "luminance": np.asarray(result.luminance, np.float32),
            "metrics": result.metrics,
            "comparison": result.comparison,
            "words": steering.words_of(result) if steered else words_of(result),
            "steering": steering.pack(result.steering) if steered else None,
            "change": None if change is None else result.luminance - change,
            "instruction": result.instruction,
            "attention": None if result.attention is None else pack(result.attention),
            "timings": result.timings,
            "text_a": result.text_a,
            "text_b": result.text_b,
            "device": result.device,
            "weights": result.weights,
            "notes": list(result.notes),
        }

    def _compare(self, request: dict[str, Any], context: Context) -> dict[str, Any]:
        fuser = self._ready(request, context)
        return {"comparison": fuser.compare(context.cancelled)}

    def _study_plan(self, request: dict[str, Any], context: Context) -> dict[str, Any]:
        fuser = self._ready(request, context)
        return plan_study(fuser, request)

    def _study_row(self, request: dict[str, Any], context: Context) -> dict[str, Any]:
        fuser = self._ready(request, context)
        return study_row(fuser, request, context)

    def _ready(self, request: dict[str, Any], context: Context) -> "Fuser":
        """Return what fuses for the request, with its pair set; studies are of film."""
        network = request.get("network", "film")
        fuser = self._fuser(request["task"], context.progress, network)
        self._set_images(fuser, request, context)
        return fuser

    def _set_images(self, fuser: "Fuser", request: dict[str, Any], context: Context) -> None:
        names = [(request[slot]["digest"], request[slot]["name"]) for slot in "ab"]
        pair = (request["task"], *names)
        if self._pairs.get(fuser.card.name) == pair:
            return
        self._pairs.pop(fuser.card.name, None)
        limits = ImageLimits(
            max_pixels=request["limits"]["max_pixels"], max_bytes=request["limits"]["max_bytes"]
        )
        images = [read_image(context.blob(digest), name, limits) for digest, name in names]
        fuser.set_images(*images, request["task"])
        self._pairs[fuser.card.name] = pair


WORK = Fusing()
