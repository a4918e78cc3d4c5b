"""In the fusing worker: the rows of a prompt study, one request each.

So a study of sixty rows waits in line sixty times, and nobody else waits for all of it.
"""

from dataclasses import asdict
from typing import Any

import numpy as np
from PIL import Image

from demo.worker.process import Context
from demo.worker.variants import read_variant
from film_core.fusion import Fuser
from film_core.study import Question, RowMaker, plan
from film_core.study.another import describe_another
from film_core.study.result import largest_of_blocks

_SHOWN_SIDE = 512  # pixels of what the page shows of a row
_WORD_SIDE = 96  # of a row with one word left out, of which the page shows a bar only


def plan_study(fuser: Fuser, request: dict[str, Any]) -> dict[str, Any]:
    """Return the variants of a study of the fuser's pair, as messages, and remarks on them."""
    other = None
    if request["controls"]:
        other = describe_another(fuser.sources, fuser.task, fuser.describer)
    question = Question(
        yours=tuple(tuple(row) for row in request["yours"]),
        leave_out=request["leave_out"],
        controls=request["controls"],
        other=other,
    )
    variants, notes = plan(question, request["text_a"], request["text_b"], fuser.encoder)
    return {
        "variants": [asdict(variant) for variant in variants],
        "notes": notes,
        "weights": fuser.card.name,
        "encoder": fuser.encoder.name,
        "device": fuser.runtime.device,
        "width": fuser.sources.width,
        "height": fuser.sources.height,
    }


def study_row(fuser: Fuser, request: dict[str, Any], context: Context) -> dict[str, Any]:
    """Return one row of a study of the fuser's pair; the base's comes with its luminance."""
    variant = read_variant(request["variant"])
    is_word = variant.kind == "without"
    maker = RowMaker(fuser, () if is_word else None, request["base"])
    row = maker.row(variant, context.cancelled)
    side = _WORD_SIDE if is_word else _SHOWN_SIDE
    return {
        "image": reduced(row.image, side),
        "map": largest_of_blocks(row.change.map, side),
        "mean": row.change.mean,
        "most": row.change.most,
        "metrics": row.metrics,
        "seconds": row.seconds,
        "notes": list(row.notes),
        "luminance": maker.base if variant.kind == "base" else None,
    }


def reduced(picture: np.ndarray, side: int) -> np.ndarray:
    """Return a uint8 picture with at most `side` pixels a side."""
    if max(picture.shape[:2]) <= side:
        return picture
    image = Image.fromarray(picture)
    image.thumbnail((side, side), Image.Resampling.BOX)
    return np.asarray(image)
