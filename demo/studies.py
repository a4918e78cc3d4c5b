"""A prompt study's way to the fusing worker and back, and onto the shelf: pictures, files."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from demo.desk import Desk
from demo.pictures import Picture
from demo.state import Visit
from demo.worker import Job

if TYPE_CHECKING:
    from film_core.study import Row, Study, Variant


async def plan(desk: Desk, visit: Visit, text_a: str, text_b: str) -> "tuple[Study, list[Variant]]":
    """Return a study without rows, and the variants that it will have.

    Raises:
        FilmError: a text or an image that can't be used, or a full line.
        Cancelled: the visitor stopped it.
    """
    from demo.worker.variants import read_variant
    from film_core.study import Study

    asked = visit.study
    yours = [(text, *((text, None) if slot == "a" else (None, text))) for slot, text in asked.yours]
    request = {
        "do": "study plan", "text_a": text_a, "text_b": text_b, "yours": yours,
        "leave_out": asked.words, "controls": asked.controls,
    }  # fmt: skip
    reply = await _ask(desk, visit, request)
    variants = [read_variant(message) for message in reply["variants"]]
    study = Study(
        [], len(variants), visit.task, reply["weights"], reply["encoder"], reply["device"],
        reply["width"], reply["height"], list(reply["notes"]),
    )  # fmt: skip
    return study, variants


async def row(desk: Desk, visit: Visit, variant: "Variant") -> "Row":
    """Return the row of `variant`, with a picture of at most 512 pixels a side.

    Raises:
        FilmError: it can't be computed.
        Cancelled: the visitor stopped it.
    """
    from film_core.study import Change, Row

    asked = visit.study
    request = {"do": "study row", "variant": asdict(variant), "base": asked.base}
    reply = await _ask(desk, visit, request)
    if reply["luminance"] is not None:
        asked.base = reply["luminance"]
    change = Change(reply["mean"], reply["most"], reply["map"])
    return Row(
        variant, reply["image"], change, reply["metrics"], reply["seconds"], tuple(reply["notes"])
    )


def show(desk: Desk, visit: Visit) -> dict[str, str]:
    """Put pictures of new rows onto the shelf; return addresses of the study's files by name.

    Maps are drawn on one scale: a row that moves the picture further has all drawn again.
    """
    asked, study = visit.study, visit.study.study
    if study is None or not study.rows:
        return {}
    rows = [row for row in study.rows if row.variant.kind != "without"]
    scale = max(float(row.change.map.max()) for row in rows) or 1.0
    for row in rows:
        known = asked.pictures.get(row.variant)
        if known is not None and known[2] == scale:
            continue
        heat = _put(desk, visit, _heat(row.change.map, scale))
        if known is None:
            asked.pictures[row.variant] = (_put(desk, visit, row.image), heat, scale)
        else:
            desk.shelf.take(known[1].removeprefix("picture/"))
            asked.pictures[row.variant] = (known[0], heat, scale)
    return _offers(desk, visit, study)


def _put(desk: Desk, visit: Visit, picture: np.ndarray) -> str:
    from film_core.images import encode_png

    name = desk.shelf.put(Picture(encode_png(picture), "image/png", visit.identity))
    return f"picture/{name}"


def _heat(values: np.ndarray, scale: float) -> np.ndarray:
    from matplotlib import colormaps

    return colormaps["magma"](values / scale, bytes=True)[..., :3]


def _offers(desk: Desk, visit: Visit, study: "Study") -> dict[str, str]:
    from film_core.study.figures import draw_differences, draw_words
    from film_core.study.report import as_csv

    made: list[tuple[str, str, Callable[[], bytes]]] = [
        ("csv", "text/csv", lambda: as_csv(study).encode("utf-8-sig")),
        ("json", "application/json", lambda: _as_json(study)),
        ("differences.png", "image/png", lambda: draw_differences(study)),
    ]
    if study.words:
        made.append(("words.png", "image/png", lambda: draw_words(study)))
    links = {}
    for ending, media_type, make in made:
        name = f"study-{study.task}{'-' if '.' in ending else '.'}{ending}"
        links[name] = desk.offer(visit, f"study {ending}", name, media_type, make)
    return links


def _as_json(study: "Study") -> bytes:
    return json.dumps(study.as_dict(), indent=2, ensure_ascii=False).encode()


async def _ask(desk: Desk, visit: Visit, request: dict[str, Any]) -> dict[str, Any]:
    sources = {slot: visit.sources[slot] for slot in "ab"}
    named = {slot: {"digest": s.digest, "name": s.name} for slot, s in sources.items()}
    limits = {
        "max_pixels": int(desk.settings.max_megapixels * 1e6),
        "max_bytes": int(desk.settings.max_megabytes * 1e6),
    }
    job = visit.study.job = Job(
        visit.identity,
        {**request, **named, "task": visit.task, "limits": limits},
        {source.digest: source.data for source in sources.values()},
        desk.settings.fuse_seconds,
    )
    desk.fusing.submit(job)
    try:
        last = [event async for event in job.events()][-1]  # the last event ends the stream
    finally:
        desk.fusing.cancel(job)  # no effect when it is done; ends it when the visitor has left
    if last.error is not None:
        raise last.error
    return last.reply
