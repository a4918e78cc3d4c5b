"""Work that takes many fusions, row by row: started, stopped, carried on. Study and batch alike."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager

import gradio as gr

from demo.actions.connecting import connect
from demo.actions.events import choice_of
from demo.actions.showing import Updates, show_panels
from demo.batch import PageBatch
from demo.desk import Desk
from demo.state import Visit
from demo.study import PromptStudy
from demo.view import View
from film_core.errors import Cancelled, FilmError

Work = PromptStudy | PageBatch


def wire_work(
    view: View,
    desk: Desk,
    panel: str,
    work_of: Callable[[Visit], Work],
    is_ready: Callable[[Visit], bool],
    run: Callable[[Visit, Desk, str, str, str], AsyncIterator[None]],
    change: Callable[[Visit, Desk, str, str], None],
) -> None:
    """Connect the buttons of a panel whose work takes long.

    Args:
        panel: its name, also that of its error.
        work_of: what the visit knows of the work.
        is_ready: whether it could start.
        run: does it, given both texts and the instruction; yields where the panel should be
            drawn again.
        change: answers the other buttons, as (action, value).
    """

    async def chosen(
        visit: Visit, a: str, b: str, told: str, event: gr.EventData
    ) -> AsyncIterator[Updates]:
        what, _, value = choice_of(event).partition(":")
        asked = work_of(visit)
        if what == "stop":
            asked.stopping = True
            if asked.job is not None:
                desk.fusing.cancel(asked.job)
            return
        if asked.running:
            return
        visit.errors[panel] = None
        if what == "start" and is_ready(visit):
            async with aclosing(run(visit, desk, a, b, told)) as steps:
                async for _ in steps:
                    yield show_panels(view, visit, desk, panel)
            return
        change(visit, desk, what, value)
        yield show_panels(view, visit, desk, panel)

    shown = view.panels[panel]
    given = [view.visit, *view.texts.values(), view.instruction]
    connect(shown, "choose", chosen, given, [shown])


@contextmanager
def at_work(visit: Visit, panel: str, asked: Work) -> Iterator[None]:
    """Mark `asked` as running; what is done stays when it is stopped or fails."""
    asked.running, asked.stopping, asked.seconds = True, False, 0.0
    try:
        yield
    except Cancelled:
        pass
    except FilmError as error:
        visit.errors[panel] = error
    finally:
        asked.running, asked.job = False, None
