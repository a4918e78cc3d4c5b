"""Many calls leave nothing behind in the page's process; `benchmarks.soak.growth` counts bytes."""

import gc
import weakref
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from fastapi.testclient import TestClient

from demo.actions import showing
from demo.actions.opening import first_visit
from demo.desk import Desk
from demo.language import load_language
from demo.server import build_server
from demo.sessions import MOST_SESSIONS
from demo.settings import Settings
from tests.page.stand_in import TABLE


def reply_of(luminance: np.ndarray) -> dict:
    """Return a worker's answer to "fuse"."""
    return {
        "png": b"", "luminance": luminance, "attention": None, "text_a": "a", "text_b": "b",
        "metrics": {"raw": TABLE, "paper": TABLE}, "comparison": {}, "timings": {},
        "device": "cpu", "weights": "film-ivf", "notes": [], "words": [], "instruction": "",
        "steering": None, "change": None,
    }  # fmt: skip


def test_memory_of_a_program_s_call_is_given_back(monkeypatch):
    """Found by the mutated images: Gradio kept the page's configuration for every call."""
    desk = Desk(Settings())
    monkeypatch.setattr(desk, "open", lambda: None)
    server = build_server(desk)
    (page,) = (route.app for route in server.routes if hasattr(getattr(route, "app", 0), "blocks"))
    holder = page.state_holder
    assert holder.capacity == MOST_SESSIONS
    with TestClient(server) as client:
        client.post("/gradio_api/call/describe", json={"data": ["x", "y", "ivf"]})
        name = client.post("/gradio_api/call/describe", json={"data": ["?", "?", "no"]}).json()
        told = client.get(f"/gradio_api/call/describe/{name['event_id']}").text
    assert "event: error" in told
    assert len(holder.session_data) == 0


def test_a_session_that_had_to_make_room_finds_its_visit_again(monkeypatch):
    """Found by reading: its next event fused the example instead of the visitor's images."""
    monkeypatch.setattr("demo.sessions.MOST_SESSIONS", 2)
    desk = Desk(Settings())
    server = build_server(desk)
    (page,) = (route.app for route in server.routes if hasattr(getattr(route, "app", 0), "blocks"))
    holder = page.state_holder
    (place,) = (key for key, b in page.blocks.blocks.items() if isinstance(b, gr.State))
    mine = holder["mine"][place]
    desk.visits.take_up("0" * 32, mine, "mine")
    for name in ("second", "third"):
        assert holder[name][place] is not mine
    assert "mine" not in holder
    assert holder["mine"][place] is mine and len(holder.session_data) == 2


def test_languages_that_nobody_speaks_are_not_kept():
    """Found by reading: `/health?language=…` kept every sentence again for each unknown name."""
    known = load_language("en").phrases
    for number in range(50):
        assert load_language(f"x{number}").phrases is known


def test_old_results_leave_no_arrays_behind():
    """Found by reading: downloads named by number held the arrays of every result of the visit."""
    visit, desk, say = first_visit()[0], Desk(Settings()), load_language("en")
    luminances = []
    for number in range(20):
        luminance = np.full((8, 8), number / 20, np.float32)
        reply = reply_of(luminance)
        job = SimpleNamespace(request={"task": "ivf"})
        desk.keep(visit, job, dict(visit.sources), reply)
        showing._exact(visit, desk)
        for draw in showing.PANELS.values():
            draw(visit, desk, say)
        luminances.append(weakref.ref(luminance))
        del luminance, reply
    gc.collect()
    assert len(visit.results) == 12
    assert sum(luminance() is not None for luminance in luminances) <= 2


@pytest.mark.parametrize("history", [1, 2])
def test_the_limit_of_the_history_spares_the_result_that_is_shown(history):
    """Found by reading: a fusion of other sources, ended late, took the shown picture away."""
    visit, desk = first_visit()[0], Desk(Settings(history=history))
    flat = np.zeros((8, 8), np.float32)
    shown, other = (SimpleNamespace(request={"task": task}) for task in ("ivf", "mif"))
    first = desk.keep(visit, shown, dict(visit.sources), reply_of(flat))
    for _ in range(3):
        last = desk.keep(visit, other, dict(visit.sources), reply_of(flat))
        assert visit.result is first
        for kept in (first, last):
            assert desk.picture(kept.picture) is not None and kept.number in {
                result.number for result in visit.results
            }
    assert len(visit.results) == 2
    desk.keep(visit, shown, dict(visit.sources), reply_of(flat))
    assert len(visit.results) == history
