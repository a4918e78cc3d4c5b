"""Many at once, and the worker killed under them: nobody gets another's picture or no answer."""

import base64
import io
import os
import signal
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from gradio_client import Client
from PIL import Image

from film_core.images import encode_png
from tests.page.conftest import start_page, stop
from tests.page.test_real_worker import children_of

CLIENTS, ROUNDS = 6, 3


@pytest.fixture(scope="module")
def busy_page(repository, tmp_path_factory):
    folder = tmp_path_factory.mktemp("busy")
    limits = {"FILM_STUDIO_WAITING_PER_VISITOR": "50"}  # all clients share one address here
    server = start_page(repository, folder, "tests.page.stand_in", **limits)
    yield server
    stop(server)


def flat(level: int) -> str:
    picture = np.full((24, 32), level, np.uint8)
    return base64.b64encode(encode_png(picture)).decode()


def level_of(address: str) -> float:
    data = base64.b64decode(address.partition(",")[2])
    return float(np.asarray(Image.open(io.BytesIO(data))).mean())


@pytest.mark.slow
def test_every_client_gets_its_own_answer_while_the_worker_is_killed(busy_page):
    while busy_page.health()["state"] != "ready":
        time.sleep(0.2)
    waits: list[float] = []
    over = threading.Event()

    def one(client_number: int) -> list[tuple[float, float]]:
        client = Client(busy_page.address, verbose=False)
        answers = []
        for turn in range(ROUNDS):
            level = 30 + 20 * client_number + 3 * turn
            reply = client.predict(flat(level), flat(level), "ivf", "", "", api_name="/fuse")
            answers.append((level, level_of(reply["image"])))
        return answers

    def look_at_health() -> None:
        while not over.is_set():
            began = time.monotonic()
            urllib.request.urlopen(f"{busy_page.address}/health", timeout=30).read()
            waits.append(time.monotonic() - began)
            time.sleep(0.2)

    def kill_now_and_then() -> int:
        killed = 0
        for _ in range(2):
            time.sleep(2)
            for pid, command in children_of(busy_page.process.pid).items():
                if "stand_in" in command:
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
        return killed

    with ThreadPoolExecutor(CLIENTS + 2) as pool:
        health = pool.submit(look_at_health)
        killer = pool.submit(kill_now_and_then)
        answers = [pool.submit(one, number) for number in range(CLIENTS)]
        done = [pair for answer in answers for pair in answer.result(timeout=240)]
        assert killer.result() == 2
        over.set()
        health.result()
    assert len(done) == CLIENTS * ROUNDS
    for given, received in done:
        assert received == pytest.approx(given, abs=1), "somebody got another's picture"
    assert waits and busy_page.health()["restarts"] >= 2
