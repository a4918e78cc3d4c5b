"""What a browser says that its visitor did. It may be any JSON: nothing about it is certain."""

from typing import Any

import gradio as gr


def sent_with(event: gr.EventData) -> dict[str, Any]:
    """Return what came with `event`, {} where that isn't an object."""
    return event._data if isinstance(event._data, dict) else {}


def choice_of(event: gr.EventData) -> str:
    """Return what was chosen, such as "stage:2"; "" where the event doesn't say it as text."""
    choice = sent_with(event).get("value")
    return choice if isinstance(choice, str) else ""
