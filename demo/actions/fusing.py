"""The Fuse button: a job in the worker, its progress on the page, its result or its sentence."""

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import gradio as gr

from demo.actions.connecting import connect
from demo.actions.showing import (
    Updates,
    language_of,
    show_ending,
    show_panels,
    show_result,
    show_sources,
    show_task,
)
from demo.desk import Desk
from demo.panels.progress import render_progress
from demo.state import SLOTS, Ending, Result, Visit
from demo.view import View
from demo.worker.job import Job, JobEvent
from film_core.errors import FilmError, SettingError


def wire(view: View, desk: Desk) -> None:
    """Connect Fuse and Cancel."""

    async def asked(visit: Visit, a: str, b: str, told: str) -> AsyncIterator[Updates]:
        async with aclosing(fuse(view, visit, desk, a, b, told)) as steps:
            async for updates in steps:
                yield updates

    def cancel(visit: Visit) -> None:
        if visit.job is not None:
            desk.fusing.cancel(visit.job)

    shown = [
        view.fuse, view.cancel, view.progress, view.viewer, view.facts, *view.task_parts,
        view.examples, *view.panels.values(), *view.source_parts,
    ]  # fmt: skip
    given = [view.visit, *view.texts.values(), view.instruction]
    connect(view.fuse, "click", asked, given, shown)
    connect(view.cancel, "click", cancel, [view.visit], None)


async def fuse(
    view: View, visit: Visit, desk: Desk, a: str, b: str, told: str
) -> AsyncIterator[Updates]:
    """Fuse the visit's two sources, showing how far it is and then what came of it.

    Args:
        a, b: the descriptions.
        told: the instruction.
    """
    if visit.job is not None:
        return
    began = time.monotonic()
    sources = dict(visit.sources)
    try:
        job = visit.job = _submit(visit, desk, a, b, told)
        visit.unfinished = True
    except FilmError as error:
        visit.ending = Ending(error=error)
        yield show_ending(view, visit)
        return
    repeated, result, visit.ending = "", None, None
    try:
        yield {
            **_running(view, True),
            view.progress: render_progress(JobEvent("queued"), 0, language_of(visit)),
        }
        async for event in job.events():
            seconds = time.monotonic() - began
            if event.stage == "again":
                repeated = event.detail
            if not event.last:
                # With Cancel every time: of two answers that reach the browser in one go, it
                # keeps no more of a component than the second says.
                progress = render_progress(event, seconds, language_of(visit))
                yield {**_running(view, True), view.progress: progress}
        visit.unfinished = False
        if event.error is not None:
            ending = Ending(error=event.error)
        else:
            result = desk.keep(visit, job, sources, event.reply)
            ending = _ending(visit, result, seconds, repeated)
            if visit.result is result:
                visit.note_pair(None)  # they do fit
    finally:
        visit.job = None
        desk.fusing.cancel(job)  # no effect when it is done; ends it when the visitor has left
    visit.ending = ending
    if result is None:
        yield {**_running(view, False), **show_ending(view, visit)}
        return
    yield {**_running(view, False), **show_ending(view, visit), **_result(view, visit, desk)}
    if await _compared(visit, desk, result):
        # With all that the answer before had, for the same reason, but as it is by now: seconds
        # have gone by, in which a visitor chooses another language or task.
        shown = {
            **_running(view, visit.job is not None),
            **(show_ending(view, visit) if visit.ending is ending else {}),
        }
        if visit.result is not None and visit.result.number == result.number:
            yield {**shown, **_result(view, visit, desk)}
        else:  # something else is shown by now
            yield {**shown, **show_panels(view, visit, desk, "metrics", "history")}


def _result(view: View, visit: Visit, desk: Desk) -> Updates:
    return {
        **show_result(view, visit, desk),
        **show_sources(view, visit, desk),
        **show_task(view, visit),
    }


def _ending(visit: Visit, result: Result, seconds: float, repeated: str) -> Ending:
    took = {"seconds": f"{seconds:.1f}"}
    if visit.result is not result:
        return Ending("progress.elsewhere", took)
    if repeated:
        return Ending("progress.repeated", {"detail": repeated}, linked=True)
    return Ending("progress.done", took, "done", linked=True)


def _submit(visit: Visit, desk: Desk, a: str, b: str, told: str) -> Job:
    for slot in SLOTS:
        if visit.sources[slot] is None:
            raise SettingError(
                "fuse.missing",
                "Two images are needed: choose source {letter} or an example first.",
                letter=slot.upper(),
            )
    # Only what the images are stands in the way: a check that failed otherwise is made again by
    # the fusing worker itself.
    error = visit.errors.get("pair")
    if error is not None and error.code == "pair.sizes":
        raise error
    return desk.fuse(visit, a, b, instruction=told if visit.network == "steer" else "")


async def _compared(visit: Visit, desk: Desk, result: Result) -> bool:
    """Measure what `result` is compared with, after it is shown; False where that failed."""
    try:
        job = desk.compare(visit, result)
    except FilmError:
        return False  # the line is full: the result's own column stands alone
    try:
        last = [event async for event in job.events()][-1]
    finally:
        desk.fusing.cancel(job)
    if last.reply is None:
        return False
    whole = replace(result, comparison=last.reply["comparison"])
    visit.results[:] = [_with(old, whole) for old in visit.results]
    if visit.result is not None:
        visit.result = _with(visit.result, whole)
    return True


def _with(old: Result, whole: Result) -> Result:
    return replace(old, comparison=whole.comparison) if old.number == whole.number else old


def _running(view: View, running: bool) -> Updates:
    return {
        view.fuse: gr.update(interactive=not running),
        view.cancel: gr.update(visible=running),
    }
