"""Choosing who writes the descriptions, where the host offers a model beside the measurements."""

from collections.abc import AsyncIterator

from demo.actions.connecting import connect
from demo.actions.describing import describe_unedited
from demo.actions.showing import Updates
from demo.desk import Desk
from demo.state import Visit
from demo.view import View


def wire(view: View, desk: Desk) -> None:
    """Connect the choice of the describer."""

    async def chosen(visit: Visit, name: str, a: str, b: str) -> AsyncIterator[Updates]:
        visit.by_model = desk.asking is not None and name == "model"
        yield {view.visit: visit}
        async for updates in describe_unedited(view, visit, desk, {"a": a, "b": b}):
            yield updates

    connect(
        view.describer,
        "input",
        chosen,
        [view.visit, view.describer, *view.texts.values()],
        [view.visit, *view.texts.values(), *view.authors.values()],
    )
