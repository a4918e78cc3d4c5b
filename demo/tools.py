"""The page's functions as tools of the Model Context Protocol, where the host switches that on.

Gradio writes what a function returns as Python would print it. Programs read JSON.
"""

import json
from typing import TYPE_CHECKING, Any

import gradio as gr

if TYPE_CHECKING:
    from mcp.types import TextContent


def answer_in_json(page: gr.Blocks) -> None:
    """Let the tools of `page`, which is mounted, answer with the JSON text of what they return."""
    page.mcp_server_obj.postprocess_output_data = as_json


def as_json(outputs: list[Any], root_url: str) -> "list[TextContent]":
    """Return each of a function's outputs as JSON; none of ours is a file with an address."""
    from mcp.types import TextContent

    return [
        TextContent(type="text", text=json.dumps(output, ensure_ascii=False, allow_nan=False))
        for output in outputs
    ]
