"""The page on a cold machine: up at once, saying what is being compiled, and what can't be."""

import os
import time

import pytest
from playwright.sync_api import expect

from tests.page.conftest import start_page, stop
from tests.page.test_browser import give_pair, open_page

pytestmark = pytest.mark.browser


@pytest.fixture
def page_with(repository, tmp_path):
    """Start a page with settings for the stand-in; stopped at the end."""
    started = []

    def begin(**environment: str):
        started.append(start_page(repository, tmp_path, "tests.page.stand_in", **environment))
        return started[-1]

    yield begin
    for server in started:
        stop(server)


def test_while_compiling_the_page_describes_and_says_what_is_compiled(tab, page_with, pair_files):
    server = page_with(STAND_IN_START_SECONDS="40")
    page = open_page(tab, server)
    expect(page.locator(".chip")).to_contain_text("Getting ready")
    give_pair(page, pair_files)  # images and descriptions don't wait for the network
    page.click("#fuse")
    expect(page.locator("#progress")).to_contain_text("The computation is getting ready")
    expect(page.locator("#progress")).to_contain_text("kernel")
    assert server.health()["state"] == "starting"
    expect(page.locator("#progress .progress[data-state=done]")).to_be_visible(timeout=90_000)
    expect(page.locator(".chip")).to_have_attribute("data-state", "ready")


def test_a_machine_without_a_compiler_says_so_and_the_rest_works(tab, page_with, pair_files):
    server = page_with(STAND_IN_UNABLE="1")
    page = open_page(tab, server)
    give_pair(page, pair_files)
    expect(page.locator(".chip")).to_have_attribute("data-state", "unable")
    page.click("#fuse")
    expect(page.locator("#progress .progress[data-state=failed]")).to_contain_text("install g++")


def test_a_server_that_goes_away_is_noticed_and_nothing_typed_is_lost(tab, page_with, pair_files):
    server = page_with()
    page = open_page(tab, server)
    give_pair(page, pair_files)
    page.fill("#text-a textarea", "words that took a while to write")
    stop(server)
    expect(page.locator(".chip")).to_contain_text("Server not reachable", timeout=60_000)
    assert page.input_value("#text-a textarea") == "words that took a while to write"


def test_stopping_the_server_stops_its_workers(page_with):
    from tests.page.test_real_worker import children_of

    server = page_with()
    while server.health()["state"] != "ready":
        time.sleep(0.2)
    workers = children_of(server.process.pid)
    assert len(workers) == 2
    stop(server)
    for pid in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
