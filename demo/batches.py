"""A batch's way through the workers: its preview, each of its pairs, and its files."""

import hashlib
import io
import math
from typing import TYPE_CHECKING, Any

from demo.batch import PageBatch, PairOfFiles, PairOutcome
from demo.desk import Desk
from demo.pictures import Picture
from demo.state import Visit
from demo.worker import Job, Supervisor
from film_core.errors import Cancelled, FilmError, SettingError

if TYPE_CHECKING:
    from film_core.batch import Batch


async def preview(desk: Desk, visit: Visit) -> None:
    """Find out what pairs with what among the batch's files.

    Raises:
        FilmError: no zip, or a zip or a number of files over a limit.
    """
    from film_core.batch import Item, Unpaired, match
    from film_core.batch.pairing import unsuitable

    asked = visit.batch
    asked.pairs, asked.unpaired = [], []
    asked.outcomes.clear()
    if asked.archive:
        reply = await _ask(desk, desk.reading, visit, {"do": "batch preview", **_archive(asked)})
        asked.pairs = [PairOfFiles(**pair) for pair in reply["pairs"]]
        asked.unpaired = [Unpaired(**one) for one in reply["unpaired"]]
    else:
        sides = []
        for side in "ab":
            reasons = {path: unsuitable(path) for path in asked.files[side]}
            asked.unpaired += [reason for reason in reasons.values() if reason is not None]
            sides.append([Item(path, bytes) for path, reason in reasons.items() if reason is None])
        found = match(*sides)
        asked.pairs = [PairOfFiles(pair.name, pair.a.path, pair.b.path) for pair in found.pairs]
        if all(asked.files.values()):  # with one side alone, nothing is missing yet
            asked.unpaired = [*found.unpaired, *asked.unpaired]
    limit = desk.settings.batch_pairs
    if len(asked.pairs) > limit:
        count, asked.pairs = len(asked.pairs), []
        raise SettingError(
            "batch.page_limit",
            "There are {count} pairs; this page fuses {limit} at once: split them up, or use "
            "`python -m film_core batch`.",
            count=count, limit=limit,
        )  # fmt: skip


async def fuse(desk: Desk, visit: Visit, pair: PairOfFiles) -> PairOutcome:
    """Return what became of one pair, fused as was chosen when the batch was started.

    Raises:
        Cancelled: the visitor stopped the batch.
        QueueFullError: too much waits already.
    """
    asked = visit.batch
    task, network, instruction, text_a, text_b = asked.about
    try:
        contents = await _contents(desk, visit, pair)
        digests = {side: hashlib.sha256(data).hexdigest() for side, data in contents.items()}
        request = {
            "do": "fuse", "task": task, "text_a": text_a, "text_b": text_b,
            "attention": False, "network": network, "instruction": instruction,
            "a": {"digest": digests["a"], "name": pair.a},
            "b": {"digest": digests["b"], "name": pair.b},
        }  # fmt: skip
        blobs = {digests[side]: data for side, data in contents.items()}
        reply = await _ask(desk, desk.fusing, visit, request, blobs)
    except Cancelled:
        raise
    except FilmError as error:
        if error.code.startswith("queue."):
            raise
        return PairOutcome("failed", error=error)
    if asked is not visit.batch:
        raise Cancelled()
    name = desk.shelf.put(Picture(reply["png"], "image/png", visit.identity))
    height, width = reply["luminance"].shape
    facts = {
        "height": height, "width": width, "text_a": reply["text_a"], "text_b": reply["text_b"],
        "metrics": {
            form: {name: value if math.isfinite(value) else None for name, value in values.items()}
            for form, values in reply["metrics"].items()
        },
        "seconds": reply["timings"].get("total", sum(reply["timings"].values())),
        "notes": reply["notes"],
    }  # fmt: skip
    return PairOutcome("done", f"picture/{name}", facts)


def mark_lost(desk: Desk, visit: Visit) -> None:
    """Let every pair count as failed whose picture had to leave the shelf for others' pictures."""
    outcomes = visit.batch.outcomes
    for name, outcome in list(outcomes.items()):  # the batch may run on meanwhile
        if outcome.picture and outcome.picture.removeprefix("picture/") not in desk.shelf:
            outcomes[name] = PairOutcome("failed", error=_lost(name, desk))


def _lost(name: str, desk: Desk) -> FilmError:
    return FilmError(
        "batch.lost",
        "The fused picture of '{name}' had to make room: this page keeps {limit} MB of pictures "
        "for all its visitors. Start again to fuse what is missing.",
        name=name, limit=desk.settings.shelf_megabytes,
    )  # fmt: skip


def offers(desk: Desk, visit: Visit) -> dict[str, str]:
    """Return addresses of the batch's files, by name."""
    from film_core.batch.report import as_csv

    asked = visit.batch
    if not asked.outcomes:
        return {}
    links = {}
    for name, media_type, make in (
        ("results.zip", "application/zip", lambda: _zip(desk, visit, asked)),
        ("results.csv", "text/csv", lambda: as_csv(_as_batch(asked)).encode("utf-8-sig")),
    ):
        links[name] = desk.offer(visit, name, name, media_type, make)
    return links


def _zip(desk: Desk, visit: Visit, asked: PageBatch) -> bytes:
    from film_core.batch.report import as_csv, as_log, contact_sheet, pack
    from film_core.images import encode_png

    if asked is visit.batch:
        mark_lost(desk, visit)  # so that the table in it names what is missing in it
    batch = _as_batch(asked)
    kept = {
        f"{name}.png": data
        for name, outcome in list(asked.outcomes.items())
        if outcome.picture and (data := desk.picture(outcome.picture)) is not None
    }
    contents = {
        "results.csv": as_csv(batch).encode("utf-8-sig"),
        "log.txt": as_log(batch).encode(),
    }
    sheet = contact_sheet(list(kept.values()))
    if sheet is not None:
        contents["contact-sheet.png"] = encode_png(sheet)
    file = io.BytesIO()
    pack(file, contents, kept.items())
    return file.getvalue()


def _as_batch(asked: PageBatch) -> "Batch":
    from pathlib import Path

    from film_core.batch import Batch, Item, Outcome, Pair

    outcomes = []
    for pair in asked.pairs:
        outcome = asked.outcomes.get(pair.name)
        if outcome is not None:
            items = Pair(pair.name, Item(pair.a, bytes), Item(pair.b, bytes))
            outcomes.append(Outcome(items, outcome.state, None, outcome.facts, outcome.error))
    return Batch(outcomes, len(asked.pairs), Path())


async def _contents(desk: Desk, visit: Visit, pair: PairOfFiles) -> dict[str, bytes]:
    asked = visit.batch
    if not asked.archive:
        return {"a": asked.files["a"][pair.a], "b": asked.files["b"][pair.b]}
    request = {"do": "batch pair", "a_path": pair.a, "b_path": pair.b, **_archive(asked)}
    return await _ask(desk, desk.reading, visit, request)


def _archive(asked: PageBatch) -> dict[str, Any]:
    return {"archive": hashlib.sha256(asked.archive).hexdigest()}


async def _ask(
    desk: Desk,
    worker: Supervisor,
    visit: Visit,
    request: dict[str, Any],
    blobs: dict[str, bytes] | None = None,
) -> dict[str, Any]:
    asked = visit.batch
    limits = {
        "max_pixels": int(desk.settings.max_megapixels * 1e6),
        "max_bytes": int(desk.settings.max_megabytes * 1e6),
        "max_archive_bytes": int(desk.settings.batch_megabytes * 1e6),
    }
    if blobs is None:
        blobs = {request["archive"]: asked.archive}
    job = asked.job = Job(
        visit.identity, {**request, "limits": limits}, blobs, desk.settings.fuse_seconds
    )
    worker.submit(job)
    try:
        last = [event async for event in job.events()][-1]  # the last event ends the stream
    finally:
        worker.cancel(job)  # no effect when it is done; ends it when the visitor has left
    if last.error is not None:
        raise last.error
    return last.reply
