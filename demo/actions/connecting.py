"""How every event of the page is connected with its action."""

import functools
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, Literal

import gradio as gr
from gradio.components import Component

_ANSWERED = """() => {
  document.dispatchEvent(new CustomEvent("studio:answered", { detail: "%s" })); return []; }"""


def connect(
    component: Component | gr.Blocks,
    event: str,
    action: Callable,
    given: list[Component],
    shown: list[Component] | None,
    script: str | None = None,
    trigger: Literal["multiple", "always_last"] = "multiple",
) -> None:
    """Let `action` answer `event` of `component`.

    It isn't offered to programs, shows no spinner of Gradio's, and is heard again while it still
    runs: a Stop must not wait for what it stops.

    Args:
        component: one with an `elem_id`, or the page.
        event: its name, such as "click".
        action: takes the values of `given`; returns or yields ``{component: value}``.
        shown: the components that it may change.
        script: JavaScript that makes the values of `given` of what the components hold.
        trigger: "always_last" for what comes with every key: while one is answered, only the
            newest waits.
    """
    if inspect.isasyncgenfunction(action):
        action = _leaving_the_rest(action)
    answered = getattr(component, event)(
        action,
        given,
        shown,
        js=script,
        show_progress="hidden",
        api_visibility="private",
        trigger_mode=trigger,
    )
    if component.elem_id:
        answered.then(None, js=_ANSWERED % component.elem_id)


def _leaving_the_rest(action: Callable) -> Callable:
    """Return `action` such that where it yields nothing, nothing changes.

    Gradio empties every output of a generator that ends without having yielded.
    """

    @functools.wraps(action)
    async def answer(*given: Any, **named: Any) -> AsyncIterator[Any]:
        answered = False
        async with aclosing(action(*given, **named)) as answers:
            async for updates in answers:
                answered = True
                yield updates
        if not answered:
            yield gr.skip()

    return answer
