"""The whole path in a real Chromium with the real network, and with its process killed under it."""

import os
import signal
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.page.conftest import start_page, stop
from tests.page.test_browser import fuse, give_pair, open_page

WEIGHTS = Path(__file__).resolve().parents[2] / "weights" / "film-ivf.safetensors"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not WEIGHTS.is_file(), reason="the weights film-ivf aren't trained yet"),
]


@pytest.fixture(scope="module")
def real_page(repository, tmp_path_factory):
    server = start_page(repository, tmp_path_factory.mktemp("real"), "demo.worker.fusing")
    deadline = time.monotonic() + 1200  # compiles on a bare machine
    while server.health()["state"] not in ("ready", "unable"):
        assert time.monotonic() < deadline, server.health()
        time.sleep(1)
    yield server
    stop(server)


def children_of(pid: int) -> dict[int, str]:
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == pid:
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except (OSError, ValueError, IndexError):
            continue  # it ended while we looked
    return found


def test_fuse_edit_and_look_at_a_word(tab, real_page, pair_files):
    page = open_page(tab, real_page)
    give_pair(page, pair_files)
    fuse(page)
    expect(page.locator("#metrics thead th")).to_have_count(7)
    expect(page.locator("#facts")).to_contain_text("film-ivf")
    page.fill("#text-a textarea", "A lamppost beside a warm engine.")
    fuse(page)
    expect(page.locator("#facts .measured")).to_contain_text("grey levels on average")
    page.get_by_role("tab", name="Words and places").click()
    word = page.locator(".words.a .word", has_text="lamppost")
    expect(word).to_have_count(1)  # two word pieces, one word
    word.click()
    expect(page.locator("#attention figcaption")).to_contain_text("“lamppost”")
    assert tab.faults == []


def test_the_network_killed_in_mid_fusion_is_replaced_and_the_fusion_repeated(
    tab, real_page, pair_files
):
    page = open_page(tab, real_page)
    give_pair(page, pair_files)
    workers = children_of(real_page.process.pid)
    fusing = next(pid for pid, command in workers.items() if "demo.worker.fusing" in command)
    page.click("#fuse")
    expect(page.locator("#progress .bar")).to_be_visible()
    os.kill(fusing, signal.SIGKILL)
    expect(page.locator("#progress .progress[data-state=note]")).to_be_visible(timeout=180_000)
    expect(page.locator("#progress")).to_contain_text("SIGKILL")
    expect(page.locator(".stage img[alt='Fused image']")).to_have_count(1)
    assert fusing not in children_of(real_page.process.pid)
