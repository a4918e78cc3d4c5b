"""The batch: taking files, showing what pairs with what, fusing pair by pair, stopping."""

import time
from collections.abc import AsyncIterator

import gradio as gr

from demo import batches
from demo.actions.connecting import connect
from demo.actions.events import sent_with
from demo.actions.running import at_work, wire_work
from demo.actions.showing import Updates, show_panels
from demo.actions.sources import is_size, rounded_up
from demo.batch import PageBatch
from demo.desk import Desk
from demo.state import SLOTS, Visit
from demo.view import View
from film_core.errors import FilmError, ImageError, SettingError

_MOST_PATH = 240


def wire(view: View, desk: Desk) -> None:
    """Connect the file fields and the buttons of the batch panel."""
    panel = view.panels["batch"]

    async def uploaded(visit: Visit, event: gr.EventData) -> Updates:
        data = sent_with(event)
        if not visit.batch.running:
            visit.errors["batch"] = None
            try:
                _take(visit, desk, data)
            except FilmError as error:
                visit.errors["batch"] = error
            if data.get("last") and visit.batch.size and not visit.batch.pairs:
                try:
                    await batches.preview(desk, visit)
                except FilmError as error:
                    visit.errors["batch"] = visit.errors["batch"] or error
        return show_panels(view, visit, desk, "batch")

    connect(panel, "upload", uploaded, [view.visit], [panel])
    wire_work(
        view, desk, "batch", lambda visit: visit.batch, lambda visit: bool(visit.batch.pairs),
        _run, _change,
    )  # fmt: skip


def _change(visit: Visit, desk: Desk, what: str, value: str) -> None:
    if what == "texts":
        visit.batch.own_texts = not visit.batch.own_texts
    elif what == "clear":
        _forget(visit, desk)


def _take(visit: Visit, desk: Desk, data: dict) -> None:
    """Take what the browser says that it has sent from where uploads wait.

    Raises:
        FilmError: one of the files can't be taken; then the batch stays as it was.
    """
    side, sent = data.get("side"), data.get("files")
    if not isinstance(sent, list) or side not in (*SLOTS, "zip"):
        return
    given: dict[str, bytes] = {}
    for file in (file for file in sent[:1000] if isinstance(file, dict)):
        path = str(file.get("shown", ""))[:_MOST_PATH]
        given[path] = _taken(file, path, side, desk)
    if not given:
        return
    anew = side == "zip" or bool(visit.batch.archive)
    there = {} if anew else {each: dict(files) for each, files in visit.batch.files.items()}
    there[side] = {**there.get(side, {}), **given}
    if _bytes(*there.values()) > desk.settings.batch_megabytes * 1e6:
        if side == "zip":
            raise _zip_too_large(_bytes(given), desk)
        raise SettingError(
            "batch.too_much",
            "The files have more than {limit:g} MB together, which is all that this page "
            "takes: split them up, or use `python -m film_core batch`.",
            limit=desk.settings.batch_megabytes,
        )
    if anew:
        _forget(visit, desk)
    _take_away(visit, desk)
    asked = visit.batch
    asked.pairs, asked.unpaired = [], []  # of the files before; `batches.preview` finds the new
    if side == "zip":
        asked.archive_name, asked.archive = list(given.items())[-1]
    else:
        asked.files[side] = there[side]


def _taken(file: dict, path: str, side: str, desk: Desk) -> bytes:
    """Return the content of a file that the browser says that it has sent, called `path`."""
    if file.get("reason") == "too_large":
        if side == "zip":
            size = file.get("size")
            raise _zip_too_large(size if is_size(size) else 0, desk)
        raise ImageError(
            "batch.file_too_large",
            "'{name}' is larger than {limit:g} MB: leave it out, or use smaller images.",
            name=path, limit=desk.settings.max_megabytes,
        )  # fmt: skip
    picture = desk.uploads.take(str(file.get("token", "")))
    if picture is None:
        raise ImageError(
            "upload.failed",
            "The upload of '{name}' did not arrive: check the connection and choose it again.",
            name=path,
        )
    return picture.data


def _zip_too_large(size: float, desk: Desk) -> SettingError:
    return SettingError(
        "batch.archive_bytes", "The zip has {megabytes:.1f} MB; at most {limit:g} MB are accepted: "
        "split it.", megabytes=rounded_up(size), limit=desk.settings.batch_megabytes,
    )  # fmt: skip


def _bytes(*sides: dict[str, bytes]) -> int:
    return sum(len(data) for files in sides for data in files.values())


def _take_away(visit: Visit, desk: Desk) -> None:
    for outcome in visit.batch.outcomes.values():
        desk.shelf.take(outcome.picture.removeprefix("picture/"))
    visit.batch.outcomes.clear()


def _forget(visit: Visit, desk: Desk) -> None:
    _take_away(visit, desk)
    visit.batch = PageBatch(own_texts=visit.batch.own_texts)


async def _run(
    visit: Visit, desk: Desk, text_a: str, text_b: str, told: str
) -> AsyncIterator[None]:
    """Fuse what isn't done yet, pair by pair; yields where the panel should be drawn again."""
    asked, began = visit.batch, time.monotonic()
    texts = (text_a, text_b) if asked.own_texts else (None, None)
    instruction = told if visit.network == "steer" else ""
    about = (visit.task, visit.network, instruction, *texts)
    if asked.about != about:
        _take_away(visit, desk)
        asked.about = about
    for name in [n for n, outcome in asked.outcomes.items() if outcome.state == "failed"]:
        del asked.outcomes[name]
    asked.started = len(asked.outcomes)
    with at_work(visit, "batch", asked):
        yield
        for pair in asked.pairs:
            if asked.stopping:
                break
            if pair.name in asked.outcomes:
                continue
            asked.outcomes[pair.name] = await batches.fuse(desk, visit, pair)
            asked.seconds = time.monotonic() - began
            yield
    yield
