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
    show_panels,
    show_result,
    show_sources,
    show_task,
)
from demo.desk import Desk
from demo.panels.progress import render_end, render_failure, render_progress
from demo.state import SLOTS, Result, Visit
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
    say = language_of(visit)
    if visit.job is not None:
        return
    began = time.monotonic()
    sources = dict(visit.sources)
    try:
        job = visit.job = _submit(visit, desk, a, b, told)
        visit.unfinished = True
    except FilmError as error:
        yield {view.progress: render_failure(error, say)}
        return
    repeated, result = "", None
    try:
        yield {
            **_running(view, True),
            view.progress: render_progress(JobEvent("queued"), 0, say),
        }
        async for event in job.events():
            seconds = time.monotonic() - began
            if event.stage == "again":
                repeated = event.detail
            if not event.last:
                # With Cancel every time: of two answers that reach the browser in one go, it
                # keeps no more of a component than the second says.
                yield {**_running(view, True), view.progress: render_progress(event, seconds, say)}
        visit.unfinished = False
        if event.error is not None:
            shown = {view.progress: render_failure(event.error, say)}
        else:
            result = desk.keep(visit, job, sources, event.reply)
            shown = {
                view.progress: render_end(
                    say("progress.repeated", detail=repeated), "note", say("progress.see")
                )
                if repeated
                else render_end(
                    say("progress.done", seconds=f"{seconds:.1f}"), "done", say("progress.see")
                ),
                **show_result(view, visit, desk),
                **show_sources(view, visit, desk),
                **show_task(view, visit),
            }
    finally:
        visit.job = None
        desk.fusing.cancel(job)  # no effect when it is done; ends it when the visitor has left
    yield {**_running(view, False), **shown}
    if result is not None and await _compared(visit, desk, result):
        panels = show_panels(view, visit, desk, "metrics", "history")
        if visit.result is None or visit.result.number != result.number:
            yield panels  # something else is shown by now
        else:
            # With all of the answer before, for the same reason.
            yield {**_running(view, visit.job is not None), **shown, **panels}


def _submit(visit: Visit, desk: Desk, a: str, b: str, told: str) -> Job:
    for slot in SLOTS:
        if visit.sources[slot] is None:
            raise SettingError(
                "fuse.missing",
                "Two images are needed: choose source {letter} or an example first.",
                letter=slot.upper(),
            )
    if visit.errors.get("pair") is not None:
        raise visit.errors["pair"]
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
