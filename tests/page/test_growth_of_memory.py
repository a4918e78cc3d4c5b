"""Many calls leave nothing behind in the page's process; `benchmarks.soak.growth` counts bytes."""

from fastapi.testclient import TestClient

from demo.desk import Desk
from demo.server import build_server
from demo.sessions import MOST_SESSIONS
from demo.settings import Settings


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
