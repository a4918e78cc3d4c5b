"""The published weights on the page: an endpoint's words, Q-Former features, exact FILM."""

import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.page.conftest import start_page, stop
from tests.page.test_browser import give_pair, open_page
from tests.text.chat_server import ANSWER, KEY, says, serving
from tests.text.tiny_qformer import write_qformer

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def published_page(repository, tmp_path, shared):
    """The page as docs/published-weights.md starts it, with a stub in the endpoint's place."""
    write_qformer(tmp_path / "qformer.safetensors")
    weights = tmp_path / "film-published-ivf.safetensors"
    convert = ["convert", shared / "golden/film/ckpt_official_layout.pth", weights]
    subprocess.run(
        [sys.executable, "-m", "film_core", *convert, "--task", "ivf", "--encoder", "qformer"],
        cwd=repository, check=True,
    )  # fmt: skip
    with serving(says(ANSWER), says("A bright road with trees at the right.")) as endpoint:
        server = start_page(
            repository,
            tmp_path,
            "demo.worker.fusing",
            FILM_QFORMER=str(tmp_path / "qformer.safetensors"),
            FILM_STUDIO_WEIGHTS=str(weights),
            FILM_STUDIO_DESCRIBER="endpoint",
            FILM_ENDPOINT_URL=endpoint.url,
            FILM_ENDPOINT_MODEL="stub-vl",
            FILM_ENDPOINT_KEY=KEY,
            NO_PROXY="127.0.0.1",
        )
        yield server
        stop(server)


def test_from_two_images_to_the_published_network(tab, published_page, pair_files):
    page = open_page(tab, published_page)
    give_pair(page, pair_files)
    page.get_by_text("The model of this server").click()  # and not "Measurements"
    expect(page.locator("#author-a")).to_contain_text("stub-vl")
    expect(page.locator("#author-b")).to_contain_text("stub-vl")
    assert page.locator("#text-a textarea").input_value() == ANSWER
    page.click("#fuse")  # the worker may have to compile first
    done = page.locator("#progress .progress[data-state=done]")
    expect(done).to_be_visible(timeout=900_000)
    expect(page.locator("#facts")).to_contain_text("film-published-ivf")
    page.get_by_role("tab", name="Words and places").click()
    word = page.locator(".words.a .word").nth(1)
    word.click()
    expect(page.locator("#attention figcaption")).to_contain_text(f"“{word.inner_text()}”")
    assert tab.faults == [] and KEY not in page.content()
