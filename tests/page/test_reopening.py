"""Making a result again, from its file, its link or its command; and what the page suggests."""

import argparse
import re
import shlex
from dataclasses import replace

import pytest
from PIL import Image
from playwright.sync_api import expect

from demo.actions.opening import first_visit
from demo.actions.reopening import restore
from demo.desk import Desk
from demo.reproducing import as_command
from demo.settings import Settings
from tests.page.test_browser import fuse, give_pair, open_page, upload

pytestmark = pytest.mark.browser
TEXT = "It's a “warm” engine & <b>more</b> of $HOME,\nin two lines."


def fuse_and_save(page, files, folder):
    give_pair(page, files)
    page.fill("#text-a textarea", TEXT)
    page.click("#task label:has(input[value=mef])")
    expect(page.locator("#text-b textarea")).to_have_value(re.compile("under-exposed"))
    page.fill("#text-b textarea", "")
    fuse(page)
    with page.expect_download() as waiting:
        page.click(".download")
    waiting.value.save_as(folder / "saved.png")
    return folder / "saved.png"


def test_a_saved_result_brings_everything_back_but_its_images(
    tab, chromium, stand_in_page, pair_files, tmp_path
):
    page = open_page(tab, stand_in_page)
    saved = fuse_and_save(page, pair_files, tmp_path)
    page.click(".again summary")
    link = page.inner_text("#again-link")
    command = shlex.split(page.inner_text("#again-command"))
    again = page.locator("#reopened")

    page.evaluate("sessionStorage.clear()")  # otherwise a reload keeps the visit
    page.reload()
    expect(page.locator(".stage")).to_be_visible()
    page.set_input_files("#reopened input[type=file]", saved)
    expect(again).to_contain_text("“saved.png” is open")
    expect(again.locator("[data-state=missing]")).to_have_count(2)
    expect(again).to_contain_text("Over-exposed: choose the image that it was made of")
    expect(again).to_contain_text("made with the weights stand-in; this page uses film-mef")
    expect(page.locator("#task input[value=mef]")).to_be_checked()
    assert page.input_value("#text-a textarea") == TEXT
    expect(page.locator("#author-a")).to_contain_text("From the saved result")
    upload(page, "a", pair_files[1])
    expect(again.locator("[data-state=swapped]")).to_have_count(1)
    upload(page, "a", pair_files[0])
    upload(page, "b", pair_files[1])
    expect(again).to_contain_text("Both images are here")
    assert page.input_value("#text-a textarea") == TEXT
    assert page.input_value("#text-b textarea") == ""
    fuse(page)

    other = chromium.new_context(locale="zh-CN").new_page()
    other.goto(link)
    expect(other.locator("#reopened")).to_contain_text("已打开链接")
    assert other.input_value("#text-a textarea") == TEXT
    expect(other.locator("#task input[value=mef]")).to_be_checked()
    other.context.close()

    from film_core.commands.fuse import add_arguments

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert command[:4] == ["python", "-m", "film_core", "fuse"]
    args = parser.parse_args(command[4:])
    assert (str(args.image_a), str(args.image_b)) == tuple(file.name for file in pair_files)
    assert (args.task, args.weights, args.text_a, args.text_b) == ("mef", "stand-in", TEXT, "")
    assert tab.faults == []


def test_a_link_to_an_example_brings_its_images_too(tab, stand_in_page):
    page = open_page(tab, stand_in_page)
    page.locator(".examples .thumb").nth(1).click()
    expect(page.locator(".examples .thumb").nth(1)).to_have_attribute("aria-pressed", "true")
    link = page.text_content("#again-link")
    text = page.input_value("#text-a textarea")
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator(".examples .thumb").nth(1)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#text-a textarea")).to_have_value(text)
    page.goto("about:blank")
    page.goto(link.replace("text_a=", "text_a=Another+"))
    expect(page.locator("#reopened")).to_contain_text("Both images are here")
    assert page.input_value("#text-a textarea").startswith("Another ")


def test_what_was_typed_after_a_link_was_opened_is_newer_than_the_link(tab, stand_in_page):
    """Found by restarting the server: the link's texts overwrote what the tab brought."""
    page = open_page(tab, stand_in_page)
    link = page.text_content("#again-link").replace("text_a=", "text_a=Another+")
    page.evaluate("sessionStorage.clear()")
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator("#text-a textarea")).to_have_value(re.compile("^Another "))
    page.fill("#text-a textarea", TEXT)
    page.evaluate(f"sessionStorage.setItem('film-studio-visit', '{'ab' * 16}')")  # nobody's here
    page.reload()
    expect(page.locator("#progress")).to_contain_text("no longer on this server")
    expect(page.locator("#author-a")).to_contain_text("Edited by you")
    assert page.input_value("#text-a textarea") == TEXT
    expect(page.locator("#source-a .drop")).to_have_attribute("data-state", "filled")
    page.evaluate("link => location.hash = new URL(link).hash", link.replace("Another+", "Third+"))
    expect(page.locator("#text-a textarea")).to_have_value(re.compile("^Third "))


def test_an_example_s_images_under_other_words_are_not_the_example():
    """Found by reading: a result of film-steer on an example came back as the example's own."""
    visit, _ = first_visit()
    own, desk = visit.result.origin, Desk(Settings())
    told = replace(own, weights="film-steer-ivf", instruction="Make the left half brighter.")
    for origin, network in ((told, "steer"), (replace(own, weights="film-mif"), "film")):
        restore(visit, desk, origin, "")
        assert visit.reopened.origin == origin and visit.result is None
        assert visit.network == network
    restore(visit, desk, own, "")
    assert visit.reopened is None and visit.result.number == 0 and visit.network == "film"


def test_the_command_of_an_example_that_was_swapped_swaps_its_files():
    """Found by pasting it: it named them in their first order."""
    visit, _ = first_visit()
    files = [f"examples/{visit.example}/{slot}.png" for slot in "ab"]
    assert shlex.split(as_command(visit.result))[4:6] == files
    a, b = visit.result.sources["a"], visit.result.sources["b"]
    swapped = replace(visit.result, sources={"a": b, "b": a})
    assert shlex.split(as_command(swapped))[4:6] == files[::-1]


@pytest.mark.parametrize(
    ("fragment", "said"),
    [
        ("task=rm", "their task is missing or wrong"),
        ("task=ivf&weights=../../etc/passwd", "their weights is missing or wrong"),
        ("task=ivf&" + "&".join(f"x{n}=1" for n in range(40)), "longer than any of ours"),
    ],
)
def test_a_bad_link_is_answered_and_the_page_is_as_ever(tab, stand_in_page, fragment, said):
    tab.page.goto(f"{stand_in_page.address}/#{fragment}")
    expect(tab.page.locator("#reopened .alert")).to_contain_text(said)
    expect(tab.page.locator("#source-a .drop")).to_have_attribute("data-state", "filled")


def test_what_is_no_saved_result_is_answered_and_clears_nothing(
    tab, stand_in_page, pair_files, tmp_path
):
    page = open_page(tab, stand_in_page)
    kept = page.input_value("#text-a textarea")
    Image.new("L", (40, 40)).save(tmp_path / "photo.jpg")
    for file, said in (
        (pair_files[0], "carries no parameters"),
        (tmp_path / "photo.jpg", "is a JPEG file; only PNG files"),
    ):
        page.set_input_files("#reopened input[type=file]", file)
        expect(page.locator("#reopened .alert")).to_contain_text(said)
    assert page.input_value("#text-a textarea") == kept


def test_a_suggestion_is_taken_or_overruled(tab, stand_in_page, pair_files):
    page = open_page(tab, stand_in_page)
    give_pair(page, pair_files[::-1])
    suggestion = page.locator("#suggestion .suggest")
    expect(suggestion).to_contain_text("A and B look swapped. One image is grey")
    page.click("#suggestion [data-choose=keep]")
    expect(suggestion).to_have_count(0)
    expect(page.locator("#source-a .drop-name")).to_have_text(pair_files[1].name)
    page.click("#task label:has(input[value=mff])")
    upload(page, "b", pair_files[0])
    expect(suggestion).to_contain_text("This looks like “Infrared + visible”")
    page.click("#suggestion [data-choose=use]")
    expect(page.locator("#source-a .drop-name")).to_have_text(pair_files[0].name)
    expect(page.locator("#task input[value=ivf]")).to_be_checked()
    expect(suggestion).to_have_count(0)
    expect(page.locator("#text-a textarea")).to_have_value(re.compile("an infrared image"))
