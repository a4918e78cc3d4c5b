"""What Gradio remembers of every session, kept from filling the memory.

For each session Gradio copies the page's whole configuration, some hundred kilobytes, and keeps
ten thousand of them. A program's call is a session of its own that nobody comes back to.
"""

import gradio as gr

MOST_SESSIONS = 2000


def limit_sessions(page: gr.Blocks) -> None:
    """Let `page` remember at most `MOST_SESSIONS`; call before it is mounted."""
    page.state_session_capacity = MOST_SESSIONS


def drop_session(page: gr.Blocks, session: str) -> None:
    """Forget the session of a page that is gone, with everything that it holds."""
    page.state_holder.session_data.pop(session, None)
    page.state_holder.time_last_used.pop(session, None)


def forget_session(page: gr.Blocks, request: gr.Request | None) -> None:
    """Forget the session of a program's call; it has no state and won't be asked for again."""
    session = None if request is None else request.session_hash
    holder = page.state_holder
    # A browser's own session holds its visit and stays, whoever calls a function in its name.
    if session in holder.session_data and not holder.session_data[session].state_data:
        del holder.session_data[session]
        holder.time_last_used.pop(session, None)
