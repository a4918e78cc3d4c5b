"""The stand-in worker with a prompt study, in which every text moves the picture by its length.

For a batch it describes images that come without a text.
"""

import time
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import numpy as np

from demo.worker.variants import read_variant
from film_core.errors import Cancelled
from film_core.images import pair, quantise, read_image
from film_core.metrics import METRICS
from film_core.study import Question, plan
from film_core.study.result import measure_change
from tests.page.stand_in import StandIn


class StudyStandIn(StandIn):
    def __init__(self) -> None:
        super().__init__()
        self.operations |= {"study plan": self._plan, "study row": self._row}

    def _sources(self, request: dict[str, Any], context):
        return pair(
            *(read_image(context.blob(request[s]["digest"]), request[s]["name"]) for s in "ab")
        )

    def _fuse(self, request: dict[str, Any], context) -> dict[str, Any]:
        measured = {name: request[name] or "Measured." for name in ("text_a", "text_b")}
        return super()._fuse({**request, **measured}, context)

    def _plan(self, request: dict[str, Any], context) -> dict[str, Any]:
        sources = self._sources(request, context)
        question = Question(
            yours=tuple(tuple(row) for row in request["yours"]), controls=request["controls"],
            leave_out=request["leave_out"], other=("A lake.", "A hill."),
        )  # fmt: skip
        encoder = SimpleNamespace(encode=lambda text: SimpleNamespace(kept=text))
        variants, notes = plan(question, request["text_a"], request["text_b"], encoder)
        return {
            "variants": [asdict(variant) for variant in variants], "notes": notes,
            "weights": "stand-in", "encoder": "stand-in", "device": "cpu",
            "width": sources.width, "height": sources.height,
        }  # fmt: skip

    def _row(self, request: dict[str, Any], context) -> dict[str, Any]:
        sources = self._sources(request, context)
        variant = read_variant(request["variant"])
        for _ in range(10 if "slow" in variant.text_a else 0):
            time.sleep(0.3)
            if context.cancelled():
                raise Cancelled()
        longer = 40 if variant.kind == "random" else len(variant.text_a + variant.text_b)
        ramp = np.linspace(0, 1, sources.width, dtype=np.float32)
        mixed = 0.5 * (sources.a.luminance + sources.b.luminance) + ramp * longer / 2550
        luminance = np.clip(mixed, 0, 1).astype(np.float32)
        base = luminance if request["base"] is None else request["base"]
        change = measure_change(luminance, base)
        return {
            "image": quantise(luminance), "map": change.map, "mean": change.mean,
            "most": change.most, "seconds": 0.1, "notes": [],
            "metrics": {} if variant.kind == "without" else dict.fromkeys(METRICS, 0.5),
            "luminance": luminance if variant.kind == "base" else None,
        }  # fmt: skip


WORK = StudyStandIn()
