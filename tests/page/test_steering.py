"""Instructions on the page: the network by name, phrases, words' maps, and what is kept."""

import re
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from demo.attention import words_of
from film_core.text.encoding import Token
from tests.page.tabs import open_tab


def test_words_of_an_instruction_to_film_are_words_like_the_others():
    """Found by calling: film with an instruction was a fault of the worker."""
    tokens = [Token("warm", 0, 4), Token("bright", 0, 6), Token("##er", 6, 8)]
    result = SimpleNamespace(
        text_a="warm", text_b="", instruction="brighter",
        tokens=tokens, token_sources=("a", "instruction", "instruction"),
    )  # fmt: skip
    assert words_of(result) == [
        {"text": "warm", "slot": "a", "tokens": [0]},
        {"text": "brighter", "slot": "instruction", "tokens": [1, 2]},
    ]


@pytest.fixture
def steering(tab, stand_in_page):
    page, server = tab.page, stand_in_page
    page.goto(server.address)
    page.get_by_label("film-steer, follows instructions").check()
    expect(page.locator("#instruction textarea")).to_be_visible()
    return page


def fuse(page):
    page.click("#fuse")
    expect(page.locator("#progress .progress[data-state=done]")).to_be_visible(timeout=60_000)


def test_the_published_network_is_chosen_first_and_takes_no_instruction(tab, stand_in_page):
    page, server = tab.page, stand_in_page
    page.goto(server.address)
    expect(page.get_by_label("film, as published")).to_be_checked()
    expect(page.locator("#instruction")).to_be_hidden()
    expect(page.locator("#network-about")).to_contain_text("reproducing")


def test_a_phrase_becomes_an_instruction_and_its_words_can_be_seen(steering):
    page = steering
    chip = page.locator("#network-about [data-choose='say:1']")
    phrase = chip.inner_text()
    chip.click()
    field = page.locator("#instruction textarea")
    expect(field).to_have_value(phrase)
    fuse(page)
    expect(page.locator("#facts")).to_contain_text("film-steer-ivf")
    open_tab(page, "Words and places")
    panel = page.locator("#attention")
    first = phrase.split()[0]
    expect(panel.locator(".word[aria-pressed='true']")).to_have_text(first)  # asks for most
    expect(panel.locator("figcaption")).to_contain_text(f"“{first}” asks for: brightness +0.80")
    panel.locator(".word", has_text="half").click()
    expect(panel.locator("figcaption")).to_contain_text("“half” asks for nothing by itself")
    panel.get_by_role("button", name="What they changed").click()
    expect(panel.locator("figcaption")).to_contain_text(re.compile(r"by 6\.0 grey levels on aver"))


def test_an_edit_of_the_instruction_alone_is_measured(steering):
    page = steering
    fuse(page)
    page.locator("#instruction textarea").fill("Brighten the left half.")
    fuse(page)
    expect(page.locator("#facts .moved")).to_contain_text(re.compile(r"\d"))
    open_tab(page, "History")
    cards = page.locator("#history .card")
    expect(cards).to_have_count(2)
    cards.nth(1).get_by_role("button", name="Restore").click()
    expect(page.locator("#instruction textarea")).to_have_value("")
    cards.nth(0).get_by_role("button", name="Restore").click()
    expect(page.locator("#instruction textarea")).to_have_value("Brighten the left half.")


def test_the_command_and_the_picture_carry_the_instruction(steering):
    page = steering
    page.locator("#instruction textarea").fill("Darken the sky.")
    fuse(page)
    page.locator("#facts summary").click()
    expect(page.locator("#again-command")).to_contain_text("'--instruction=Darken the sky.'")
    link = page.locator("#again-link").get_attribute("data-fragment")
    assert "instruction=Darken+the+sky." in link


def test_the_guide_is_served_from_here(steering, stand_in_page):
    server = stand_in_page
    address = steering.locator("#network-about a").get_attribute("href")
    answer = steering.request.get(f"{server.address}/{address}")
    assert answer.ok and "How words act" in answer.text()
