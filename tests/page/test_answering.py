"""Every action is answered by the page itself before the server has heard of it.

Nothing is timed: the question to the server is held back until the page has been looked at.
"""

import re
import zipfile

import pytest
from playwright.sync_api import expect

from tests.page.tabs import open_tab
from tests.page.test_browser import fuse, give_pair, open_page

pytestmark = pytest.mark.browser


class Held:
    """Holds back what the page asks its server until it is let go."""

    def __init__(self, page, address: str = "**/gradio_api/queue/join*") -> None:
        self.page, self._address, self._routes = page, address, []
        page.route(address, lambda route: self._routes.append(route))

    def let_go(self) -> None:
        for route in self._routes:
            route.continue_()
        self.page.unroute(self._address)

    @property
    def asked(self) -> int:
        return len(self._routes)


def answered_at_once(page, selector: str) -> list[str]:
    """Click and return, from within the same task of the browser, where an answer is awaited."""
    return page.evaluate(
        """selector => { document.querySelector(selector).click();
        return [...document.querySelectorAll("[data-answering]")].map((node) => node.id); }""",
        selector,
    )


# Panel, what is pressed, where the answer is awaited.
PRESSED = [
    ("History", "#history [data-choose='compare:1']", "history"),
    ("History", "#history [data-choose='restore:1']", "history"),
    ("", "#again-a", "author-a"),
    ("", "#swap", "source-a"),
    ("", "#task label:nth-of-type(2) input", "task-sentence"),
    ("", "#examples [aria-pressed=false]", "viewer"),
    ("", "#source-a [data-act=clear]", "source-a"),
    ("", "[data-language=zh]", "head"),
    ("Metrics", "#metrics [data-choose='form:paper']", "metrics"),
    ("Metrics", "#metrics [data-choose='local:SSIM']", "metrics"),
    ("Words and places", "#attention [data-choose='stage:2']", "attention"),
    ("Registration", "#registration [data-choose=measure]", "registration"),
    ("Prompt study", "#study [data-choose=controls]", "study"),
    ("Prompt study", "#study [data-choose=start]", "study"),
]


@pytest.mark.parametrize(
    "tab", [{"viewport": {"width": 1600, "height": 900}, "locale": "en-GB"}], indirect=True
)
def test_every_press_is_answered_before_the_server_hears_of_it(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    fuse(page)
    page.fill("#text-a textarea", "Other words.")
    fuse(page)
    for panel, pressed, place in PRESSED:
        if panel:
            open_tab(page, panel)
        held = Held(page)
        assert answered_at_once(page, pressed) == [place], pressed
        line = page.locator(f"#{place} > .answering-line")
        expect(line).to_contain_text(re.compile(r"… \d+ s"))  # soon it says since when
        assert held.asked == 1, pressed
        assert page.locator("[aria-busy=true]").count() == 1, pressed
        held.let_go()
        expect(page.locator("[data-answering]")).to_have_count(0)
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        if place == "head":
            page.click("[data-language=en]")
            expect(page.locator("#fuse")).to_have_text("Fuse")
        elif pressed.startswith(("#task", "#examples", "#source")):
            give_pair(page, pair_files)
            fuse(page)
    assert tab.faults == []


def test_fuse_and_the_keyboard_are_answered_at_once(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files)
    held = Held(page)
    assert answered_at_once(page, "#fuse") == ["progress"]
    expect(page.locator("#fuse")).to_have_attribute("aria-busy", "true")
    held.let_go()
    expect(page.locator("#progress .progress[data-state=done]")).to_be_visible()
    expect(page.locator("#fuse[aria-busy=true]")).to_have_count(0)
    page.fill("#text-a textarea", "very slow")
    page.click("#fuse")
    expect(page.locator("#cancel")).to_be_visible()
    held = Held(page)
    assert answered_at_once(page, "#cancel") == ["progress"]
    held.let_go()
    expect(page.locator("#progress")).to_contain_text("Cancelled")
    held = Held(page)
    page.press("#text-b textarea", "Control+Enter")
    expect(page.locator("#progress > .answering-line")).to_be_visible()
    held.let_go()
    expect(page.locator("#progress .progress[data-state=running]")).to_be_visible()
    page.click("#cancel")


def test_uploads_are_answered_while_the_server_is_silent(tab, stand_in_page, pair_files, tmp_path):
    with zipfile.ZipFile(tmp_path / "pairs.zip", "w") as archive:
        for side, file in zip("ab", pair_files, strict=True):
            archive.write(file, f"{side}/one.png")
    page = open_page(tab, stand_in_page)
    for panel, place, file in (
        ("", "source-a", pair_files[0]), ("", "reopened", pair_files[0]),
        ("Batch", "batch", tmp_path / "pairs.zip"),
    ):  # fmt: skip
        if panel:
            open_tab(page, panel)
        silent = Held(page, "**/upload*")
        page.set_input_files(f"#{place} input[type=file] >> nth=0", file)
        expect(page.locator(f"#{place} > .answering-line")).to_be_visible()
        assert silent.asked == 1  # not even the file has arrived
        silent.let_go()
        expect(page.locator("[data-answering]")).to_have_count(0)


def test_an_answer_that_never_comes_leaves_nothing_busy(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    page.route("**/gradio_api/queue/join*", lambda route: route.abort())
    page.click("#swap")
    expect(page.locator("[data-answering]")).to_have_count(0)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
