"""A running page, a Chromium that looks at it, and images to give it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

expect.set_options(timeout=30_000)  # a shared machine may be slow; a wrong page stays wrong
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_SERVE = """
import os, sys
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
from demo.desk import Desk
from demo.server import serve
from demo.settings import read_settings
serve(Desk(read_settings(), fusing=sys.argv[1]))
"""


@dataclass
class Server:
    """A page that runs in its own process."""

    address: str
    process: subprocess.Popen
    mark: Path

    def health(self) -> dict:
        import json

        with urllib.request.urlopen(f"{self.address}/health", timeout=10) as answer:
            return json.load(answer)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def start_page(repository: Path, folder: Path, fusing: str, **environment: str) -> Server:
    mark = folder / "crashed"
    settings = {
        "GRADIO_SERVER_PORT": str(free_port()),
        "STAND_IN_MARK": str(mark),
        "PYTHONPATH": str(repository),
        **environment,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE, fusing], cwd=repository, env={**os.environ, **settings}
    )
    address = f"http://127.0.0.1:{settings['GRADIO_SERVER_PORT']}"
    server = Server(address, process, mark)
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        assert process.poll() is None, "the page ended while starting"
        try:
            server.health()
            return server
        except OSError:
            time.sleep(0.2)
    process.kill()
    raise AssertionError("the page did not come up within four minutes")


def stop(server: Server) -> None:
    """End the page as a host does; tabs that are still open must not keep it."""
    server.process.terminate()
    try:
        server.process.wait(60)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()
        raise AssertionError("the page did not end within a minute of its stop signal") from None


@pytest.fixture(scope="session")
def stand_in_page(repository: Path, tmp_path_factory) -> Iterator[Server]:
    """The page with the stand-in for the fusing worker."""
    folder = tmp_path_factory.mktemp("page")
    server = start_page(repository, folder, "tests.page.stand_in")
    yield server
    stop(server)


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """A real Chromium: the system's, or Playwright's own."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Tab:
    """A browser tab, and what it asked for and complained about."""

    page: object
    requests: list[str]
    faults: list[str]


@pytest.fixture
def tab(chromium, request) -> Iterator[Tab]:
    """A fresh tab of a fresh visitor; `indirect` parameters go to the browser's context."""
    options = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"}
    context = chromium.new_context(**{**options, **getattr(request, "param", {})})
    page = context.new_page()
    page.set_default_timeout(30_000)
    tab = Tab(page, [], [])
    page.on("request", lambda r: tab.requests.append(r.url))
    page.on("pageerror", lambda e: tab.faults.append(str(e)))
    yield tab
    context.close()


@pytest.fixture(scope="session")
def pair_files(tmp_path_factory) -> tuple[Path, Path]:
    """A small infrared and visible pair as PNG files."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("pair")
    rows, columns = np.mgrid[0:96, 0:128]
    warm = 40 + 180 * np.exp(-((rows - 60) ** 2 + (columns - 40) ** 2) / 200)
    texture = 90 + 60 * np.sin(columns / 3) * np.cos(rows / 5)
    colour = np.stack([texture, texture * 0.8, texture * 0.6], axis=-1)
    Image.fromarray(warm.astype(np.uint8)).save(folder / "infrared.png")
    Image.fromarray(np.clip(colour, 0, 255).astype(np.uint8)).save(folder / "visible.png")
    return folder / "infrared.png", folder / "visible.png"
