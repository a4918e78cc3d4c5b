"""Many calls leave nothing behind in the page's process; `benchmarks.soak.growth` counts bytes."""

import gc
import weakref
from types import SimpleNamespace

import numpy as np
from fastapi.testclient import TestClient

from demo.actions import showing
from demo.actions.opening import first_visit
from demo.desk import Desk
from demo.language import load_language
from demo.server import build_server
from demo.sessions import MOST_SESSIONS
from demo.settings import Settings
from tests.page.stand_in import TABLE


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
        reply = {
            "png": b"", "luminance": luminance, "attention": None, "text_a": "a", "text_b": "b",
            "metrics": {"raw": TABLE, "paper": TABLE}, "comparison": {}, "timings": {},
            "device": "cpu", "weights": "film-ivf", "notes": [], "words": [], "instruction": "",
            "steering": None, "change": None,
        }  # fmt: skip
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
