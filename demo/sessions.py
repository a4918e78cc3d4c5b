"""What Gradio remembers of every session, kept from filling the memory.

For each session Gradio copies the page's whole configuration, some hundred kilobytes, and keeps
ten thousand of them. A program's call is a session of its own that nobody comes back to. A session
that had to make room begins again with its page's visit, which `demo.visits` still has.
"""

from collections import OrderedDict
from collections.abc import Callable

import gradio as gr
from gradio.state_holder import SessionState

from demo.state import Visit

MOST_SESSIONS = 2000


def limit_sessions(page: gr.Blocks) -> None:
    """Let `page` remember at most `MOST_SESSIONS`; call before it is mounted."""
    page.state_session_capacity = MOST_SESSIONS


def keep_visits(page: gr.Blocks, visit_of: Callable[[str], Visit | None]) -> None:
    """Give sessions that begin again the visit that they had; call after `page` is mounted.

    Args:
        visit_of: returns the visit of a session's page, None for a page that opens.
    """
    (place,) = (key for key, b in page.blocks.items() if isinstance(b, gr.State))
    page.state_holder.session_data = _Sessions(place, visit_of)


class _Sessions(OrderedDict[str, SessionState]):
    """Gradio's sessions by name; a new one for a page that is known gets the page's visit."""

    def __init__(self, place: int, visit_of: Callable[[str], Visit | None]) -> None:
        super().__init__()
        self._place, self._visit_of = place, visit_of

    def __setitem__(self, session: str, state: SessionState) -> None:
        visit = self._visit_of(session)
        if visit is not None:
            state.state_data[self._place] = visit
        super().__setitem__(session, state)


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
