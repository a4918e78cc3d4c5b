"""A prompt study's way to the fusing worker and back: its plan, and each of its rows."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from demo.desk import Desk
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
