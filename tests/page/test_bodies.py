"""A body that is too large, or one too many, is answered before anybody has it in memory."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from demo.actions.sources import too_many_bytes
from demo.bodies import Bodies, most_bytes
from demo.desk import Desk
from demo.endpoints import _decoded
from demo.language import load_language
from demo.settings import Settings
from film_core.errors import ImageError
from tests.page.test_separation import answer


def run(answering):
    """In a thread of its own: a test with a browser before this one leaves its loop running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, answering).result()


class Application:
    """Reads the whole body, as Gradio does, and answers how long it was."""

    def __init__(self) -> None:
        self.read = 0
        self.wait: asyncio.Event | None = None

    async def __call__(self, scope, receive, send):
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError("the sender has gone")
            self.read += len(message["body"])
            if not message.get("more_body"):
                break
        if self.wait is not None:
            await self.wait.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"read"})


async def sent(bodies: Bodies, parts: list[bytes], length: int | None = None) -> int:
    """Return the status that `parts` are answered with; `length` is what the header says."""
    waiting, statuses = list(parts), []

    async def receive():
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message):
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = [] if length is None else [(b"content-length", str(length).encode())]
    await bodies({"type": "http", "headers": headers, "method": "POST"}, receive, send)
    assert len(statuses) == 1
    return statuses[0]


def test_a_body_is_refused_by_what_it_says_and_by_what_it_is():
    application = Application()
    bodies = Bodies(application, limit=100)
    assert run(sent(bodies, [b"x" * 60, b"x" * 40], 100)) == 200
    assert run(sent(bodies, [b"x"], 101)) == 413  # before anything is read
    assert application.read == 100
    assert run(sent(bodies, [b"x" * 60] * 1000)) == 413  # a stream that says nothing
    assert application.read == 160
    assert run(sent(bodies, [b"x" * 100])) == 200  # nothing of it is counted any more


def test_many_bodies_at_once_have_a_limit_together():
    async def both() -> tuple[int, int, int]:
        application = Application()
        application.wait = asyncio.Event()
        bodies = Bodies(application, limit=100, together=150)
        first = asyncio.create_task(sent(bodies, [b"x" * 100]))
        await asyncio.sleep(0.01)
        second = await sent(bodies, [b"x" * 30, b"x" * 30])
        third = asyncio.create_task(sent(bodies, [b"x" * 50]))
        application.wait.set()
        return await first, second, await third

    assert run(both()) == (200, 503, 200)


def test_an_error_of_the_application_stays_one():
    async def broken(scope, receive, send):
        raise RuntimeError("its own")

    with pytest.raises(RuntimeError, match="its own"):
        run(sent(Bodies(broken, 100), [b"x"]))


def test_the_running_page_refuses_an_endless_call(stand_in_page):
    path = stand_in_page.address + "/gradio_api/call/fuse"
    body = json.dumps({"data": ["x" * (most_bytes(40.0, 100.0) + 1), "", "ivf"]}).encode()
    try:
        status, said, headers = answer(path, body)
    except OSError:  # the server closed before all was sent, as it may
        status = 413
    else:
        assert json.loads(said) == {"reason": "too_large"}
        assert "content-security-policy" in {name.lower() for name in headers}
    assert status == 413
    assert stand_in_page.health()["state"] in ("ready", "busy", "starting")


@pytest.mark.parametrize(
    ("limit", "size", "said"),
    [(40.0, 40_300_000, "40.3 MB; at most 40 MB"), (0.4, 410_000, "0.5 MB; at most 0.4 MB")],
)
def test_a_size_that_is_refused_is_said_to_be_beyond_its_limit(limit, size, said):
    """Found by uploading: "has 40 MB; at most 40 MB are read"."""
    error = too_many_bytes("x.png", size, Desk(Settings(max_megabytes=limit)))
    assert said in str(error)
    assert said.partition(" MB")[0] in load_language("zh").error(error)


def test_an_image_of_a_call_is_refused_before_it_is_decoded():
    desk = Desk(Settings(max_megabytes=1.0))
    with pytest.raises(ImageError, match=r"'image_a' has 3\.0 MB; at most 1 MB"):
        _decoded("data:image/png;base64," + "A" * 4_000_000, "image_a", desk)
