"""The prompt study in a real Chromium: rows as they come, the answer, stopping, files."""

import csv
import json
import re

import pytest
from playwright.sync_api import expect

from demo.actions.studying import _change
from demo.desk import Desk
from demo.language import load_language
from demo.panels.study import _yours
from demo.settings import Settings
from demo.state import Visit
from tests.page.conftest import start_page, stop
from tests.page.tabs import open_tab
from tests.page.test_browser import give_pair, open_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def study_page(repository, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    server = start_page(repository, folder, "tests.page.study_stand_in")
    yield server
    stop(server)


def open_study(tab, server, files, text_a="A warm engine.", text_b="A red wall."):
    page = open_page(tab, server)
    give_pair(page, files)
    page.fill("#text-a textarea", text_a)
    page.fill("#text-b textarea", text_b)
    open_tab(page, "Prompt study")
    return page


def start(page):
    page.click("#study [data-choose=start]")
    expect(page.locator(".study-answer")).to_be_visible(timeout=60_000)
    expect(page.locator(".study-answer")).not_to_contain_text("So far", timeout=60_000)
    expect(page.locator("#study [data-choose=start]")).to_be_visible()


def test_a_study_answers_with_its_number_and_shows_what_it_rests_on(tab, study_page, pair_files):
    page = open_study(tab, study_page, pair_files)
    page.select_option("#study select", "b")
    page.fill("#study input", "A <i>blue</i> wall & more.")
    page.keyboard.press("Enter")
    expect(page.locator(".study-yours li")).to_have_count(1)
    expect(page.locator(".study-yours li")).to_contain_text("A <i>blue</i> wall & more.")
    start(page)
    answer = page.locator(".study-answer")
    expect(answer).to_have_attribute("data-level", "something")
    # No text is 25 characters shorter: a ramp up to 25 / 2550 of white, 1.25 levels on average.
    expect(answer).to_contain_text("“No text” moved the picture most, by 1.25 of 255 grey levels")
    names = page.locator(".study-card b")
    expect(names).to_have_text(
        ["Your two descriptions", "A <i>blue</i> wall & more.", "No text", "Shuffled words 1",
         "Another picture's text", "Random numbers 1"]
    )  # fmt: skip
    pictures = page.locator(".study-card img")
    for index in range(pictures.count()):
        pictures.nth(index).scroll_into_view_if_needed()
    page.wait_for_function(
        "[...document.querySelectorAll('.study-card img')].every((i) => i.naturalWidth === 128)"
    )
    words = page.locator(".study-words li")
    expect(words).to_have_count(6)
    assert words.first.text_content().startswith("Aengine")  # the longest word moves most
    page.click("#study summary")
    expect(page.locator("#study tbody tr")).to_have_count(6)
    assert tab.faults == []


def test_files_of_a_study_can_be_taken_away(tab, study_page, pair_files):
    page = open_study(tab, study_page, pair_files)
    start(page)
    taken = {}
    for name in ("study-ivf.csv", "study-ivf.json", "study-ivf-differences.png"):
        with page.expect_download() as waiting:
            page.get_by_role("link", name=name).click()
        taken[name] = waiting.value.path()
    with open(taken["study-ivf.csv"], encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(taken["study-ivf.json"], encoding="utf-8") as file:
        told = json.load(file)
    assert len(rows) == len(told["rows"]) == 11
    assert [row["kind"] for row in rows][:5] == ["base", "empty", "shuffled", "other", "random"]
    assert float(rows[1]["mean_change"]) == pytest.approx(1.25, abs=0.01)
    assert told["complete"] is True
    with open(taken["study-ivf-differences.png"], "rb") as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"


def test_a_stopped_study_keeps_its_rows_and_carries_on(tab, study_page, pair_files):
    page = open_study(tab, study_page, pair_files, "slow warm engine", "wall")
    page.click("#study [data-choose=start]")
    expect(page.locator(".study-card").nth(1)).to_be_visible()
    page.click("#study [data-choose=stop]")
    expect(page.locator("#study")).to_contain_text("rows are done and kept")
    kept = page.locator(".study-card img").first.get_attribute("src")
    assert page.input_value("#text-a textarea") == "slow warm engine"
    page.get_by_role("button", name="Carry on").click()
    expect(page.locator(".study-words li")).to_have_count(4)
    assert page.locator(".study-card img").first.get_attribute("src") == kept


def test_instructions_can_be_compared_at_a_press(tab, study_page, pair_files):
    page = open_study(tab, study_page, pair_files)
    chips = page.locator("#study .chips button")
    before, phrase = chips.count(), chips.first.inner_text()
    chips.first.click()
    expect(page.locator(".study-yours li")).to_contain_text(phrase)
    expect(chips).to_have_count(before - 1)
    page.click("#study [data-choose=words]")
    page.click("#study [data-choose=controls]")
    start(page)
    expect(page.locator(".study-card b")).to_have_text(["Your two descriptions", phrase])
    assert tab.faults == []


def test_a_second_press_on_remove_takes_no_other_text():
    """Found by a double click: the text after it went, too."""
    visit, desk = Visit(), Desk(Settings())
    for text in ("First: one.", "Second.", "Third."):
        _change(visit, desk, "add", f"b:{text}")
    buttons = re.findall(r'data-choose="(remove:[^"]*)"', _yours(visit, load_language("en")))
    for _ in range(2):
        _change(visit, desk, *buttons[0].split(":", 1))
    assert visit.study.yours == [("b", "Second."), ("b", "Third.")]


def test_what_is_not_wanted_is_left_out(tab, study_page, pair_files):
    page = open_study(tab, study_page, pair_files)
    page.click("#study [data-choose=controls]")
    expect(page.locator("#study [data-choose=controls]")).to_have_attribute("aria-pressed", "false")
    page.click("#study [data-choose=words]")
    page.fill("#study input", "Something else.")
    page.get_by_role("button", name="Add").click()
    page.fill("#study input", "Third.")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Remove “Third.”").click()
    expect(page.locator(".study-yours li")).to_have_count(1)
    start(page)
    expect(page.locator(".study-card")).to_have_count(2)
    expect(page.locator(".study-words")).to_have_count(0)


def test_another_image_drops_the_rows_and_keeps_the_texts(tab, study_page, pair_files):
    page = open_study(tab, study_page, pair_files)
    page.fill("#study input", "Mine.")
    page.keyboard.press("Enter")
    start(page)
    page.click("#swap")
    expect(page.locator(".study-card")).to_have_count(0)
    expect(page.locator(".study-yours li")).to_have_count(1)


@pytest.mark.parametrize("tab", [{"locale": "zh-CN"}], indirect=True)
def test_the_study_speaks_chinese(tab, study_page, pair_files):
    page = open_page(tab, study_page)
    for slot, file in zip("ab", pair_files, strict=True):
        page.set_input_files(f"#source-{slot} input[type=file]", file)
        expect(page.locator(f"#source-{slot} .drop-name")).to_have_text(file.name)
    expect(page.locator("#text-b textarea")).not_to_have_value("")
    page.fill("#text-a textarea", "warm engine")
    page.fill("#text-b textarea", "wall")
    open_tab(page, "文本研究")
    start(page)
    expect(page.locator(".study-answer")).to_contain_text("文本有作用")
    expect(page.locator(".study-card b").nth(1)).to_have_text("无文本")


@pytest.mark.parametrize(
    "tab", [{"viewport": {"width": width, "height": 900}} for width in (390, 3840)], indirect=True
)
def test_the_study_stays_within_the_page(tab, study_page, pair_files):
    page = open_study(tab, study_page, pair_files)
    page.fill("#study input", "unbroken" * 60)
    page.keyboard.press("Enter")
    start(page)
    page.click("#study summary")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_network_that_is_studied_is_named_where_another_is_chosen(tab, study_page, pair_files):
    page = open_study(tab, study_page, pair_files)
    sentence = "Here the network is film as published"
    expect(page.locator(".study-ask")).not_to_contain_text(sentence)
    page.get_by_label("film-steer, follows instructions").check()
    expect(page.locator(".study-ask")).to_contain_text(sentence)
