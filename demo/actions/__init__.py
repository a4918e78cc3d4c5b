"""What happens when a visitor does something: one file for each group of events.

An action reads the visit and a few fields, asks the desk, and returns what changed on the page as
``{component: value}``. It writes to the visit it was given and to nothing else.
"""

import gradio as gr

from demo.actions import (
    asking,
    batching,
    choosing,
    exploring,
    fusing,
    instructing,
    opening,
    registering,
    remembering,
    reopening,
    sources,
    studying,
    suggesting,
)
from demo.desk import Desk
from demo.view import View

__all__ = ["wire"]


def wire(page: gr.Blocks, view: View, desk: Desk) -> None:
    """Connect every event of the page with its action."""
    opening.wire(page, view, desk)
    choosing.wire(view, desk)
    sources.wire(view, desk)
    suggesting.wire(view, desk)
    reopening.wire(view, desk)
    asking.wire(view, desk)
    instructing.wire(view, desk)
    fusing.wire(view, desk)
    exploring.wire(view, desk)
    registering.wire(view, desk)
    remembering.wire(view, desk)
    studying.wire(view, desk)
    batching.wire(view, desk)
